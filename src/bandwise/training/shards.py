"""Feature shards: examples turned into network inputs and targets once, read by training many times.

A shard is one .npy file of records (features [T, 70] float16, targets [T, 68] float16, bands_valid uint8),
about ten minutes of audio and 17 MB, named by the seed that made it. It appears under its name only when
complete, so training may run while shards are being written.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from bandwise.bands.erb import CENTRES_HZ
from bandwise.errors import BandwiseError
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.features import TARGETS_SIZE as TARGETS
from bandwise.training.corpus import load_corpus
from bandwise.training.mixture_config import MixtureConfig
from bandwise.training.mixtures import Mixer
from bandwise.training.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from bandwise.training.sources import Arrays

HOP_S = 0.010
LAST_BAND_NEEDS_HZ = 19_500.0  # Opus, in which most recordings are kept, stops at 20 kHz

Describe = Callable[[Signal, Signal], tuple[Signal, Signal]]


@dataclass(frozen=True)
class ShardJob:
    """Everything a process needs to write shards: picklable, and the same job writes the same bytes."""

    data_dir: Path
    out_dir: Path
    split: str = "train"
    cache_dir: Path | None = None
    minutes: float = 10.0
    config: MixtureConfig = field(default_factory=MixtureConfig)
    describe: Describe | None = None


def write_shards(
    job: ShardJob,
    first_seed: int,
    count: int,
    processes: int = 1,
    on_shard: Callable[[Path], None] | None = None,
) -> list[Path]:
    """Write shards of seeds first_seed .. first_seed + count - 1; those that exist are left as they are.

    Several processes want a `cache_dir`, so that they share the decoded recordings. `on_shard` is called with
    each path as it is finished. Returns all paths, by seed.
    """
    job.out_dir.mkdir(parents=True, exist_ok=True)
    seeds = range(first_seed, first_seed + count)
    written = []
    for path in _each(job, seeds) if processes == 1 else _spread(job, seeds, processes):
        written.append(path)
        if on_shard:
            on_shard(path)
    return sorted(written)


def shard_name(seed: int) -> str:
    """File name of the shard made from `seed`."""
    return f"shard-{seed:06d}.npy"


def record_type(frames: int) -> np.dtype[np.void]:
    """One example of `frames` frames in a shard."""
    return np.dtype(
        [
            ("features", np.float16, (frames, FEATURES)),
            ("targets", np.float16, (frames, TARGETS)),
            ("bands_valid", np.uint8),
        ]
    )


def bands_below(bandwidth_hz: float) -> int:
    """Number of bands whose target means something when the truth reaches up to `bandwidth_hz`.

    A band counts if the point half way to the next centre lies below: an eighth of its weight is above.
    """
    edges_hz = np.append((CENTRES_HZ[:-1] + CENTRES_HZ[1:]) / 2, LAST_BAND_NEEDS_HZ)
    return int(np.searchsorted(edges_hz, bandwidth_hz, side="right"))


def make_shard(mixer: Mixer, seed: int, examples: int, describe: Describe) -> NDArray[np.void]:
    """`examples` records from `seed`; example i uses generator [seed, i], so none depends on another."""
    records = np.zeros(examples, record_type(round(mixer.config.seconds / HOP_S)))
    for index in range(examples):
        example = mixer.example(np.random.default_rng([seed, index]))
        features, targets = describe(example.clean, example.noisy)
        records[index] = features, targets, bands_below(example.bandwidth_hz)
    if not (np.isfinite(records["features"]).all() and np.isfinite(records["targets"]).all()):
        raise BandwiseError(f"seed {seed} gave values beyond float16; they must be finite; take another seed")
    return records


class ShardReader:
    """Random training sequences out of a folder of shards; shards that appear later join in."""

    def __init__(self, folder: Path | str, rescan_batches: int = 50) -> None:
        self.folder = Path(folder)
        self.rescan_batches = rescan_batches
        self._shards: dict[str, NDArray[np.void]] = {}
        self._calls = 0
        self.rescan()
        if not self._shards:
            raise BandwiseError(
                f"no shards in {self.folder}; a folder of shard-*.npy is needed; write some first"
            )

    def rescan(self) -> None:
        """Open shards that were finished since the last look."""
        for path in sorted(self.folder.glob("shard-*.npy")):
            if path.name not in self._shards:
                self._shards[path.name] = np.load(path, mmap_mode="r")

    @property
    def minutes(self) -> float:
        """Audio in the shards known now."""
        return sum(shard["bands_valid"].size * _frames(shard) for shard in self._shards.values()) * HOP_S / 60

    def batch(self, rng: np.random.Generator, sequences: int, frames: int) -> Arrays:
        """Random sequences of `frames` frames from random places.

        features float32 [sequences, frames, 70], targets float32 [sequences, frames, 68],
        bands_valid int64 [sequences]: the targets of bands from there up mean nothing.
        """
        self._calls += 1
        if self._calls % self.rescan_batches == 0:
            self.rescan()
        shards = list(self._shards.values())
        batch = _empty_batch(sequences, frames)
        for row in range(sequences):
            shard = shards[int(rng.integers(len(shards)))]
            start = int(rng.integers(_check_frames(shard, frames) + 1))
            _copy(shard[int(rng.integers(len(shard)))], start, batch, row)
        return batch

    def sequences(self, frames: int, sequences: int) -> Iterator[Arrays]:
        """Everything once, in order, in batches of at most `sequences`: for validation."""
        rows = list(self._rows(frames))
        for first in range(0, len(rows), sequences):
            part = rows[first : first + sequences]
            batch = _empty_batch(len(part), frames)
            for row, (record, start) in enumerate(part):
                _copy(record, start, batch, row)
            yield batch

    def _rows(self, frames: int) -> Iterator[tuple[np.void, int]]:
        for shard in self._shards.values():
            _check_frames(shard, frames)
            for record in shard:
                for start in range(0, _frames(shard) - frames + 1, frames):
                    yield record, start


def _each(job: ShardJob, seeds: range) -> Iterator[Path]:
    return (_write_seed(job, seed) for seed in seeds)


def _spread(job: ShardJob, seeds: range, processes: int) -> Iterator[Path]:
    _load_mixer(job)  # fills the cache before the others look for it
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_write_seed, job, seed) for seed in seeds]):
            yield future.result()


def _write_seed(job: ShardJob, seed: int) -> Path:
    path = job.out_dir / shard_name(seed)
    if not path.exists():
        examples = max(1, round(job.minutes * 60 / job.config.seconds))
        _write_atomically(path, make_shard(_load_mixer(job), seed, examples, job.describe or _oracle()))
    return path


@lru_cache(maxsize=1)
def _load_mixer(job: ShardJob) -> Mixer:
    return Mixer(load_corpus(job.data_dir, job.split, job.cache_dir), config=job.config)


def _oracle() -> Describe:
    from bandwise.suppress.oracle import features_and_targets

    return features_and_targets


def _write_atomically(path: Path, records: NDArray[np.void]) -> None:
    partial = path.with_name(f".{path.stem}.{os.getpid()}.part")
    with partial.open("wb") as out:
        np.save(out, records)
    partial.replace(path)


def _frames(shard: NDArray[np.void]) -> int:
    return int(shard.dtype["features"].shape[0])


def _check_frames(shard: NDArray[np.void], frames: int) -> int:
    """The latest start of a sequence of `frames` frames."""
    latest = _frames(shard) - frames
    if latest < 0:
        raise BandwiseError(
            f"got sequences of {frames} frames; these shards hold at most {_frames(shard)}; ask for fewer"
        )
    return latest


def _empty_batch(sequences: int, frames: int) -> Arrays:
    return (
        np.empty((sequences, frames, FEATURES), np.float32),
        np.empty((sequences, frames, TARGETS), np.float32),
        np.empty(sequences, np.int64),
    )


def _copy(record: np.void, start: int, batch: Arrays, row: int) -> None:
    features, targets, bands_valid = batch
    span = slice(start, start + features.shape[1])
    features[row] = record["features"][span]
    targets[row] = record["targets"][span]
    bands_valid[row] = record["bands_valid"]
