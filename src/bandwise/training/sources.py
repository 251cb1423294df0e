"""What a training run asks of its data; `bandwise.training.shard_reader.ShardReader` is both."""

from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


class LowSpectra(NamedTuple):
    """What the deep filter is given and should give: spectra of bins below 5 kHz, real and imaginary part.

    They are those of the bare transform, without `stft.SCALE`, divided by `scale`, which brings the noisy
    ones of a recording to a mean square of 1.
    """

    noisy: Floats  # [B, T, 100, 2]
    clean: Floats  # [B, T, 100, 2]
    scale: Floats  # [B]


class Batch(NamedTuple):
    """Sequences side by side."""

    features: Floats  # [B, T, 70]
    targets: Floats  # [B, T, 68]
    bands_valid: NDArray[np.int64]  # [B] targets of bands from there up mean nothing
    spectra: LowSpectra | None = None


class TrainingData(Protocol):
    """A source of random sequences."""

    def batch(self, rng: np.random.Generator, sequences: int, frames: int) -> Batch:
        """Draw B = `sequences` of T = `frames`; with spectra if there are any."""


class ValidationData(Protocol):
    """A source that can be walked through in order."""

    def sequences(self, frames: int, sequences: int) -> Iterator[Batch]:
        """Batches as above, every frame at most once, the same ones each time."""
