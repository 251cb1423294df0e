"""34 triangular bands on the ERB scale: what the ear can tell apart is what the network has to decide.

One matrix serves both ways. `BAND_WEIGHTS @ power` gives the energy of each band; `gains @ BAND_WEIGHTS`
spreads one number per band over the bins. Its columns sum to one, so no energy is lost or counted twice,
and equal gains in all bands are one flat gain.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel

Array = NDArray[np.float32]

BANDS = 34
TOP_HZ = 20_000.0
BIN_HZ = 50.0
BINS = 481


def erb_number(hz: float) -> float:
    """Number of equivalent rectangular bandwidths below `hz` (Glasberg and Moore 1990)."""
    return float(9.265 * np.log(1.0 + hz / (24.7 * 9.265)))


def hz_of_erb_number(erb: float) -> float:
    """Inverse of `erb_number`, in Hz."""
    return float(24.7 * 9.265 * (np.exp(erb / 9.265) - 1.0))


def band_centres(bands: int = BANDS, top_hz: float = TOP_HZ) -> NDArray[np.int64]:
    """Centre bins of `bands` bands, equally spaced in ERB from 0 Hz to `top_hz`.

    The spacing starts at 33 Hz, less than a bin, so each centre is at least one bin above the last.
    """
    centres = [0]
    for band in range(1, bands):
        hz = hz_of_erb_number(band / (bands - 1) * erb_number(top_hz))
        centres.append(max(round(hz / BIN_HZ), centres[-1] + 1))
    return np.array(centres)


def band_weights(centres: NDArray[np.int64], bins: int = BINS) -> NDArray[np.float32]:
    """(bands, bins) triangles, each reaching to its neighbours' centres: 50 % overlap, columns sum to 1.

    Bins above the last centre belong wholly to the last band: it decides for all above 20 kHz.
    """
    weights = np.zeros((len(centres), bins), np.float32)
    for band, peak in enumerate(np.eye(len(centres))):
        weights[band] = np.interp(np.arange(bins), centres, peak)
    return weights


CENTRES = band_centres()
CENTRES_HZ = CENTRES * BIN_HZ
BAND_WEIGHTS = band_weights(CENTRES)

# The triangles overlap in pairs, so bin k lies between centres LOWER[k] and LOWER[k] + 1 and shares
# itself out by UPPER_SHARE[k]. Kernels walk bins once with these two instead of a 34 x 481 product.
LOWER = np.minimum(np.searchsorted(CENTRES, np.arange(BINS), side="right") - 1, BANDS - 2).astype(np.int64)
UPPER_SHARE = BAND_WEIGHTS[LOWER + 1, np.arange(BINS)]


@kernel
def sum_into_bands(per_bin: Array, out: Array) -> None:
    """Weighted sum of `per_bin` (bins,) over each band into `out` (bands,): `BAND_WEIGHTS @ per_bin`."""
    out[:] = 0.0
    for k in range(per_bin.shape[0]):
        upper = UPPER_SHARE[k] * per_bin[k]
        out[LOWER[k]] += per_bin[k] - upper
        out[LOWER[k] + 1] += upper


@kernel
def spread_over_bins(per_band: Array, out: Array) -> None:
    """Linear interpolation of `per_band` (bands,) between centres into `out` (bins,): the transpose."""
    for k in range(out.shape[0]):
        lower = per_band[LOWER[k]]
        out[k] = lower + UPPER_SHARE[k] * (per_band[LOWER[k] + 1] - lower)
