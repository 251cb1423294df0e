"""The compressor of a band: level in, gain out, in the logarithmic domain, once per control frame."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.dynamics.settings import CompressorSettings
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]

# Columns of a compressor's row of parameters; all of them may ramp.
THRESHOLD, SLOPE, KNEE, EXPAND_AT, EXPAND_SLOPE, RAISE_AT, RAISE_SLOPE, MAX_REDUCTION, MAX_BOOST = range(9)
ATTACK, RELEASE, RMS, MAKEUP, AMOUNT, IDLE_BELOW = range(9, 15)
COMPRESSOR_SIZE = 15

DECIBELS_PER_NEPER = 8.685889638065037  # 20 / ln 10
QUIETEST = 1e-7  # -140 dB: below it every level counts as this one


def design(settings: CompressorSettings, frame_seconds: float) -> Doubles:
    """The row of parameters of a compressor that decides once per `frame_seconds`."""
    row = np.zeros(COMPRESSOR_SIZE)
    row[THRESHOLD], row[SLOPE], row[KNEE] = (
        settings.threshold_db,
        1.0 - 1.0 / settings.ratio,
        settings.knee_db,
    )
    row[EXPAND_AT], row[EXPAND_SLOPE] = settings.expander_threshold_db, settings.expander_ratio - 1.0
    row[RAISE_AT], row[RAISE_SLOPE] = settings.upward_threshold_db, 1.0 - 1.0 / settings.upward_ratio
    row[MAX_REDUCTION], row[MAX_BOOST] = settings.max_reduction_db, settings.max_boost_db
    row[ATTACK] = keep_per_frame(settings.attack_ms, frame_seconds)
    row[RELEASE] = keep_per_frame(settings.release_ms, frame_seconds)
    row[RMS] = keep_per_frame(settings.rms_ms, frame_seconds)
    row[MAKEUP], row[AMOUNT] = settings.makeup_db, float(settings.enabled)
    row[IDLE_BELOW] = idle_level(settings)
    return row


def idle_level(settings: CompressorSettings) -> float:
    """Linear level up to which the gain stays at 0 dB and need not be computed; 0 if there is none."""
    if settings.expander_ratio > 1.0 or settings.upward_ratio > 1.0:
        return 0.0
    return float(10.0 ** ((settings.threshold_db - settings.knee_db / 2.0) / 20.0))


def keep_per_frame(time_constant_ms: float, frame_seconds: float) -> float:
    """What a one-pole average with this time constant keeps of its past per frame; 0 ms keeps nothing."""
    return math.exp(-1000.0 * frame_seconds / time_constant_ms) if time_constant_ms > 0.0 else 0.0


@kernel
def knee(over: float, width: float) -> float:
    """max(over, 0) with its corner rounded to a parabola `width` wide (Giannoulis et al., eq. 4)."""
    if 2.0 * over >= width:
        return over
    if 2.0 * over <= -width:
        return 0.0
    return (over + 0.5 * width) ** 2 / (2.0 * width)


@kernel
def reduction_db(level: float, p: Doubles, b: int) -> float:
    """Gain reduction in dB (negative: a boost) by row `b` of parameters; level 1.0 is a full-scale sine."""
    level_db = DECIBELS_PER_NEPER * math.log(max(level, QUIETEST))
    reduction = p[b, SLOPE] * knee(level_db - p[b, THRESHOLD], p[b, KNEE])
    if p[b, EXPAND_SLOPE] > 0.0:
        reduction += p[b, EXPAND_SLOPE] * knee(p[b, EXPAND_AT] - level_db, p[b, KNEE])
    if p[b, RAISE_SLOPE] > 0.0:
        reduction -= min(p[b, RAISE_SLOPE] * knee(p[b, RAISE_AT] - level_db, p[b, KNEE]), p[b, MAX_BOOST])
    return float(min(reduction, p[b, MAX_REDUCTION]))


def static_curve(settings: CompressorSettings, level_db: ArrayLike) -> Doubles:
    """Output level in dB for each steady input level in dB, make-up included: the stated curve.

    Example:
        >>> settings = CompressorSettings(threshold_db=-20, ratio=4, knee_db=0)
        >>> static_curve(settings, [-40.0, -20.0, 0.0]).tolist()
        [-40.0, -20.0, -15.0]
    """
    levels = np.asarray(level_db, dtype=np.float64)
    if not settings.enabled:
        return np.array(levels)
    rows = design(settings, 1.0)[None]
    reduction = [reduction_db(10.0 ** (level / 20.0), rows, 0) for level in levels.ravel()]
    out: Doubles = levels - np.reshape(reduction, levels.shape) + settings.makeup_db
    return out


@kernel
def linear(decibels: float) -> float:
    """10^(decibels / 20)."""
    return math.exp(decibels / DECIBELS_PER_NEPER)
