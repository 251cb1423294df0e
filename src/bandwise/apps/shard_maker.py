"""Shards for a training run, made beside it by a process of their own."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

VALID_SHARDS = 2
SHARD_MINUTES = 10.0


@contextmanager
def shards_of(
    data: Path | None, shards: Path | None, out: Path, hours: float, *, spectra: bool
) -> Iterator[tuple[Path, Path]]:
    """Folders of training and validation shards; made from `data` by a process that ends with the block."""
    from bandwise.training.shards import finished_shards

    if shards is not None:
        yield shards / "train", shards / "valid"
        return
    if data is None or not data.is_dir():
        raise BandwiseError(
            f"got {data or 'no folder'}; training needs recordings or shards; pass a folder or --shards"
        )
    folders = out / "shards" / "train", out / "shards" / "valid"
    maker = multiprocessing.get_context("spawn").Process(
        target=_make_shards, args=(data, *folders, hours, spectra)
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


def _make_shards(data: Path, train_folder: Path, valid_folder: Path, hours: float, spectra: bool) -> None:
    """Body of the shard process: validation first, then training shards one by one."""
    from bandwise.training.shards import ShardJob, write_shards

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training, which then ends this process
    cache = train_folder.parent / "decoded"
    minutes = min(SHARD_MINUTES, 60 * hours)
    count = max(1, round(60 * hours / minutes))
    job = ShardJob(data, valid_folder, split="valid", cache_dir=cache, minutes=minutes, spectra=spectra)
    try:
        write_shards(job, 0, VALID_SHARDS)
        write_shards(replace(job, out_dir=train_folder, split="train"), 0, count)
    except BandwiseError as error:
        sys.exit(str(error))
