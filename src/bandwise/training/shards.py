"""Feature shards: examples turned into network inputs and targets once, read by training many times.

A shard is one .npy file of records (see `bandwise.training.records`), about ten minutes of audio and 17 MB,
66 MB with spectra, named by the seed that made it. It appears under its name only when complete, so training
may run while shards are being written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import TYPE_CHECKING

import numpy as np

from bandwise.atomic_file import atomic
from bandwise.bands.erb import CENTRES_HZ
from bandwise.errors import BandwiseError
from bandwise.processes import spread
from bandwise.suppress.ideal import features_and_targets
from bandwise.training.corpus import load_corpus
from bandwise.training.mixture_config import MixtureConfig
from bandwise.training.mixtures import Mixer
from bandwise.training.records import is_finite, put_spectra, record_type
from bandwise.training.signals import Signal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

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
    describe: Describe = features_and_targets
    spectra: bool = False  # those of the low bins, too, for a network with a deep filter


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
    paths = map(partial(_write_seed, job), seeds) if processes == 1 else _spread(job, seeds, processes)
    for path in paths:
        written.append(path)
        if on_shard:
            on_shard(path)
    return sorted(written)


def shard_name(seed: int) -> str:
    """File name of the shard made from `seed`."""
    return f"shard-{seed:06d}.npy"


def finished_shards(folder: Path) -> list[Path]:
    """The shards of a folder, by seed; one that is being written does not have its name yet."""
    return sorted(folder.glob("shard-*.npy"))


def bands_below(bandwidth_hz: float) -> int:
    """Number of bands whose target means something when the truth reaches up to `bandwidth_hz`.

    A band counts if the point half way to the next centre lies below: an eighth of its weight is above.
    """
    edges_hz = np.append((CENTRES_HZ[:-1] + CENTRES_HZ[1:]) / 2, LAST_BAND_NEEDS_HZ)
    return int(np.searchsorted(edges_hz, bandwidth_hz, side="right"))


def make_shard(
    mixer: Mixer, seed: int, examples: int, describe: Describe, *, spectra: bool = False
) -> NDArray[np.void]:
    """`examples` records from `seed`; example i uses generator [seed, i], so none depends on another."""
    records = np.zeros(examples, record_type(round(mixer.config.seconds / HOP_S), spectra=spectra))
    for index in range(examples):
        example = mixer.example(np.random.default_rng([seed, index]))
        record = records[index]
        record["features"], record["targets"] = describe(example.clean, example.noisy)
        record["bands_valid"] = bands_below(example.bandwidth_hz)
        if spectra:
            put_spectra(record, example.clean, example.noisy)
    if not is_finite(records):
        raise BandwiseError(
            f"seed {seed} gave values beyond float16; they must be finite; look at the recordings"
        )
    return records


def _spread(job: ShardJob, seeds: range, processes: int) -> Iterator[Path]:
    _load_mixer(job)  # fills the cache before the others look for it
    yield from spread(partial(_write_seed, job), seeds, processes)


def _write_seed(job: ShardJob, seed: int) -> Path:
    path = job.out_dir / shard_name(seed)
    if not path.exists():
        examples = max(1, round(job.minutes * 60 / job.config.seconds))
        records = make_shard(_load_mixer(job), seed, examples, job.describe, spectra=job.spectra)
        with atomic(path) as temporary:
            np.save(temporary, records)
    return path


@lru_cache(maxsize=1)
def _load_mixer(job: ShardJob) -> Mixer:
    return Mixer(load_corpus(job.data_dir, job.split, job.cache_dir), config=job.config)
