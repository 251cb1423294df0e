"""Calls: what comes from throats and is no speech, as barking, crowing, mewing and crying.

Harmonics of a gliding pitch and breath through a few resonances, as in speech, but in the wrong places: pitch
may be far from a speaker's, resonances are those of any throat, and calls come singly or in a row of much the
same. A suppressor that takes whatever has a pitch for a voice lets them through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bandwise.training.signals import SAMPLE_RATE, Signal, unit
from bandwise.training.textures import harmonics, through, wander

if TYPE_CHECKING:
    from numpy.typing import NDArray


def calls(rng: np.random.Generator, length: int) -> Signal:
    """One throat's calls of 50 to 900 ms, alone or up to six in a row, with pauses between the rows."""
    out = np.zeros(length, np.float32)
    pitch_hz = 70.0 * 20 ** rng.random()
    usual_s = 0.05 * 18 ** rng.random()
    start = int(rng.uniform(0, 0.5) * SAMPLE_RATE)
    while start < length:
        for _ in range(int(rng.choice([1, 2, 3, 6]))):
            samples = int(usual_s * rng.uniform(0.8, 1.25) * SAMPLE_RATE)
            one = _call(rng, samples, pitch_hz * rng.uniform(0.9, 1.1)) * 10 ** rng.uniform(-0.4, 0)
            out[start : start + samples] += one[: max(length - start, 0)]
            start += samples + int(usual_s * rng.uniform(0.1, 1.5) * SAMPLE_RATE)
        start += int(rng.uniform(0.1, 2.0) * SAMPLE_RATE)
    centres, widths = _throat(rng)
    return unit(through(lambda hz: _resonance(hz, centres, widths), out))


def _call(rng: np.random.Generator, samples: int, pitch_hz: float) -> Signal:
    """One call of RMS 1: its pitch rises and falls, its onset is steep, some of it is breath."""
    time = np.linspace(0, 1, samples)
    peak = rng.uniform(0.1, 0.9)
    arc = 1 - np.abs(time - peak) / max(peak, 1 - peak)
    shake = 0.05 * rng.random() * wander(rng, samples, cutoff_hz=rng.uniform(5, 40))
    course = pitch_hz * 2 ** (rng.uniform(-0.3, 1.0) * arc + shake)
    tone = harmonics(rng, course, count=60, slope_db=rng.uniform(0, 8))
    breath = rng.standard_normal(samples, dtype=np.float32) * 10 ** rng.uniform(-1.5, 0.2)
    onset = np.minimum(1, time / rng.uniform(0.02, 0.3))
    level = onset * (1 - time) ** rng.uniform(0.3, 2)
    return unit((tone + breath) * level)


def _throat(rng: np.random.Generator) -> NDArray[np.float64]:
    """Frequencies and widths in Hz of two to four resonances, [2, count]."""
    count = int(rng.integers(2, 5))
    centres = 300.0 * 20 ** rng.random(count)
    return np.stack([centres, centres * rng.uniform(0.05, 0.4, count)])


def _resonance(
    hz: NDArray[np.float64], centres: NDArray[np.float64], widths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Resonances in parallel, and a little of what passes beside them."""
    each = 1 / (1 + ((hz[:, None] - centres) / widths) ** 2)
    return np.asarray(0.03 + each.sum(axis=1))
