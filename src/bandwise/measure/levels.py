"""How loud speech is while someone speaks: the active speech level of ITU-T P.56 (method B)."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMOOTHING_S = 0.03
HANGOVER_S = 0.2
MARGIN_DB = 15.9
ENVELOPE_RATE_HZ = 1000  # P.56 asks for at least 694 Hz
SILENCE_DB = -120.0
THRESHOLDS_DB = np.arange(-60.0, 30.0, 3.0)  # relative to the mean square


def rms(x: NDArray[Any]) -> float:
    """Root mean square of all samples."""
    return float(np.sqrt(np.mean(np.square(x))))


def mean_square_db(x: NDArray[Any]) -> float:
    """Mean square of all samples in dB re full scale, -120 at least."""
    return 10 * float(np.log10(max(np.mean(np.square(x, dtype=np.float64)), 1e-12))) if x.size else SILENCE_DB


def active_speech(x: NDArray[Any], sample_rate: int) -> tuple[float, float]:
    """Active level in dB re full scale (mean square) and activity factor 0 to 1 of `x[n]`.

    P.56, method B: the rectified signal is smoothed twice over 30 ms; for each threshold c_j the time above
    it, with 200 ms of hangover, counts as active, and the whole energy spread over that time is the level
    A_j. The answer is where A_j stands 15.9 dB above c_j. Thresholds lie around the mean level, so that the
    answer follows any gain exactly.
    """
    level_db = mean_square_db(x)
    if level_db <= SILENCE_DB:
        return SILENCE_DB, 0.0
    envelope = _envelope(np.abs(x, dtype=np.float64), sample_rate)
    thresholds_db = level_db + THRESHOLDS_DB
    activity = np.array([_active_share(envelope > 10 ** (c / 20)) for c in thresholds_db])
    reached = activity > 0
    levels_db = level_db - 10 * np.log10(activity[reached])
    # Margins fall as thresholds rise; np.interp wants rising abscissae.
    active_db = float(np.interp(-MARGIN_DB, thresholds_db[reached] - levels_db, levels_db))
    return active_db, float(10 ** ((level_db - active_db) / 10))


def _envelope(magnitude: NDArray[Any], sample_rate: int) -> NDArray[Any]:
    """The magnitude at 1 kHz through two first-order smoothers: one convolution with t exp(-t/T) / T^2."""
    step = max(1, round(sample_rate / ENVELOPE_RATE_HZ))
    blocks = magnitude[: len(magnitude) // step * step].reshape(-1, step).mean(axis=1)
    if not blocks.size:
        return np.zeros(1)
    period_s = step / sample_rate
    g = np.exp(-period_s / SMOOTHING_S)
    taps = np.arange(1, round(8 * SMOOTHING_S / period_s) + 1)
    smoothed: NDArray[Any] = np.convolve(blocks, (1 - g) ** 2 * taps * g ** (taps - 1))[: len(blocks)]
    return smoothed


def _active_share(above: NDArray[np.bool_]) -> float:
    """Share of the envelope's samples that are above, or were within the last 200 ms."""
    index = np.arange(len(above))
    last = np.maximum.accumulate(np.where(above, index, -len(above) - 1000))
    return float(np.mean(index - last <= HANGOVER_S * ENVELOPE_RATE_HZ))
