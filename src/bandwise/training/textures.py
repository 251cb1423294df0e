"""What synthetic noises are made of: noise of any spectrum, harmonics of any pitch, courses that wander."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from bandwise.training.signals import SAMPLE_RATE, Signal, as_signal, unit

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Magnitude = Callable[[NDArray[np.float64]], NDArray[np.float64]]


def through(magnitude: Magnitude, sound: Signal) -> Signal:
    """The sound behind a magnitude response given over Hz, without any delay; nothing at 0 Hz."""
    size = fft.next_fast_len(len(sound), real=True)
    spectrum = fft.rfft(sound, size)
    response = magnitude(np.arange(len(spectrum)) * (SAMPLE_RATE / size)).astype(np.float32)
    response[0] = 0
    return as_signal(fft.irfft(spectrum * response, size)[: len(sound)])


def shaped_noise(rng: np.random.Generator, length: int, magnitude: Magnitude) -> Signal:
    """White noise through a magnitude response given over Hz; nothing at 0 Hz."""
    size = fft.next_fast_len(length, real=True)
    return unit(through(magnitude, rng.standard_normal(size, dtype=np.float32))[:length])


def wander(rng: np.random.Generator, length: int, cutoff_hz: float) -> Signal:
    """A smooth random course around 0, mostly within +-1, with knots twice per period of `cutoff_hz`."""
    knots = int(np.ceil(length / SAMPLE_RATE * cutoff_hz * 2)) + 4
    position = np.linspace(1, knots - 2, length)
    index = position.astype(int)
    blend = 0.5 - 0.5 * np.cos(np.pi * (position - index))
    values = 0.6 * rng.standard_normal(knots)
    return as_signal(values[index] * (1 - blend) + values[index + 1] * blend)


def harmonics(
    rng: np.random.Generator, frequency_hz: NDArray[np.float64], count: int, slope_db: float
) -> Signal:
    """`count` harmonics falling by `slope_db` per octave with random levels and phases; RMS 1.

    One period is summed into a table and read along the phase. Harmonics that the fastest moment would push
    beyond 20 kHz are left out.
    """
    count = min(count, int(20_000 / frequency_hz.max()))
    numbers = np.arange(1, count + 1)
    levels_db = -slope_db * np.log2(numbers) + rng.uniform(-10, 5, count)
    spectrum = np.zeros(2049, np.complex128)
    spectrum[numbers] = 10 ** (levels_db / 20) * np.exp(2j * np.pi * rng.random(count))
    table = fft.irfft(spectrum, 4096)
    phase = np.cumsum(frequency_hz / SAMPLE_RATE) * 4096
    index = phase.astype(np.int64)
    weight = phase - index
    tone = table[index & 4095] * (1 - weight) + table[(index + 1) & 4095] * weight
    return unit(tone)
