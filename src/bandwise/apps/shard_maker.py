"""Shards for a training run, made beside it by a process of their own."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bandwise.errors import BandwiseError
from bandwise.interrupts import end_when_told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALID_SHARDS = 1
SHARD_MINUTES = 10.0
MOST_SHARDS = 100_000
"""What the seeds of one run have room for."""
VALID_SEED = 2**62
"""Far from any seed of a training shard: no mixture for validation is drawn as one for training was."""


@contextmanager
def shards_of(
    data: Path | None, shards: Path | None, out: Path, hours: float, *, spectra: bool, seed: int
) -> Iterator[tuple[Path, Path]]:
    """Folders of training and validation shards; made from `data` by a process that ends with the block.

    Runs of another `seed` get other mixtures.
    """
    from bandwise.training.shards import finished_shards

    if shards is not None:
        if data is not None:
            raise BandwiseError(f"got {data} and --shards; mixtures are made of one or are there; give one")
        yield shards / "train", shards / "valid"
        return
    if data is None or not data.is_dir():
        raise BandwiseError(
            f"got {data or 'no folder'}; training needs recordings or shards; pass a folder or --shards"
        )
    folders = out / "shards" / "train", out / "shards" / "valid"
    maker = multiprocessing.get_context("spawn").Process(
        target=_make_shards, args=(data, *folders, hours, spectra, seed)
    )
    maker.start()
    try:
        print("mixing the first shard ...", flush=True)
        while not finished_shards(folders[0]):
            if not maker.is_alive():
                raise BandwiseError(
                    f"got no mixtures from {data}; the lines above say why; mend them and start again"
                )
            maker.join(0.5)  # or until it ends
        yield folders
    finally:
        maker.terminate()
        maker.join()


def _make_shards(
    data: Path, train_folder: Path, valid_folder: Path, hours: float, spectra: bool, seed: int
) -> None:
    """Body of the shard process: validation first, then training shards one by one."""
    from bandwise.training.shards import ShardJob, write_shards

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which then ends this process
    end_when_told()
    cache = train_folder.parent / "decoded"
    minutes = min(SHARD_MINUTES, 60 * hours)
    count = max(1, round(60 * hours / minutes))
    job = ShardJob(data, valid_folder, split="valid", cache_dir=cache, minutes=minutes, spectra=spectra)
    try:
        write_shards(job, VALID_SEED, VALID_SHARDS)
        job = replace(job, out_dir=train_folder, split="train")
        write_shards(job, seed * MOST_SHARDS, count, on_shard=_end_with_the_training)
    except BandwiseError as error:
        sys.exit(str(error))


def _end_with_the_training(_shard: Path) -> None:
    """Whoever was killed tells nobody."""
    training = multiprocessing.parent_process()
    if training and not training.is_alive():
        sys.exit(1)
