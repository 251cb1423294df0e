"""What a run says on standard error: a line at a time."""

import sys
import warnings
from typing import Any

from bandwise.leftovers import send_nowhere


def say(head: str, message: object) -> None:
    """One line, whatever line ends the message has; where it cannot be written, the work goes on without."""
    try:
        sys.stderr.write(f"{head}: {' '.join(str(message).split())}\n")
        sys.stderr.flush()
    except OSError:
        send_nowhere(sys.stderr)


def tell_warnings_in_one_line() -> None:
    """From now on a warning is a line, without the place in the source that gave it."""

    def tell(message: Warning | str, *_: Any, **__: Any) -> None:
        say("bandwise", message)

    warnings.showwarning = tell
