"""What a full disk or a closed pipe did not take, and Python would complain about once more at the end."""

import os
from typing import IO, Any


def send_nowhere(stream: IO[Any]) -> None:
    """Let what still waits to be written to a stream go, and all that follows."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
