"""The trained network at run time: one frame in ONNX Runtime, states kept between frames.

Models that ship lie in `bandwise/models` and are known by name; `checksums.json` there has their checksums.
"""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.suppress.features import LAYOUT_VERSION as FEATURE_LAYOUT
from bandwise.suppress.features import SIZE as FEATURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MODEL_FORMAT = 1  # names and shapes of the graph's inputs and outputs

_SESSIONS: WeakValueDictionary[str, Any] = WeakValueDictionary()  # by SHA-256; channels share their weights


class Network:
    """Features of one frame to gains and strengths of its bands, with the states of one channel inside.

    `model` is the name of a network that ships or the path of an ONNX file.
    """

    def __init__(self, model: str | Path = "base") -> None:
        session = self._session = _session(*_read(model))
        self.features = np.zeros((1, FEATURES), np.float32)
        self.gains = np.zeros((1, BANDS), np.float32)
        self.strengths = np.zeros((1, BANDS), np.float32)
        sizes = {i.name: i.shape[1] for i in session.get_inputs() if i.name.startswith("state_")}
        # Two sets of states, read and written in turn: a frame costs no copy and no allocation.
        self._states = [
            {name.removeprefix("state_"): np.zeros((1, size), np.float32) for name, size in sizes.items()}
            for _ in range(2)
        ]
        self._bindings = [self._bind(now, 1 - now) for now in range(2)]
        self._now = 0

    def _bind(self, before: int, after: int) -> Any:
        inputs = {"features": self.features, **_prefixed("state_", self._states[before])}
        outputs = {
            "gains": self.gains,
            "strengths": self.strengths,
            **_prefixed("next_", self._states[after]),
        }
        binding = self._session.io_binding()
        for bind, values in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
            for name, value in values.items():
                bind(name, "cpu", 0, np.float32, value.shape, value.ctypes.data)
        return binding

    def step(self, features: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """One frame: features float32 [70] -> gains, strengths float32 [34] in [0, 1].

        Both are views of buffers that the next step overwrites.
        """
        self.features[0] = features
        self._session.run_with_iobinding(self._bindings[self._now])
        self._now = 1 - self._now
        return self.gains[0], self.strengths[0]

    def reset(self) -> None:
        """Forget all frames."""
        for state in self._states[self._now].values():
            state[:] = 0

    def set_states(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Overwrite states by name, each a flat float32 array."""
        for name, value in values.items():
            self._states[self._now][name][0] = value


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in values.items()}


def model_names() -> list[str]:
    """Names of the networks that ship."""
    return sorted(_checksums())


def _checksums() -> dict[str, str]:
    register = resources.files("bandwise.models") / "checksums.json"
    known: dict[str, str] = json.loads(register.read_text()) if register.is_file() else {}
    return known


def _read(model: str | Path) -> tuple[bytes, str]:
    """Bytes of a model by name (checksum verified) or path, and what to call it in messages."""
    known = _checksums()
    if isinstance(model, str) and model in known:
        file = resources.files("bandwise.models") / f"{model}.onnx"
        content = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(content).hexdigest() != known[model]:
            raise BandwiseError(
                f"got a damaged model {model!r}; its checksum must be the known one; install bandwise again"
            )
        return content, model
    path = Path(model)
    if not path.is_file():
        names = ", ".join(known) or "none here"
        raise BandwiseError(
            f"got model {str(model)!r}; known are {names}, and paths of ONNX files; pass one of them"
        )
    return path.read_bytes(), str(path)


def _session(content: bytes, source: str) -> Any:
    """The runtime of a model; one for all channels and callers that use the same file."""
    digest = hashlib.sha256(content).hexdigest()
    session = _SESSIONS.get(digest)
    if session is None:
        session = _SESSIONS[digest] = _open(content, source)
    return session


def _open(content: bytes, source: str) -> Any:
    """One thread that never spins: a frame is too short to share, and idle threads must not burn a core."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime raises many kinds, none of them ours
        raise BandwiseError(
            f"got {source}, which is no ONNX network; one made by bandwise export is needed; export it again"
        ) from error
    facts = session.get_modelmeta().custom_metadata_map
    found = facts.get("format"), facts.get("feature_layout")
    if found != (str(MODEL_FORMAT), str(FEATURE_LAYOUT)):
        raise BandwiseError(
            f"got {source} with format and feature layout {found}; this version runs "
            f"{(str(MODEL_FORMAT), str(FEATURE_LAYOUT))}; export the network again"
        )
    return session
