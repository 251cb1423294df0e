"""The door: whatever audio a caller brings becomes planar float32 inside, and leaves as it came."""

import sys
import warnings
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError

Planar = NDArray[np.float32]
"""Audio inside: (channels, frames) float32 in [-1, 1]."""

LOWEST_HZ, HIGHEST_HZ = 8_000, 192_000
MOST_CHANNELS = 1_024
LOUDEST = np.float32(1e15)
"""300 dB above full scale: what lies beyond comes of damage, and sums of its squares may leave float32."""
NONFINITE = "got NaN, Inf or far too loud samples; each is treated as silence; check the source"

FULL_SCALE = {"float32": 1.0, "float64": 1.0, "int16": 2.0**15, "int32": 2.0**31}
"""The value that stands for 1.0 in each sample type a caller may bring."""


@dataclass(frozen=True)
class Form:
    """How the caller's audio looks: sample type, and whether mono came as (frames,) or (frames, 1)."""

    dtype: str = "float32"
    flat: bool = True


def is_number(value: object) -> bool:
    """Whether it is a real number, of NumPy's and arrays without axes included."""
    return isinstance(value, Real) or (
        isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind in "iuf"
    )


def is_whole(value: Any, low: int, high: int) -> bool:
    """Whether it is a whole number from `low` to `high`."""
    return is_number(value) and low <= value <= high and bool(value == int(value))


def check_switch(name: str, value: Any) -> bool:
    """Return whether something is on: True, False, or a number that equals one of them."""
    if not (isinstance(value, bool | np.bool_) or is_whole(value, 0, 1)):
        raise BandwiseError(f"got {name} {shown(value)}; allowed are True and False; pass one of them")
    return bool(value)


def shown(value: object) -> str:
    """How a value stands in an error: a number as such, anything else so that its kind can be told."""
    return str(value) if is_number(value) else repr(value)


def check_sample_rate(sample_rate: Any) -> int:
    """Return a whole sample rate between 8 and 192 kHz, else raise `BandwiseError`."""
    if not is_whole(sample_rate, LOWEST_HZ, HIGHEST_HZ):
        raise BandwiseError(
            f"got a sample rate of {shown(sample_rate)} Hz; whole rates from {LOWEST_HZ} to {HIGHEST_HZ} Hz "
            "are allowed; resample the audio first"
        )
    return int(sample_rate)


def check_channels(channels: Any) -> int:
    """Return the channel count if it is a whole number from 1 to 1,024, else raise `BandwiseError`."""
    if not is_whole(channels, 1, MOST_CHANNELS):
        raise BandwiseError(
            f"got {shown(channels)} channels; 1 to {MOST_CHANNELS} are allowed; give the number of columns "
            "of the audio, which is (frames, channels)"
        )
    return int(channels)


def form_of(block: NDArray[np.generic], channels: int) -> Form:
    """Read how a block looks and check it: (frames,) or (frames, channels), one of four sample types.

    Raises:
        BandwiseError: for another layout or sample type; the layout is never guessed.
    """
    if block.dtype.name not in FULL_SCALE:
        allowed = ", ".join(FULL_SCALE)
        raise BandwiseError(f"got {block.dtype.name} samples; allowed are {allowed}; convert with .astype()")
    if block.ndim == 1 and channels == 1:
        return Form(block.dtype.name, flat=True)
    if block.ndim == 2 and block.shape[1] == channels:
        return Form(block.dtype.name, flat=False)
    wanted = "(frames,) or (frames, 1)" if channels == 1 else f"(frames, {channels})"
    raise BandwiseError(
        f"got audio of shape {block.shape}; {wanted} is needed; transpose it or set channels="
    )


def to_planar(block: NDArray[np.generic], form: Form) -> Planar:
    """Convert a checked block to (channels, frames) float32, full scale at 1; always a copy."""
    rows: NDArray[Any] = block[None] if form.flat else block.T
    if form.dtype == "float32":
        return np.array(rows, np.float32, order="C")
    scaled = rows / FULL_SCALE[form.dtype] if form.dtype.startswith("int") else rows
    with np.errstate(over="ignore", invalid="ignore"):  # Inf and any NaN are silenced below
        return np.array(scaled, dtype=np.float32, order="C")


def from_planar(planar: Planar, form: Form) -> NDArray[np.generic]:
    """Undo `to_planar`: integers are rounded and clipped to their range, floats are left alone.

    May share the memory of `planar`.
    """
    columns = planar[0] if form.flat else planar.T
    if not form.dtype.startswith("int"):
        return np.ascontiguousarray(columns, dtype=form.dtype)
    full_scale = FULL_SCALE[form.dtype]
    steps = np.rint(columns.astype(np.float64) * full_scale)
    return np.ascontiguousarray(np.clip(steps, -full_scale, full_scale - 1.0).astype(form.dtype))


def convert(block: NDArray[Any], dtype: str) -> NDArray[Any]:
    """Give (frames, channels) another sample type, full scale to full scale."""
    if block.dtype.name == dtype:
        return block
    planar = to_planar(block, Form(block.dtype.name, flat=False))
    return from_planar(planar, Form(dtype, flat=False))


def silence_nonfinite(planar: NDArray[np.floating]) -> int:
    """Set NaN, Inf and what is louder than LOUDEST to zero in place; return how many there were."""
    fine = np.abs(planar) <= LOUDEST
    if fine.all():
        return 0
    planar[~fine] = 0.0
    return int(fine.size - np.count_nonzero(fine))


def warn_of_nonfinite() -> None:
    """Warn of samples that were silenced, at the line outside this package that gave them."""
    level, frame = 1, sys._getframe()  # noqa: SLF001  the documented way; inspect is slow to import
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] == "bandwise":
        level, frame = level + 1, frame.f_back
    warnings.warn(NONFINITE, UserWarning, stacklevel=level)
