"""Networks that ONNX Runtime computes: those in float32, and graphs that are not ours."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.onnx_session import open_session
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.stft import Array

if TYPE_CHECKING:
    from collections.abc import Mapping


class SessionModel:
    """The weights of one file."""

    def __init__(self, content: bytes, source: str) -> None:
        self._session = _open(content, source)
        self.facts: dict[str, str] = self._session.get_modelmeta().custom_metadata_map

    def start(self, channels: int, most_frames: int) -> "SessionRuntime":  # noqa: ARG002  goes one by one
        """Fresh states for some channels."""
        return SessionRuntime([SessionLane(self._session) for _ in range(channels)])


class SessionRuntime:
    """Channels one by one: dynamic quantisation has one scale per tensor, so side by side they would mix."""

    def __init__(self, lanes: "list[SessionLane]") -> None:
        self._lanes = lanes

    def answer(self, features: Array, count: int, gains: Array, strengths: Array) -> None:
        """`count` frames of every channel: [channels, any, 70] -> [channels, any, 34] twice."""
        for channel, lane in enumerate(self._lanes):
            for frame in range(count):
                gains[channel, frame], strengths[channel, frame] = lane.step(features[channel, frame])

    def reset(self) -> None:
        """Forget all frames."""
        for lane in self._lanes:
            lane.reset()

    def set_states(self, values: "Mapping[str, Array]") -> None:
        """Overwrite states of every channel by name."""
        for lane in self._lanes:
            lane.set_states(values)


class SessionLane:
    """One channel, frame by frame."""

    def __init__(self, session: Any) -> None:
        self._session = session
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

    def step(self, features: Array) -> tuple[Array, Array]:
        """One frame: features float32 [70] -> gains, strengths float32 [34], until the next step."""
        self.features[0] = features
        self._session.run_with_iobinding(self._bindings[self._now])
        self._now = 1 - self._now
        return self.gains[0], self.strengths[0]

    def reset(self) -> None:
        """Forget all frames."""
        for state in self._states[self._now].values():
            state[:] = 0

    def set_states(self, values: "Mapping[str, Array]") -> None:
        """Overwrite states by name, each a flat float32 array."""
        for name, value in values.items():
            self._states[self._now][name][0] = value


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in values.items()}


def _open(content: bytes, source: str) -> Any:
    try:
        return open_session(content)
    except Exception as error:  # the runtime raises many kinds, none of them ours
        raise BandwiseError(
            f"got {source}, which is no ONNX network; one made by bandwise export is needed; export it again"
        ) from error
