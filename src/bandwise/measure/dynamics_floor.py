"""The least that multiband dynamics can cost: operations per sample against what the core can do.

Counted are the additions, multiplications, comparisons and magnitudes of order 4 splits in the form of two
samples at a time (`bands.paired`), and of the passes over each band and the sum. Not counted is what happens
once per 32 samples (logarithm, exponential, windows), nor loads, stores and Python.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.measure.dynamics_cost import least_seconds

ALLPASS = 13  # per sample: 3.5 for the output, 2 for each input term, 4 for each state, of 26 per pair
LOW_OUTPUT = 3.5  # the second output of a section
HIGH = 1  # all-pass minus low
BAND = 2 + 3 + 2 + 4 + 1  # peak, ramp, peak, ramp into the sum, plain sum
OUTPUT = 2 + 3 + 2 + 3 + 2  # saturate, mix, peak, ramp, cut
ROWS, FRAMES, REPEATS = 8, 32, 20_000


def operations_per_sample(bands: int, channels: int) -> float:
    """Floating-point operations for one sample of all channels."""
    splits = bands - 1
    compensation = splits * (splits - 1) / 2 * ALLPASS
    splitting = splits * (2 * ALLPASS + LOW_OUTPUT + HIGH)
    return channels * (compensation + splitting + bands * BAND + OUTPUT)


@kernel
def multiply_add(rows: NDArray[np.float64], repeats: int) -> None:
    """Rows of 32 samples in the first-level cache: row = mean of it and another, again and again."""
    for repeat in range(repeats):
        source, target = repeat % rows.shape[0], (repeat + 3) % rows.shape[0]
        for n in range(rows.shape[1]):
            rows[target, n] = 0.5 * rows[target, n] + 0.5 * rows[source, n]


def operations_per_second(runs: int = 5) -> float:
    """What one core does of the simplest work on rows of samples: the best of some runs."""
    rows = np.ones((ROWS, FRAMES))
    multiply_add(rows, 1)
    return 3.0 * FRAMES * REPEATS / least_seconds(lambda: multiply_add(rows, REPEATS), runs)


def floor_percent(bands: int, channels: int, per_second: float, sample_rate: float = 48_000.0) -> float:
    """The floor in percent of a core."""
    return 100.0 * operations_per_sample(bands, channels) * sample_rate / per_second
