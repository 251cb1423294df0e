"""One recording through many microphones: finished examples, shifted in level and coloured.

What a linear microphone does to voice and noise alike changes the levels that the network sees and no gain or
strength that it should give, so stored features can be heard through another microphone at every visit.
Spectra, where there are any, go through the same one: the noisy and the clean alike.
"""

import numpy as np

from bandwise.bands.erb import BAND_WEIGHTS, BANDS
from bandwise.suppress.features import BAND_LEVEL
from bandwise.suppress.places import LOW_BINS
from bandwise.training.sources import Batch, Floats, LowSpectra

SHAPES = 3  # cosines over the bands: a tilt, a hump, a wave
SILENCE = -10.0  # log10 of energy, near the features' floor: nothing there to colour


def recolour(batch: Batch, rng: np.random.Generator, spread: float) -> Batch:
    """A batch with new colours, one for each sequence; written over the old ones and returned.

    `spread`: standard deviation of each cosine in log10 of energy (0.1 is 1 dB); the level's is half as much
    again. 0 leaves everything as it is.
    """
    if spread == 0:
        return batch
    weights = spread * rng.standard_normal((len(batch.features), 1 + SHAPES)).astype(np.float32)
    weights[:, 0] *= 1.5
    bands = np.linspace(0, np.pi, BANDS, dtype=np.float32)
    shapes = np.cos(np.arange(1 + SHAPES, dtype=np.float32)[:, None] * bands)
    levels = batch.features[..., BAND_LEVEL]
    levels += np.where(levels > SILENCE, (weights @ shapes)[:, None], np.float32(0))
    if batch.spectra is not None:
        _recolour_spectra(batch.spectra, level=weights[:, 0], colour=weights[:, 1:] @ shapes[1:])
    return batch


def _recolour_spectra(spectra: LowSpectra, level: Floats, colour: Floats) -> None:
    """Move each bin by the colour between its bands: level [B] and colour [B, 34] in log10 of energy.

    The level alone is a matter of the scale, so that loud recordings weigh no more than others.
    """
    of_bins = 10 ** (0.5 * colour @ BAND_WEIGHTS[:, :LOW_BINS])
    for part in (spectra.noisy, spectra.clean):
        np.multiply(part, of_bins[:, None, :, None], out=part)
    spectra.scale[:] *= 10 ** (0.5 * level)
