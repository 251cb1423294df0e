"""What the network is given of some frames of some channels, and what it estimates of them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.suppress.features import SIZE
from bandwise.suppress.places import PLACES, SOUND, TAP_VALUES


class Inputs(NamedTuple):
    """What it reads; leading sizes are channels and frames everywhere."""

    features: NDArray[np.float32]
    """[channels, frames, 70]"""
    sound: NDArray[np.float32]
    """[channels, frames, 25, 120] of the low bins, or no frames for a network without a deep filter."""


class Estimates(NamedTuple):
    """What it writes."""

    gains: NDArray[np.float32]
    """[channels, frames, 34], 0 to 1."""
    strengths: NDArray[np.float32]
    """[channels, frames, 34], 0 to 1."""
    taps: NDArray[np.float32]
    """[channels, frames, 25, 48] of the deep filter, or no frames."""


def room_for_estimates(channels: int, frames: int, *, filters: bool) -> tuple[Inputs, Estimates]:
    """Inputs and outputs of so many frames, all zero."""

    def zeros(count: int, *shape: int) -> NDArray[np.float32]:
        return np.zeros((channels, count, *shape), np.float32)

    filtered = frames if filters else 0
    return (
        Inputs(zeros(frames, SIZE), zeros(filtered, PLACES, SOUND)),
        Estimates(zeros(frames, BANDS), zeros(frames, BANDS), zeros(filtered, PLACES, TAP_VALUES)),
    )
