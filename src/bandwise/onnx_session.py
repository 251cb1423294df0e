"""The one way in which ONNX Runtime is opened here."""

from typing import Any


def open_session(model: bytes | str) -> Any:
    """A session from an ONNX file's bytes or path; raises whatever the runtime raises.

    One thread that never spins: a frame is too short to share, and idle threads must not burn a core.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
