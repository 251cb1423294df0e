"""The comb filter: a voice repeats itself every period and noise does not, so a mean over periods keeps it.

p(n) = sum_k w_k y(n - k T), k from -M to M, w a Hann window without its zero ends (PercepNet, section 4).
Taps with k < 0 need samples that are still to come. The look-ahead holds some of them; those beyond it are
left out, and the rest of the window is scaled to sum to one again.
"""

import numpy as np

from bandwise.kernels import kernel
from bandwise.suppress.pitch import MAX_PERIOD
from bandwise.suppress.stft import LOOKAHEAD_SAMPLES, WINDOW_SAMPLES, Array

PERIODS = 5
PAST_SAMPLES = PERIODS * MAX_PERIOD

TAPS = ((1 + np.cos(np.pi * np.arange(-PERIODS, PERIODS + 1) / (PERIODS + 1))) / (2 * PERIODS + 2)).astype(
    np.float32
)


@kernel
def future_taps(period: int) -> int:
    """How many periods of the future the look-ahead holds, at most PERIODS."""
    return min(PERIODS, LOOKAHEAD_SAMPLES // period)


@kernel
def noise_left(period: int) -> float:
    """Share of the noise power between harmonics that the comb filter lets through: the sum of w_k^2."""
    total, squares = 0.0, 0.0
    for k in range(-future_taps(period), PERIODS + 1):
        total += TAPS[PERIODS + k]
        squares += TAPS[PERIODS + k] ** 2
    return squares / (total * total)


@kernel
def comb(history: Array, start: int, period: int, out: Array) -> None:
    """Comb-filter the frame history[start : start + 960] into `out` (960,).

    `history` holds PAST_SAMPLES before the frame and LOOKAHEAD_SAMPLES after it.
    """
    future = future_taps(period)
    total = np.float32(0.0)
    out[:] = 0.0
    for k in range(-future, PERIODS + 1):
        tap = TAPS[PERIODS + k]
        total += tap
        shifted = history[start - k * period : start - k * period + WINDOW_SAMPLES]
        for n in range(WINDOW_SAMPLES):
            out[n] += tap * shifted[n]
    for n in range(WINDOW_SAMPLES):
        out[n] /= total
