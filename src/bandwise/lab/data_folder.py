"""Recordings of a data folder, as its MANIFEST.csv lists them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.manifest import MANIFEST, manifest_rows, recording_of
from bandwise.measure.pairs import read_mono

Doubles = NDArray[np.float64]


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
    if not (folder / MANIFEST).is_file():
        return []
    return [
        recording_of(folder, row) for row in manifest_rows(folder, "path", "split") if row["split"] == split
    ]
