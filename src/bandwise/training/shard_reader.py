"""Random or ordered sequences out of a folder of shards, for training and validation.

A network of a million weights learns mixtures by heart that it hears again and again, and then seems to be
better than it is. So each is heard once before any is heard twice, and those that were just made come first.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bandwise.errors import BandwiseError
from bandwise.training.records import copy_sequence, empty_batch, frames_in, has_spectra, latest_start
from bandwise.training.shards import HOP_S, finished_shards

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bandwise.training.sources import Batch


Place = tuple[str, int]
"""Name of a shard, number of a record in it."""


class ShardReader:
    """Training sequences out of a folder of shards, round by round; shards that appear later join in."""

    def __init__(self, folder: Path | str, rescan_batches: int = 50) -> None:
        self.folder = Path(folder)
        self.rescan_batches = rescan_batches
        self._shards: dict[str, NDArray[np.void]] = {}
        self._fresh: list[Place] = []
        self._waiting: list[Place] = []
        self._calls = 0
        self.rescan()
        if not self._shards:
            raise BandwiseError(
                f"no shards in {self.folder}; a folder of shard-*.npy is needed; write some first"
            )

    def rescan(self) -> None:
        """Open shards that were finished since the last look."""
        for path in finished_shards(self.folder):
            if path.name not in self._shards:
                self._shards[path.name] = np.load(path, mmap_mode="r")
                self._fresh += self._places(path.name)

    @property
    def minutes(self) -> float:
        """Audio in the shards known now."""
        frames = sum(len(shard) * frames_in(shard) for shard in self._shards.values())
        return frames * HOP_S / 60

    @property
    def spectra(self) -> bool:
        """Whether batches come with those of the low bins: if all shards known now hold them."""
        return all(has_spectra(shard) for shard in self._shards.values())

    def batch(self, rng: np.random.Generator, sequences: int, frames: int) -> Batch:
        """Sequences of `frames` frames from random places of the records whose turn it is."""
        self._calls += 1
        if self._calls % self.rescan_batches == 0:
            self.rescan()
        batch = empty_batch(sequences, frames, spectra=self.spectra)
        for row in range(sequences):
            name, number = self._next(rng)
            shard = self._shards[name]
            start = int(rng.integers(latest_start(shard, frames) + 1))
            copy_sequence(shard[number], start, batch, row)
        return batch

    def _next(self, rng: np.random.Generator) -> Place:
        """Whose turn it is: every record once, in random order, before any again; new ones first."""
        if not (self._fresh or self._waiting):
            self._fresh = [place for name in self._shards for place in self._places(name)]
        if self._fresh:
            self._waiting += [self._fresh[i] for i in rng.permutation(len(self._fresh))]
            self._fresh = []
        return self._waiting.pop()

    def _places(self, name: str) -> list[Place]:
        return [(name, number) for number in range(len(self._shards[name]))]

    def sequences(self, frames: int, sequences: int) -> Iterator[Batch]:
        """Every sequence of `frames` once, in order, in batches of at most `sequences`: for validation.

        What an example holds beyond a whole number of these is left out.
        """
        rows = list(self._rows(frames))
        for first in range(0, len(rows), sequences):
            part = rows[first : first + sequences]
            batch = empty_batch(len(part), frames, spectra=self.spectra)
            for row, (record, start) in enumerate(part):
                copy_sequence(record, start, batch, row)
            yield batch

    def _rows(self, frames: int) -> Iterator[tuple[np.void, int]]:
        for shard in self._shards.values():
            latest_start(shard, frames)
            for record in shard:
                for start in range(0, frames_in(shard) - frames + 1, frames):
                    yield record, start
