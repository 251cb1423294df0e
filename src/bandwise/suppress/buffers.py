"""Moving numbers about within memory that is there already."""

from typing import Any

from numpy.typing import NDArray

from bandwise.kernels import kernel


@kernel
def copy(x: NDArray[Any], out: NDArray[Any]) -> None:
    """Write x, one line of numbers, to the start of `out`; compiles in a tenth of the time of a slice."""
    for i in range(x.size):
        out[i] = x[i]


@kernel
def shift(x: NDArray[Any], places: int) -> None:
    """Move everything towards the start; what was there is forgotten."""
    for i in range(x.size - places):
        x[i] = x[i + places]
