"""Relief: where a voice drowned, the filter gives back part of the level that it took.

What cannot be told from noise is turned down (see `bandwise.training.spectral_loss`), so a network that
errs least leaves a voice too quiet wherever noise is loud. Of many bins together, though, it is known which
share of what came in they kept,
    q = sum |y_k|^2 / sum |x_k|^2.
With q_p of the bins near place p and q of all, the mean of what both lost is 10 lg (q_p q)^(-1/2) dB, and the
share r of it comes back: each bin of the place gets the gain (q_p q)^(-r / 4). Where others lost more than
these, as under a hum, what these lost counts alone, q = q_p. What lost LOST_DB or more holds no voice, and
gets no more than at that.

Training knows nothing of it: what errs least would be the same sound with it as without, so a network trained
behind it would take it back.
"""

import numpy as np

from bandwise.kernels import kernel
from bandwise.suppress.places import BINS_PER_PLACE, PLACES
from bandwise.suppress.stft import Array, Spectrum

RELIEF = np.float32(0.25)
LOST_DB = 20.0
NEAR = 5
"""Places on either side that are counted in: 2.2 kHz all together, a formant or two."""
LEAST_SHARE = np.float32(10.0 ** (-LOST_DB / 10.0))
FAINT = np.float32(1e-30)
"""Energy that is silence."""


@kernel
def relieve(spectrum: Spectrum, relief: np.float32, out: Spectrum) -> None:
    """Raise the low bins of `out` (481,), which were made of the noisy `spectrum`."""
    came, left = np.zeros(PLACES, np.float32), np.zeros(PLACES, np.float32)
    sum_into_places(spectrum, came)
    sum_into_places(out, left)
    of_all = share(came, left)
    for place in range(PLACES):
        near = slice(max(place - NEAR, 0), min(place + NEAR + 1, PLACES))
        of_near = share(came[near], left[near])
        kept = max(np.sqrt(of_near * max(of_near, of_all)), LEAST_SHARE)
        gain = kept ** (np.float32(-0.5) * relief)
        for k in range(place * BINS_PER_PLACE, (place + 1) * BINS_PER_PLACE):
            out[k] *= gain


@kernel
def sum_into_places(spectrum: Spectrum, out: Array) -> None:
    """Add the energy of each place to `out` (25,)."""
    for place in range(PLACES):
        for k in range(place * BINS_PER_PLACE, (place + 1) * BINS_PER_PLACE):
            out[place] += spectrum[k].real ** 2 + spectrum[k].imag ** 2


@kernel
def share(came: Array, left: Array) -> np.float32:
    """Share of energy kept, 1 at most."""
    return min((left.sum() + FAINT) / (came.sum() + FAINT), np.float32(1.0))
