"""What the network sees of a frame, and what it is asked for: one record each, defined here alone."""

import numpy as np

from bandwise.bands.erb import BANDS, sum_into_bands
from bandwise.kernels import kernel
from bandwise.suppress.pitch import MAX_PERIOD, MIN_PERIOD
from bandwise.suppress.stft import BINS, Array, Spectrum

LAYOUT_VERSION = 1
BAND_LEVEL = slice(0, BANDS)
"""log10 of the band's energy two frames ahead, floor -12 (full scale is about 0)."""
COHERENCE = slice(BANDS, 2 * BANDS)
"""Coherence of the band with its comb-filtered self, current frame, 0 to 1."""
PITCH_PERIOD = 2 * BANDS
"""Period on a logarithmic scale: -1 at 2 ms, 1 at 16 ms."""
PITCH_CORRELATION = 2 * BANDS + 1
"""Normalised correlation at the period, -1 to 1."""
SIZE = 2 * BANDS + 2

GAIN = slice(0, BANDS)
"""What each band is multiplied by, 0 to 1, further attenuation included."""
STRENGTH = slice(BANDS, 2 * BANDS)
"""How much of each band comes from the comb filter, 0 to 1."""
TARGETS_SIZE = 2 * BANDS

ENERGY_FLOOR = 1e-12

MIDDLE = 0.5 * np.log2(MIN_PERIOD * MAX_PERIOD)
HALF_RANGE = 0.5 * np.log2(MAX_PERIOD / MIN_PERIOD)


@kernel
def band_energies(spectrum: Spectrum, out: Array) -> None:
    """Energy of each band of a (481,) spectrum into `out` (34,)."""
    power = np.empty(BINS, np.float32)
    for k in range(BINS):
        power[k] = spectrum[k].real ** 2 + spectrum[k].imag ** 2
    sum_into_bands(power, out)


@kernel
def band_coherence(spectrum: Spectrum, other: Spectrum, out: Array) -> None:
    """Re(p^H y) / (|p| |y|) of each band into `out` (34,), clipped to [0, 1]; 0 where there is silence."""
    shared = np.empty(BINS, np.float32)
    for k in range(BINS):
        shared[k] = spectrum[k].real * other[k].real + spectrum[k].imag * other[k].imag
    sum_into_bands(shared, out)
    energy, other_energy = np.empty(BANDS, np.float32), np.empty(BANDS, np.float32)
    band_energies(spectrum, energy)
    band_energies(other, other_energy)
    for b in range(BANDS):
        scale = np.sqrt(energy[b] * other_energy[b]) + ENERGY_FLOOR
        out[b] = min(max(out[b] / scale, 0.0), 1.0)


@kernel
def describe(energies_ahead: Array, coherence: Array, period: int, correlation: float, out: Array) -> None:
    """Fill the record `out` (70,)."""
    for b in range(BANDS):
        out[b] = np.log10(energies_ahead[b] + ENERGY_FLOOR)
        out[BANDS + b] = coherence[b]
    out[PITCH_PERIOD] = (np.log2(period) - MIDDLE) / HALF_RANGE
    out[PITCH_CORRELATION] = correlation


@kernel
def period_of(feature: np.float32) -> float:
    """Period in samples that `describe` wrote as `feature`."""
    return float(2.0 ** (MIDDLE + HALF_RANGE * feature))
