"""Ending in order when told to end."""

import signal
import sys
import time
from types import FrameType

from bandwise.leftovers import send_nowhere

TIDYING_S = 1.0
"""How long tidying up may take; who is told again in that time has heard it already."""


def end_on_sigterm() -> None:
    """Make SIGTERM, and a terminal that goes away, end the process as an exception: temporary files go."""
    told_s = -TIDYING_S

    def end(number: int, _frame: FrameType | None) -> None:
        nonlocal told_s
        before, told_s = told_s, time.monotonic()
        if number != signal.SIGTERM and sys.stderr:  # the terminal is gone, and nothing can be told any more
            send_nowhere(sys.stderr)
        if told_s - before >= TIDYING_S:
            sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    hangup = getattr(signal, "SIGHUP", None)
    if hangup and signal.getsignal(hangup) != signal.SIG_IGN:  # as nohup has it
        signal.signal(hangup, end)
