"""One recording through many microphones: the band levels of finished examples, shifted and coloured.

What a linear microphone does to voice and noise alike changes the levels that the network sees and no gain or
strength that it should answer, so stored features can be heard through another microphone at every visit.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.suppress.features import BAND_LEVEL

SHAPES = 3  # cosines over the bands: a tilt, a hump, a wave
SILENCE = -10.0  # log10 of energy, near the features' floor: nothing there to colour


def recolour(features: NDArray[np.float32], rng: np.random.Generator, spread: float) -> NDArray[np.float32]:
    """Features [B, T, 70] with new colours, one for each sequence; written over the old ones and returned.

    `spread`: standard deviation of each cosine in log10 of energy (0.1 is 1 dB); the level's is half as much
    again. 0 leaves everything as it is.
    """
    if spread == 0:
        return features
    weights = spread * rng.standard_normal((len(features), 1 + SHAPES)).astype(np.float32)
    weights[:, 0] *= 1.5
    bands = np.linspace(0, np.pi, BANDS, dtype=np.float32)
    shapes = np.cos(np.arange(1 + SHAPES, dtype=np.float32)[:, None] * bands)
    levels = features[..., BAND_LEVEL]
    levels += np.where(levels > SILENCE, (weights @ shapes)[:, None], np.float32(0))
    return features
