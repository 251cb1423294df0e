"""The deep filter: each low bin becomes a weighted sum of itself over five frames, all weights complex.

Band gains turn down all that a band holds; a filter over time can also turn against what is not the voice,
as the comb filter does, but for every bin by itself (Mack and Habets 2020; Schroeter et al. 2022).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS, spread_over_bins
from bandwise.kernels import kernel
from bandwise.suppress.buffers import copy, shift
from bandwise.suppress.places import (
    BINS_PER_PLACE,
    FRAMES_SEEN,
    LOW_BINS,
    PAST_TAPS,
    PLACES,
    TAPS,
    VALUES,
    describe_bins,
)
from bandwise.suppress.stft import BINS, Array, Spectrum

LEAST_GAIN = np.float32(1e-6)
"""Of an estimate: below, a ratio to it would be one of rounding."""


class LowBins(NamedTuple):
    """The low bins of the last frames, oldest first."""

    spectra: NDArray[np.complex64]
    """[5, 100], two behind the current frame to two ahead."""
    values: NDArray[np.float32]
    """[3, 100, 5] of `describe_bins`, from the current frame on."""


def fresh_low_bins() -> LowBins:
    """Silence behind us."""
    return LowBins(
        np.zeros((TAPS, LOW_BINS), np.complex64), np.zeros((FRAMES_SEEN, LOW_BINS, VALUES), np.float32)
    )


@kernel
def push_spectrum(spectrum: Spectrum, low: LowBins) -> None:
    """Append the newest spectrum (481,); the current frame moves on by one."""
    shift(low.spectra.reshape(low.spectra.size), LOW_BINS)
    copy(spectrum[:LOW_BINS], low.spectra[TAPS - 1])
    shift(low.values.reshape(low.values.size), LOW_BINS * VALUES)
    describe_bins(low.spectra[TAPS - 1], low.spectra[TAPS - 2], low.values[FRAMES_SEEN - 1])


@kernel
def filter_low_bins(spectra: NDArray[np.complex64], gains: Array, taps: Array, out: Spectrum) -> None:
    """Overwrite the low bins of `out` (481,) by (1 + c_0) g y_l + sum over i = 1..5 of c_i y_(l + 3 - i).

    `spectra` (5, 100) are y_(l - 2) to y_(l + 2), `gains` (34,) are spread over the bins as g, and `taps`
    (25, 48) hold the c of each place: 6 taps x (real, imaginary) x 4 bins.
    """
    per_bin = np.empty(BINS, np.float32)
    spread_over_bins(gains, per_bin)
    for place in range(PLACES):
        for i in range(BINS_PER_PLACE):
            k = place * BINS_PER_PLACE + i
            gained = per_bin[k] * spectra[PAST_TAPS, k]
            total = gained + tap(taps[place], 0, i) * gained
            for frame in range(TAPS):
                total += tap(taps[place], 1 + frame, i) * spectra[TAPS - 1 - frame, k]
            out[k] = total


@kernel
def tap(taps: Array, number: int, i: int) -> np.complex64:
    """One complex weight of bin `i` of a place."""
    at = 2 * number * BINS_PER_PLACE + i
    weight: np.complex64 = np.complex64(complex(taps[at], taps[at + BINS_PER_PLACE]))
    return weight


@kernel
def limit_low_bins(
    estimated: Array, done: Array, sharpened: bool, kept: np.float32, spectrum: Spectrum, out: Spectrum
) -> None:
    """Do to the low bins of `out` (481,) what was done to the gains (34,) that the network estimated.

    Those became done = kept + (1 - kept) s, where s are the estimates, sharpened or not. So the filtered bin
    x becomes kept y + (1 - kept) x s / estimated, y the noisy one; where these work against each other, it is
    brought back to the level of kept y.
    """
    ratios, per_bin = np.full(BANDS, np.float32(1.0) - kept, np.float32), np.empty(BINS, np.float32)
    if sharpened:
        for b in range(BANDS):
            ratios[b] = (done[b] - kept) / max(estimated[b], LEAST_GAIN)
    spread_over_bins(ratios, per_bin)
    for k in range(LOW_BINS):
        least = kept * spectrum[k]
        out[k] = least + per_bin[k] * out[k]
        wanted, got = power(least), power(out[k])
        if got < wanted:
            out[k] = out[k] * np.sqrt(wanted / got) if got > 0.0 else least


@kernel
def power(value: np.complex64) -> np.float32:
    """The square of its magnitude."""
    square: np.float32 = value.real * value.real + value.imag * value.imag
    return square
