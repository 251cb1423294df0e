"""Networks of other projects as ONNX files that the user has: opened for one thread."""

from pathlib import Path
from typing import Any

from bandwise.onnx_session import open_session
from bandwise.peers.peer import Absent


def session(path: Path, hint: str) -> Any:
    """An onnxruntime session on one core that never spins.

    Raises:
        Absent: there is no such file; says `hint`.
    """
    if not path.is_file():
        raise Absent(hint)
    return open_session(str(path))
