"""Warnings as a run tells them: in one line each."""

import sys
import warnings
from typing import Any


def tell_warnings_in_one_line() -> None:
    """From now on a warning is a line on standard error, without the place in the source that gave it."""

    def tell(message: Warning | str, *_: Any, **__: Any) -> None:
        sys.stderr.write(f"bandwise: {' '.join(str(message).split())}\n")

    warnings.showwarning = tell
