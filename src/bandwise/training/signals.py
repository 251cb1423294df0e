"""The signals of training: mono float32 at 48 kHz, and their levels."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE = 48_000

Signal = NDArray[np.float32]


def as_signal(samples: NDArray[Any]) -> Signal:
    """The same numbers as float32."""
    return np.asarray(samples, dtype=np.float32)


def active_rms(signal: Signal, floor_db: float = -30.0) -> float:
    """RMS over the 20 ms blocks that lie within `floor_db` of the loud ones (their 95th percentile).

    A simple stand-in for the active level of ITU-T P.56: pauses do not lower a talker's level.
    Silence has level 0.
    """
    block = SAMPLE_RATE // 50
    count = max(len(signal) // block, 1)
    whole = signal[: count * block].astype(np.float64)
    energy = np.square(whole).reshape(count, -1).mean(axis=1)
    loud = np.quantile(energy, 0.95)
    if loud <= 0.0:
        loud = energy.max()
    return float(np.sqrt(energy[energy >= loud * 10 ** (floor_db / 10)].mean()))


def rms(samples: NDArray[np.floating[Any]]) -> float:
    """Root of the mean square."""
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))


def unit(samples: NDArray[np.floating[Any]]) -> Signal:
    """The signal at RMS 1; silence stays silence."""
    return as_signal(samples / (rms(samples) + 1e-9))


def amplitude(level_db: float) -> float:
    """Decibels as a factor for samples."""
    return math.pow(10, level_db / 20)
