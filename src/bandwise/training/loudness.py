"""Loudness in narrow bands, as the standard for the perceptual evaluation of speech quality computes it.

Powers of spectra become powers of bands of equal width on the Bark scale, and these become loudness by
Zwicker's law (ITU-T P.862, clause 10.2):
    L = S (P_0 / 0.5)^g ((0.5 + 0.5 P / P_0)^g - 1) above the threshold of hearing P_0, else 0.
Powers are in the standard's units, in which 10^7 is a level of 79 dB at the ear.

Forty bands cover the bins of the deep filter; above it the ERB bands of the gains go on, which are two
to three times as wide and count so much more.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandwise.bands.erb import BIN_HZ, CENTRES_HZ
from bandwise.suppress.places import LOW_BINS

LOW_BANDS = 40
LOW_EDGES_HZ = (75.0, (LOW_BINS - 1) * BIN_HZ)  # below: no speech
HIGH_BANDS = slice(24, 32)
"""ERB bands with centres from 5.75 to 15.2 kHz."""

# The threshold of hearing of pure tones, dB SPL, after ISO 226; its dip at 3 kHz is left out, as in P.862.
AUDIBLE_HZ = (20, 50, 100, 125, 160, 200, 250, 315, 400, 500, 1000, 2000, 5000, 8000, 10000, 12500, 16000)
AUDIBLE_DB = (78, 44, 26.5, 22, 18, 14.4, 11.4, 8.6, 6.2, 4.4, 2.4, 0, 0, 8, 12, 14, 40)
UNIT_POWER_DB_SPL = 9.0
SCALE = 0.1866  # S, at 16 kHz
EXPONENT = 0.23


def bark_of_hz(hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Critical-band rate in Bark (Zwicker and Terhardt 1980)."""
    return 13 * np.arctan(0.00076 * hz) + 3.5 * np.arctan((hz / 7500) ** 2)


def equal_edges_hz(first_hz: float, last_hz: float, bands: int) -> NDArray[np.float64]:
    """[bands + 1] edges of bands equally wide in Bark."""
    grid = np.linspace(first_hz, last_hz, 10_000)
    barks = bark_of_hz(grid)
    return np.interp(np.linspace(barks[0], barks[-1], bands + 1), barks, grid)


def shares_of_bins(edges_hz: NDArray[np.float64], bins: int = LOW_BINS) -> Tensor:
    """[bins, bands]: the share of each bin, 50 Hz wide, that lies between the edges of each band."""
    lower = (np.arange(bins)[:, None] - 0.5) * BIN_HZ
    overlap = np.minimum(lower + BIN_HZ, edges_hz[1:]) - np.maximum(lower, edges_hz[:-1])
    return torch.from_numpy(np.clip(overlap / BIN_HZ, 0, 1)).float()


def _high_edges_hz() -> NDArray[np.float64]:
    centres = CENTRES_HZ[HIGH_BANDS.start - 1 : HIGH_BANDS.stop + 1]
    halfway = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[LOW_EDGES_HZ[1]], halfway[1:]])


_LOW, _HIGH = equal_edges_hz(*LOW_EDGES_HZ, LOW_BANDS), _high_edges_hz()
_MIDDLES_HZ = np.concatenate([(_LOW[1:] + _LOW[:-1]) / 2, CENTRES_HZ[HIGH_BANDS]])
LOW_SHARES = shares_of_bins(_LOW)
BARK_PER_BAND = float(np.diff(bark_of_hz(_LOW))[0])
WIDTHS = torch.from_numpy(
    np.concatenate([np.ones(LOW_BANDS), np.diff(bark_of_hz(_HIGH)) / BARK_PER_BAND])
).float()
"""[48] in units of `BARK_PER_BAND`."""


def _thresholds() -> Tensor:
    decibels = np.interp(np.log(_MIDDLES_HZ), np.log(AUDIBLE_HZ), AUDIBLE_DB)
    return torch.from_numpy(10 ** ((decibels - UNIT_POWER_DB_SPL) / 10)).float()


def _exponents() -> Tensor:
    """P.862 raises them towards low frequencies, where loudness grows faster."""
    barks = bark_of_hz(_MIDDLES_HZ)
    return torch.from_numpy(EXPONENT * np.clip(6 / (barks + 2), 1, 2) ** 0.15).float()


THRESHOLDS, EXPONENTS = _thresholds(), _exponents()
"""[48] of hearing, in power; of loudness."""


def loudness(powers: Tensor) -> Tensor:
    """Loudness of the powers [..., 48] per `BARK_PER_BAND`; 0 below the threshold of hearing."""
    thresholds, exponents = THRESHOLDS.to(powers.device), EXPONENTS.to(powers.device)
    above = (powers / thresholds).clamp_min(1.0)
    return SCALE * (thresholds / 0.5) ** exponents * ((0.5 + 0.5 * above) ** exponents - 1)


def per_width(high: Tensor) -> Tensor:
    """Powers of the ERB bands of `HIGH_BANDS` [..., 8] per `BARK_PER_BAND` of their width."""
    return high / WIDTHS[LOW_BANDS:].to(high.device)


def band_powers(low: Tensor, high: Tensor) -> Tensor:
    """Powers [..., 48] from those of bins [..., 100] and of the ERB bands of `HIGH_BANDS` [..., 8]."""
    return torch.cat([low @ LOW_SHARES.to(low.device), per_width(high)], -1)
