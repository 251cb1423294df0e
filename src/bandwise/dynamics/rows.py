"""Small loops over rows of samples, (rows, frames): ramps, cuts and copies."""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Planar = NDArray[np.float32]

LARGEST = 1e12  # 240 dB over full scale: beyond, samples saturate, so that no gain can make an infinity


@kernel
def apply_ramp(source: Doubles, i: int, out: Doubles, j: int, before: float, after: float) -> None:
    """out[j] = source[i] times a line that arrives at `after` with the last sample."""
    n = source.shape[1]
    step = (after - before) / n
    for k in range(n):
        out[j, k] = source[i, k] * (before + step * (k + 1))


@kernel
def add_ramp(source: Doubles, i: int, out: Doubles, j: int, before: float, after: float) -> None:
    """out[j] += source[i] times a line that arrives at `after` with the last sample."""
    n = source.shape[1]
    step = (after - before) / n
    for k in range(n):
        out[j, k] += source[i, k] * (before + step * (k + 1))


@kernel
def clip(rows: Doubles, i: int, ceiling: float) -> None:
    """Cut row i at +-ceiling."""
    for k in range(rows.shape[1]):
        rows[i, k] = min(max(rows[i, k], -ceiling), ceiling)


@kernel
def cut(rows: Doubles, i: int, low: float, high: float, before: float, after: float) -> None:
    """Take a part of what is beyond a ceiling from row i; 1 is all of it.

    The ceiling is a line from `low` that arrives at `high` with the last sample, the part one from `before`
    to `after`.
    """
    if before == 0.0 and after == 0.0:
        return
    if low == high and before == 1.0 and after == 1.0:
        clip(rows, i, high)
        return
    n = rows.shape[1]
    for k in range(n):
        ceiling, part = low + (high - low) * (k + 1) / n, before + (after - before) * (k + 1) / n
        rows[i, k] -= part * (rows[i, k] - min(max(rows[i, k], -ceiling), ceiling))


@kernel
def take_in(x: Planar, i: int, take: int, frame: Doubles, position: int) -> None:
    """Copy `take` samples into the frame that fills; what is far beyond full scale saturates."""
    for c in range(frame.shape[0]):
        for j in range(take):
            frame[c, position + j] = min(max(x[c, i + j], -LARGEST), LARGEST)


@kernel
def give_out(frame: Doubles, position: int, take: int, out: Planar, i: int) -> None:
    """Copy `take` samples of the last frame that was done."""
    for c in range(frame.shape[0]):
        for j in range(take):
            out[c, i + j] = frame[c, position + j]


@kernel
def copy_rows(source: Doubles, out: Doubles) -> None:
    """Copy all rows of `source` to the first rows of `out`."""
    for c in range(source.shape[0]):
        for j in range(source.shape[1]):
            out[c, j] = source[c, j]


@kernel
def clear(rows: Doubles) -> None:
    """Set every sample to zero."""
    for c in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            rows[c, j] = 0.0
