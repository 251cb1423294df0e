"""Recordings of a data folder as wake word detectors hear them: one split, mono, at 16 kHz."""

import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.talker import SAMPLE_RATE


def listed(folder: Path, split: str) -> list[Path]:
    """Files of the split by the MANIFEST.csv in `folder` (columns path, split); none without a manifest."""
    manifest = folder / "MANIFEST.csv"
    if not manifest.is_file():
        return []
    with manifest.open(encoding="utf-8", newline="") as file:
        return [folder / row["path"] for row in csv.DictReader(file) if row.get("split") == split]


def read_at_16k(path: Path) -> NDArray[np.float64]:
    """Samples (n,) of a file, channels averaged."""
    import soundfile
    import soxr

    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    return np.asarray(soxr.resample(samples.mean(axis=1), rate, SAMPLE_RATE), dtype=np.float64)
