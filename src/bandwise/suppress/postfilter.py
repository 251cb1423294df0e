"""The envelope postfilter: what is nearly gone goes, what is nearly whole stays, the loudness is kept."""

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.stft import Array

BETA = 0.02


@kernel
def sharpen(gains: Array, energies: Array, out: Array) -> None:
    """Warp `gains` (34,) into `out` for a frame of band `energies` (34,) (PercepNet, section 5).

    g~ = g sin(pi g / 2) deepens small gains, which loses energy: E0 with g, E1 with g~. The common factor
    sqrt((1 + beta) q / (1 + beta q^2)), q = E0 / E1, gives it back, but not in frames that are nearly all
    noise, where q is large. It is 1.9 at most, so that a gain near 1 may become larger than 1.
    """
    before, after = 1e-20, 1e-20
    for b in range(BANDS):
        out[b] = gains[b] * np.sin(np.pi / 2 * gains[b])
        before += gains[b] ** 2 * energies[b]
        after += out[b] ** 2 * energies[b]
    ratio = before / after
    factor = np.sqrt((1.0 + BETA) * ratio / (1.0 + BETA * ratio**2))
    for b in range(BANDS):
        out[b] *= factor
