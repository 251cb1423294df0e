"""Tones and what is measured on them, shared by the tests of the device."""

import numpy as np

RATE = 48_000


def tone(hz, amplitude=1.0, seconds=1.0):
    """A sine that starts at 0."""
    return amplitude * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


def amplitude_at(x, hz):
    """Complex amplitude of whole hertz over the last second of x."""
    n = np.arange(len(x) - RATE, len(x))
    return 2 / RATE * np.sum(x[-RATE:] * np.exp(-2j * np.pi * hz * n / RATE))


def thd(x, hz):
    """Harmonics 2 to 8 over the fundamental, over the last second."""
    harmonics = [abs(amplitude_at(x, k * hz)) for k in range(2, 9)]
    return float(np.sqrt(np.sum(np.square(harmonics))) / abs(amplitude_at(x, hz)))
