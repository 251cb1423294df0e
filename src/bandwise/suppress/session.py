"""Networks that ONNX Runtime computes: those in float32, and graphs that are not ours."""

from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.errors import BandwiseError
from bandwise.onnx_session import open_session
from bandwise.suppress.estimates import Estimates, Inputs, room_for_estimates
from bandwise.suppress.stft import Array

if TYPE_CHECKING:
    from collections.abc import Mapping


class SessionModel:
    """The weights of one file."""

    def __init__(self, content: bytes, source: str) -> None:
        self._session = _open(content, source)
        self.facts: dict[str, str] = self._session.get_modelmeta().custom_metadata_map
        self._source = source

    @property
    def filters(self) -> bool:
        """Whether there is a deep filter behind the bands."""
        return any(i.name == "sound" for i in self._session.get_inputs())

    def start(self, channels: int, most_frames: int) -> "SessionRuntime":  # noqa: ARG002  goes one by one
        """Fresh states for some channels."""
        try:
            SessionLane(self._session).step(*room_for_estimates(1, 1, filters=self.filters), 0, 0)
        except Exception as error:  # the runtime raises many kinds, none of them ours
            raise BandwiseError(
                f"got {self._source}, whose inputs or outputs are others than those of a network of bandwise "
                "export; export it again"
            ) from error
        return SessionRuntime([SessionLane(self._session) for _ in range(channels)])


class SessionRuntime:
    """Channels one by one: dynamic quantisation has one scale per tensor, so side by side they would mix."""

    def __init__(self, lanes: "list[SessionLane]") -> None:
        self._lanes = lanes

    def estimate(self, inputs: Inputs, count: int, estimates: Estimates) -> None:
        """`count` frames of every channel."""
        for channel, lane in enumerate(self._lanes):
            for frame in range(count):
                lane.step(inputs, estimates, channel, frame)

    @property
    def states(self) -> list[Array]:
        """What is remembered of the frames so far."""
        return [state for lane in self._lanes for state in lane.states]

    def set_states(self, values: "Mapping[str, Array]") -> None:
        """Overwrite states of every channel by name."""
        for lane in self._lanes:
            lane.set_states(values)


class SessionLane:
    """One channel, frame by frame."""

    def __init__(self, session: Any) -> None:
        self._session = session
        shapes = {i.name: i.shape for i in session.get_inputs()}
        self._inputs, self._estimates = room_for_estimates(1, 1, filters="sound" in shapes)
        # Two sets of states, read and written in turn: a frame costs no copy and no allocation.
        self._states = [
            {
                name.removeprefix("state_"): np.zeros(shape, np.float32)
                for name, shape in shapes.items()
                if name.startswith("state_")
            }
            for _ in range(2)
        ]
        self._bindings = [self._bind(now, 1 - now) for now in range(2)]
        self._now = 0

    def _bind(self, before: int, after: int) -> Any:
        inputs = {**_present(self._inputs), **_prefixed("state_", self._states[before])}
        outputs = {**_present(self._estimates), **_prefixed("next_", self._states[after])}
        binding = self._session.io_binding()
        for bind, values in ((binding.bind_input, inputs), (binding.bind_output, outputs)):
            for name, value in values.items():
                bind(name, "cpu", 0, np.float32, value.shape, value.ctypes.data)
        return binding

    def step(self, inputs: Inputs, estimates: Estimates, channel: int, frame: int) -> None:
        """One frame of one channel of these tables."""
        for own, table in zip(self._inputs, inputs, strict=True):
            own[0, :1] = table[channel, frame : frame + 1]
        self._session.run_with_iobinding(self._bindings[self._now])
        self._now = 1 - self._now
        for own, table in zip(self._estimates, estimates, strict=True):
            table[channel, frame : frame + 1] = own[0, :1]

    @property
    def states(self) -> list[Array]:
        """What is remembered of the frames so far."""
        return list(self._states[self._now].values())

    def set_states(self, values: "Mapping[str, Array]") -> None:
        """Overwrite states by name, each a flat float32 array."""
        for name, value in values.items():
            state = self._states[self._now][name]
            state[:] = value.reshape(state.shape)


def _present(tables: Inputs | Estimates) -> dict[str, Array]:
    """Those that this network has, one frame of one channel each, [1, values] or [25, values]."""
    return {
        name: table[0, 0] if table.ndim == 4 else table[0]
        for name, table in tables._asdict().items()
        if table.size
    }


def _prefixed(prefix: str, values: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in values.items()}


def _open(content: bytes, source: str) -> Any:
    try:
        return open_session(content)
    except Exception as error:  # the runtime raises many kinds, none of them ours
        raise BandwiseError(
            f"got {source}, which is no ONNX network; one made by bandwise export is needed; export it again"
        ) from error
