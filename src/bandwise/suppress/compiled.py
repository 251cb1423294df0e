"""Networks with int8 weights of our own graph, computed by our own compiled arithmetic."""

from typing import TYPE_CHECKING

from bandwise.suppress.onnx_file import read_model
from bandwise.suppress.packing import Named, fresh_states, is_known, packed, state_sizes
from bandwise.suppress.step import States, Weights, room_for, think
from bandwise.suppress.stft import Array

if TYPE_CHECKING:
    from collections.abc import Mapping


class CompiledModel:
    """The weights of one file."""

    def __init__(self, found: Named, facts: dict[str, str]) -> None:
        self._weights, self.facts = packed(found), facts
        self._state_sizes = state_sizes(found)

    @property
    def weight_bytes(self) -> int:
        """What a frame reads."""
        return sum(part.nbytes for part in self._weights)

    @property
    def multiply_adds(self) -> int:
        """What a frame computes, in products."""
        return self._weights.tiles.size + self._weights.dense.size

    def start(self, channels: int, most_frames: int) -> "CompiledRuntime":
        """Fresh states for some channels, and room for so many frames of each at once."""
        room = room_for(self._weights, channels * most_frames)
        return CompiledRuntime(self._weights, fresh_states(self._state_sizes, channels), room)


class CompiledRuntime:
    """All channels at once: each has scales of its own, so none hears another."""

    def __init__(self, weights: Weights, states: States, room: Array) -> None:
        self._weights, self._states, self._room = weights, states, room

    def answer(self, features: Array, count: int, gains: Array, strengths: Array) -> None:
        """`count` frames of every channel: [channels, any, 70] -> [channels, any, 34] twice."""
        think(self._weights, self._states, self._room, features, count, gains, strengths)

    def reset(self) -> None:
        """Forget all frames."""
        for state in self._states:
            state[:] = 0

    def set_states(self, values: "Mapping[str, Array]") -> None:
        """Overwrite states of every channel by name."""
        for name, value in values.items():
            getattr(self._states, name)[:] = value


def compiled_model(content: bytes) -> CompiledModel | None:
    """The model in an ONNX file, or None if the file holds anything but our graph in int8."""
    try:
        weights, facts = read_model(content)
    except ValueError:
        return None
    return CompiledModel(weights, facts) if is_known(weights) else None
