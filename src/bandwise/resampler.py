"""Another sample rate in real time: a windowed sinc, evaluated where each output falls between inputs.

Output k belongs to input time k from / to. With the inputs x[n] and the low-pass h, cut at the lower of the
two half rates,

    y[k] = sum over n of x[n] h(k from / to - n),        h(t) = sinc(2 f t) kaiser(t / half)

so an output waits for `half` inputs after its own time and for nothing else: 48 zero crossings, 1.2 ms at
44.1 kHz, 3.3 ms at 16 kHz. (soxr, which works in long FFT blocks, saves arithmetic and holds back 20 to
170 ms.) Each output is the same sum of the same samples however the input was cut.
"""

from functools import lru_cache
from math import ceil, gcd

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel

Samples = NDArray[np.float32]

ZERO_CROSSINGS = 48
KAISER_BETA = 8.96
"""90 dB of stopband (Kaiser, 1974: 0.1102 (A - 8.7))."""
ROLLOFF = 0.94
"""Cutoff over half the lower rate: the middle of the transition, which ends at the half rate."""
MOST_PHASES = 1024
"""Rates with more places between two inputs than this mix tabulated filters, right to -119 dB."""


def half_samples(from_hz: int, to_hz: int) -> int:
    """Return how many inputs each side of its own time an output takes; even."""
    return 2 * ceil(ZERO_CROSSINGS * max(1.0, from_hz / to_hz) / ROLLOFF / 2)


@lru_cache(maxsize=32)
def design(from_hz: int, to_hz: int) -> Samples:
    """Return the filters h(j - p), [phases + 1, 2 half]: p from 0 to 1, j from 1 - half to half.

    Each sums to one, so that a constant stays what it is.
    """
    half = half_samples(from_hz, to_hz)
    phases = min(to_hz // gcd(from_hz, to_hz), MOST_PHASES)
    time = np.arange(1 - half, half + 1) - np.arange(phases + 1)[:, None] / phases
    cutoff = ROLLOFF * min(1.0, to_hz / from_hz)
    window = np.i0(KAISER_BETA * np.sqrt(np.maximum(0.0, 1 - (time / half) ** 2)))
    filters = np.sinc(cutoff * time) * window
    table: Samples = (filters / filters.sum(axis=1, keepdims=True)).astype(np.float32)
    return table


class Resampler:
    """A stream of one channel from one rate to another; gives what it can as soon as it can."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        common = gcd(from_hz, to_hz)
        self._up, self._down = to_hz // common, from_hz // common
        self.half = half_samples(from_hz, to_hz)
        self._filters = design(from_hz, to_hz)
        self.reset()

    def reset(self) -> None:
        """Start at time zero with silence before it."""
        self._held = np.zeros(self.half, np.float32)
        self._held_from = -self.half
        self._got = self._given = 0

    def feed(self, x: Samples) -> Samples:
        """float32[n] -> every output that can be told now, float32[k]."""
        self._held = np.concatenate([self._held, x])
        self._got += len(x)
        out = np.empty(ready(self._got, self._up, self._down, self.half) - self._given, np.float32)
        interpolate(self._held, self._held_from, self._given, self._up, self._down, self._filters, out)
        self._given += len(out)
        first = self._given * self._down // self._up + 1 - self.half
        self._held = self._held[first - self._held_from :]
        self._held_from = first
        return out


def ready(got: int, up: int, down: int, half: int) -> int:
    """Return how many outputs `got` inputs settle: those whose time is at least `half` inputs ago."""
    return max(0, -(-(got - half) * up // down))


@kernel(any_order=True)
def interpolate(
    held: Samples, held_from: int, first: int, up: int, down: int, filters: Samples, out: Samples
) -> None:
    """Write y[first + i] into out[i]; `held` begins at input number `held_from`.

    The place between two inputs, (k down mod up) / up, chooses the filter; where there are fewer filters than
    places, the sums of two neighbours are mixed.
    """
    phases, taps = filters.shape[0] - 1, filters.shape[1]
    for i in range(out.size):
        position = (first + i) * down
        start = position // up + 1 - taps // 2 - held_from
        window = held[start : start + taps]
        place = (position % up) * phases / up
        row = int(place)
        here = np.float32(0.0)
        for j in range(taps):
            here += window[j] * filters[row, j]
        if phases != up:
            there = np.float32(0.0)
            for j in range(taps):
                there += window[j] * filters[row + 1, j]
            here += np.float32(place - row) * (there - here)
        out[i] = here
