"""Ending in order when told to end."""

import signal
import sys
import threading
import time
from _thread import interrupt_main
from types import FrameType

from bandwise.leftovers import send_nowhere

TIDYING_S = 1.0
"""How long tidying up may take; who is told again in that time has heard it already."""
AGAIN_S = 0.05
COMPILER = "llvmlite"
"""Calls back into Python, where an exception would be lost, or would leave half a function behind."""


def end_when_told() -> None:
    """Make Ctrl-C, SIGTERM and a terminal that goes away end the process as an exception: temporary files go.

    Who is told while code is compiled ends a moment later.
    """
    told_s = -TIDYING_S

    def end(number: int, frame: FrameType | None) -> None:
        nonlocal told_s
        if compiles(frame):
            tell_again(number)
            return
        before, told_s = told_s, time.monotonic()
        if number != signal.SIGTERM and sys.stderr:  # the terminal is gone, and nothing can be told any more
            send_nowhere(sys.stderr)
        if told_s - before >= TIDYING_S:
            sys.exit(128 + number)

    signal.signal(signal.SIGTERM, end)
    hangup = getattr(signal, "SIGHUP", None)
    if hangup and signal.getsignal(hangup) != signal.SIG_IGN:  # as nohup has it
        signal.signal(hangup, end)
    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:
    """What Ctrl-C does."""
    if compiles(frame):
        tell_again(number)
        return
    raise KeyboardInterrupt


def compiles(frame: FrameType | None) -> bool:
    """Whether the compiler is among those that wait for this frame."""
    while frame:
        if frame.f_globals.get("__name__", "").partition(".")[0] == COMPILER:
            return True
        frame = frame.f_back
    return False


def tell_again(number: int) -> None:
    """Send a signal to the main thread a little later, so that it wakes where it waits for something."""
    later = threading.Timer(AGAIN_S, _tell_main, (number,))
    later.daemon = True
    later.start()


def _tell_main(number: int) -> None:
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        interrupt_main(signal.Signals(number))
