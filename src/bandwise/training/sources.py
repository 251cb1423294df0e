"""What a training run asks of its data; `bandwise.training.shards.ShardReader` is both."""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]


class TrainingData(Protocol):
    """A source of random sequences."""

    def batch(self, rng: np.random.Generator, sequences: int, frames: int) -> Arrays:
        """Draw features [B, T, 70], targets [B, T, 68] and the number of meaningful bands [B]."""


class ValidationData(Protocol):
    """A source that can be walked through in order."""

    def sequences(self, frames: int, sequences: int) -> Iterator[Arrays]:
        """Batches as above, every frame at most once, the same ones each time."""
