"""Recordings of a data folder, as its MANIFEST.csv lists them."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.measure.pairs import read_mono

Doubles = NDArray[np.float64]


def rows_of(folder: Path, *columns: str) -> list[dict[str, str]]:
    """The rows of the MANIFEST.csv in `folder`, which has at least these columns.

    Raises:
        BandwiseError: without a manifest or a column.
    """
    manifest = folder / "MANIFEST.csv"
    if not manifest.is_file():
        raise BandwiseError(f"got {folder}, which has no MANIFEST.csv; a list of files is needed; add one.")
    with manifest.open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        missing = [name for name in columns if name not in (table.fieldnames or ())]
        if missing:
            raise BandwiseError(f"got {manifest} without the column {missing[0]}, which is needed; add it.")
        rows = list(table)
    if any(row[name] is None for row in rows for name in columns):
        raise BandwiseError(f"got {manifest} with a row that is too short; every column is needed; mend it.")
    return rows


def read_at(path: Path, sample_rate: int) -> Doubles:
    """Samples (n,) of a recording at this rate, channels averaged.

    Raises:
        BandwiseError: for what is missing, damaged or not audio.
    """
    import soxr

    samples, rate = read_mono(path)
    mono = samples.astype(np.float64)
    return mono if rate == sample_rate else np.asarray(soxr.resample(mono, rate, sample_rate))


def listed(folder: Path, split: str) -> list[Path]:
    """Files of the split, one of its columns; none where the folder has no manifest."""
    if not (folder / "MANIFEST.csv").is_file():
        return []
    return [folder / row["path"] for row in rows_of(folder, "path", "split") if row["split"] == split]
