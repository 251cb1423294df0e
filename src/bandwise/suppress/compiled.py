"""Networks with int8 weights of our own graph, computed by our own compiled arithmetic."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bandwise.suppress.estimates import Estimates, Inputs
from bandwise.suppress.onnx_file import read_model
from bandwise.suppress.packing import (
    FILTER_PLACE,
    Named,
    has_filter,
    hints_per_place,
    is_known,
    packed,
    packed_filter,
    state_sizes,
)
from bandwise.suppress.places import PLACES
from bandwise.suppress.shapes import check_weights
from bandwise.suppress.step import States, estimate_gains, room_for
from bandwise.suppress.stft import Array
from bandwise.suppress.tap_network import TapStates, estimate_taps
from bandwise.suppress.weights import Weights

if TYPE_CHECKING:
    from collections.abc import Mapping


class TapWeights(NamedTuple):
    """The deep filter's network."""

    layers: Weights
    place: Array
    """[25, units]"""


class CompiledModel:
    """The weights of one file."""

    def __init__(self, found: Named, facts: dict[str, str]) -> None:
        self._weights, self.facts = packed(found), facts
        self._filter = TapWeights(packed_filter(found), found[FILTER_PLACE]) if has_filter(found) else None
        self._state_sizes = state_sizes(found)
        self._hints = hints_per_place(found)

    @property
    def filters(self) -> bool:
        """Whether there is a deep filter behind the bands."""
        return self._filter is not None

    @property
    def weight_bytes(self) -> int:
        """What a frame reads."""
        return sum(part.nbytes for weights in self._all_weights() for part in weights)

    @property
    def multiply_adds(self) -> int:
        """What a frame computes, in products."""
        products = self._weights.tiles.size + self._weights.dense.size
        if self._filter:
            products += PLACES * self._filter.layers.tiles.size + self._filter.layers.dense.size
        return products

    def _all_weights(self) -> list[Weights]:
        return [self._weights, *([self._filter.layers] if self._filter else [])]

    def start(self, channels: int, most_frames: int) -> "CompiledRuntime":
        """Fresh states for some channels, and room for so many frames of each at once."""
        room = room_for(self._weights, channels * most_frames)
        states = States(*(np.zeros((channels, size), np.float32) for size in self._state_sizes))
        hints = np.zeros((channels, most_frames, PLACES, self._hints), np.float32)
        return CompiledRuntime(self._weights, states, room, hints, self._filter)


class CompiledRuntime:
    """All channels at once: each has scales of its own, so none changes another."""

    def __init__(
        self, weights: Weights, states: States, room: Array, hints: Array, taps: TapWeights | None
    ) -> None:
        self._weights, self._states, self._room = weights, states, room
        self._hints, self._filter = hints, taps
        shape = (len(states.gru1), *taps.place.shape) if taps else (0, 0, 0)
        self._tap_states = TapStates(*np.zeros((2, *shape), np.float32))

    def estimate(self, inputs: Inputs, count: int, estimates: Estimates) -> None:
        """`count` frames of every channel."""
        bands = estimates.gains, estimates.strengths, self._hints
        estimate_gains(self._weights, self._states, self._room, inputs.features, count, *bands)
        if self._filter:
            estimate_taps(*self._filter, self._tap_states, inputs, self._hints, count, estimates)

    @property
    def states(self) -> list[Array]:
        """What is remembered of the frames so far."""
        return [*self._states, *self._tap_states]

    def set_states(self, values: "Mapping[str, Array]") -> None:
        """Overwrite states of every channel by name."""
        own = self._states._asdict() | self._tap_states._asdict()
        for name, value in values.items():
            own[name][:] = value.reshape(own[name].shape[1:])


def compiled_model(content: bytes, source: str = "a network") -> CompiledModel | None:
    """The model in an ONNX file, or None if the file holds anything but our graph in int8.

    Raises:
        BandwiseError: it is our graph, but its weights do not fit each other.
    """
    try:
        weights, facts = read_model(content)
    except ValueError:
        return None
    if not is_known(weights):
        return None
    check_weights(weights, source)
    return CompiledModel(weights, facts)
