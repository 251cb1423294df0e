"""How late the sound comes out, found in the sound itself."""

import numpy as np
from numpy.typing import NDArray

from bandwise.bench.systems import System
from bandwise.bench.timing import blocks_of

SECONDS = 6.0


def lag_ms(system: System) -> float | None:
    """How much the output lags the input when blocks come whole; None for whole recordings.

    The wait until a block is full, which is up to its length, comes on top.
    """
    if system.start is None:
        return None
    process, blocks = system.start(), blocks_of(system, SECONDS)
    out = np.concatenate([process(block).copy() for block in blocks])
    return 1000.0 * lag_of(out, blocks.reshape(-1)) / system.sample_rate


def lag_of(late: NDArray[np.float32], x: NDArray[np.float32]) -> int:
    """The shift in samples at which two signals agree most (cross-correlation)."""
    size = len(x) + len(late)
    correlation = np.fft.irfft(np.fft.rfft(late, size) * np.conj(np.fft.rfft(x, size)), size)
    return int(np.argmax(correlation[: len(x)]))
