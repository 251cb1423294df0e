"""From gains and strengths back to sound: the comb filter mixed in per band, then the bands turned down."""

import numpy as np

from bandwise.bands.erb import BANDS, spread_over_bins
from bandwise.kernels import kernel
from bandwise.suppress.features import ENERGY_FLOOR, band_energies
from bandwise.suppress.stft import BINS, Array, Spectrum

MOST_MAKE_UP = 4.0
"""Limit of |y|^2 / |z|^2: where the comb filter cancels a band, its rest is not blown up."""


@kernel
def mix_in_comb(
    spectrum: Spectrum, comb_spectrum: Spectrum, energies: Array, strengths: Array, gains: Array
) -> Spectrum:
    """(481,) spectrum of g_b z_b |y_b| / |z_b| with z = (1 - r) y + r p: the comb keeps each band's energy.

    `gains` and `strengths` (34,) are spread over the bins; `energies` (34,) are those of `spectrum`.
    """
    per_bin = np.empty(BINS, np.float32)
    spread_over_bins(strengths, per_bin)
    mixed = np.empty(BINS, np.complex64)
    for k in range(BINS):
        mixed[k] = spectrum[k] + per_bin[k] * (comb_spectrum[k] - spectrum[k])
    mixed_energies, levels = np.empty(BANDS, np.float32), np.empty(BANDS, np.float32)
    band_energies(mixed, mixed_energies)
    for b in range(BANDS):
        make_up = (energies[b] + ENERGY_FLOOR) / (mixed_energies[b] + ENERGY_FLOOR)
        levels[b] = gains[b] * np.sqrt(min(make_up, MOST_MAKE_UP))
    spread_over_bins(levels, per_bin)
    for k in range(BINS):
        mixed[k] *= per_bin[k]
    return mixed
