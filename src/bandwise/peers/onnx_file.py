"""Networks of other projects as ONNX files that the user has: opened for one thread."""

from pathlib import Path
from typing import Any

from bandwise.peers.peer import Absent


def session(path: Path, hint: str) -> Any:
    """An onnxruntime session on one core that never spins.

    Raises:
        Absent: there is no such file; says `hint`.
    """
    if not path.is_file():
        raise Absent(hint)
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
