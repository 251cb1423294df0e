"""Linkwitz-Riley splits in closed form: what each branch of a split does at any frequency.

With s = j tan(pi f / f_s) / tan(pi f_c / f_s) (bilinear transform, warped so that f_c is exact) and B_n(s)
the Butterworth polynomial of order n = order / 2, a split has the branches

    low = 1 / B_n(s)^2      high = +-s^order / B_n(s)^2      low + high = allpass = B_n(-s) / B_n(s)

because B_n(s) B_n(-s) = 1 + s^order for n = 2 and 4. For n = 1 the product is 1 - s^2, so one branch has
to be inverted; here it is the high one, which keeps a split far above all sound transparent (low = 1,
high = 0) for every order. (S. Linkwitz, "Active crossover networks for noncoincident drivers", JAES 24,
1976.)
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.door import is_whole, shown
from bandwise.errors import BandwiseError

Complex = NDArray[np.complex128]

# Damping k = 1/Q of the sections s^2 + k s + 1 that make up B_n (order 2: B_1^2 = s^2 + 2 s + 1).
DAMPING = {
    2: (2.0,),
    4: (2.0 * np.cos(np.pi / 4),),
    8: (2.0 * np.cos(np.pi / 8), 2.0 * np.cos(3 * np.pi / 8)),
}


def check_order(order: Any) -> int:
    """Return `order` if it names a Linkwitz-Riley alignment built here, else raise BandwiseError."""
    if not is_whole(order, min(DAMPING), max(DAMPING)) or int(order) not in DAMPING:
        raise BandwiseError(f"got crossover order {shown(order)}; allowed are 2, 4 and 8; 4 suits most")
    return int(order)


def warped_frequency(hz: ArrayLike, sample_rate: float) -> NDArray[np.float64]:
    """tan(pi f / f_s), the analogue frequency that the bilinear transform maps to `hz`."""
    return np.asarray(np.tan(np.pi * np.asarray(hz, dtype=np.float64) / sample_rate))


def warped_period(hz: ArrayLike, sample_rate: float) -> NDArray[np.float64]:
    """1 / tan(pi f / f_s): the period of a corner, 0 at Nyquist."""
    return np.asarray(1.0 / warped_frequency(hz, sample_rate))


def denominator(s: Complex, order: int) -> Complex:
    """B_n(s)^2 with n = order / 2."""
    if order == 2:
        return (s + 1.0) ** 2
    product = np.ones_like(s)
    for damping in DAMPING[order]:
        product = product * (s * s + damping * s + 1.0) ** 2
    return product


def branches(s: Complex, order: int) -> tuple[Complex, Complex, Complex]:
    """(low, high, allpass) of one split at the normalised frequencies `s`; low + high = allpass."""
    below = denominator(s, order)
    low = 1.0 / below
    high = (-1.0 if order == 2 else 1.0) * s**order / below
    return low, high, low + high


def band_responses(
    cutoffs_hz: ArrayLike, order: int, hz: ArrayLike, sample_rate: float, *, compensated: bool = True
) -> Complex:
    """Response of every band of a cascade, (bands, *hz.shape) complex.

    Band i is the low branch of split i, after the high branches of the splits below it and before the
    all-passes of the splits above it (if `compensated`); the last band is what all the high branches leave.
    """
    cutoffs = np.atleast_1d(np.asarray(cutoffs_hz, dtype=np.float64))
    frequency = warped_frequency(hz, sample_rate)
    bands = [np.ones(frequency.shape, dtype=np.complex128)]
    for corner in warped_frequency(cutoffs, sample_rate):
        low, high, allpass = branches(1j * frequency / corner, order)
        rest = bands.pop()
        aligned = [band * allpass for band in bands] if compensated else bands
        bands = [*aligned, rest * low, rest * high]
    return np.stack(bands)
