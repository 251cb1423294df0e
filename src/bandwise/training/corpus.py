"""Recordings to train on: manifests read, files decoded once, samples shared by every process.

A data folder holds `speech/`, `noise/` and `rir/`, each with a MANIFEST.csv whose `split` column is obeyed:
nothing of another split is ever read, nor is anything reserved for measurement trained on. Samples are kept
as int16 at 48 kHz mono, each file scaled to the same peak; with a cache folder they lie in one memory-mapped
file that several processes share.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soxr

from bandwise.atomic_file import atomic
from bandwise.errors import BandwiseError
from bandwise.manifest import MANIFEST, manifest_rows, number_in, recording_of
from bandwise.measure.pairs import read_mono
from bandwise.training.recordings import INT16_SCALE, Clip, Recordings
from bandwise.training.reserved import is_reserved, source_of
from bandwise.training.signals import SAMPLE_RATE, Signal, active_rms, as_signal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

STORED_PEAK = 0.9


@dataclass(frozen=True)
class Response:
    """A measured room response and the decay time its manifest states."""

    samples: Signal
    rt60_s: float
    room: str
    source: str = ""
    licence: str = ""


@dataclass(frozen=True)
class Corpus:
    """Speech, noise and measured room responses of one split."""

    speech: Recordings
    noise: Recordings
    responses: list[Response]


def load_corpus(data_dir: Path | str, split: str = "train", cache_dir: Path | str | None = None) -> Corpus:
    """Read everything of one split; decoded samples go to `cache_dir` once, or stay in memory if None.

    Raises BandwiseError for a folder without manifests or a split without recordings.
    """
    root = Path(data_dir)
    return Corpus(
        speech=_load_recordings(root / "speech", split, cache_dir, group="speaker"),
        noise=_load_recordings(root / "noise", split, cache_dir, group="class"),
        responses=[_load_response(root / "rir", row) for row in _manifest(root / "rir", split)],
    )


def decode(path: Path) -> Signal:
    """Any recording that `bandwise enhance` reads, as mono float32 at 48 kHz without its mean.

    Raises:
        BandwiseError: there is none, or it cannot be read, or holds NaN.
    """
    mono, rate = read_mono(path)
    if rate != SAMPLE_RATE:
        mono = soxr.resample(mono, rate, SAMPLE_RATE)
    return as_signal(mono - mono.mean(dtype=np.float64))


COLUMNS = {
    "speech": ("path", "split", "licence", "bandwidth_hz", "speaker"),
    "noise": ("path", "split", "licence", "bandwidth_hz", "class"),
    "rir": ("path", "split", "licence", "rt60_s", "room"),
}


def _manifest(folder: Path, split: str) -> list[dict[str, str]]:
    rows = [row for row in manifest_rows(folder, *COLUMNS[folder.name]) if row["split"] == split]
    if split == "train":
        rows = [row for row in rows if not is_reserved(row)]
    if not rows:
        raise BandwiseError(
            f"{folder / MANIFEST} has no row of split {split!r}; use a split its manifest names"
        )
    return rows


def _load_recordings(folder: Path, split: str, cache_dir: Path | str | None, group: str) -> Recordings:
    rows = _manifest(folder, split)
    if cache_dir is None:
        decoded = list(_decode_all(folder, rows, group))
        return Recordings(np.concatenate([samples for samples, _ in decoded]), [clip for _, clip in decoded])
    stem = Path(cache_dir) / f"{folder.name}-{split}-{_digest(folder, rows)}"
    if not stem.with_suffix(".json").is_file():
        _write_cache(stem, _decode_all(folder, rows, group))
    clips = [Clip(**entry) for entry in json.loads(stem.with_suffix(".json").read_text("utf-8"))]
    return Recordings(np.memmap(stem.with_suffix(".i16"), dtype=np.int16, mode="r"), clips)


def _digest(folder: Path, rows: list[dict[str, str]]) -> str:
    """Of what the list says, of what its files are like now, and of how they are kept here."""
    files = [recording_of(folder, row).stat() for row in rows]
    written = [(file.st_size, file.st_mtime_ns) for file in files]
    known = [rows, written, [f.name for f in fields(Clip)], STORED_PEAK, INT16_SCALE]
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]


def _decode_all(
    folder: Path, rows: list[dict[str, str]], group: str
) -> Iterator[tuple[NDArray[np.int16], Clip]]:
    start = 0
    for row in rows:
        signal = decode(recording_of(folder, row))
        peak = float(np.abs(signal).max(initial=0.0))
        if peak == 0.0 or not active_rms(signal):  # what has no level cannot be brought to one
            continue
        signal *= STORED_PEAK / peak
        yield np.round(signal * INT16_SCALE).astype(np.int16), _clip(row, group, start, signal)
        start += len(signal)
    if not start:
        raise BandwiseError(f"got {folder} with nothing but silence in it; recordings are needed; add some")


def _clip(row: dict[str, str], group: str, start: int, signal: Signal) -> Clip:
    return Clip(
        name=row["path"],
        group=row[group],
        kind=row.get("kind", "speech"),
        source=source_of(row),
        licence=row["licence"],
        bandwidth_hz=min(number_in(row, "bandwidth_hz"), SAMPLE_RATE / 2),
        start=start,
        length=len(signal),
        active_rms=active_rms(signal),
    )


def _write_cache(stem: Path, decoded: Iterator[tuple[NDArray[np.int16], Clip]]) -> None:
    """Samples first, index last: an index that exists has all its samples."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    clips: list[dict[str, Any]] = []
    with atomic(stem.with_suffix(".i16")) as partial, partial.open("wb") as out:
        for samples, clip in decoded:
            out.write(samples.tobytes())
            clips.append(asdict(clip))
    with atomic(stem.with_suffix(".json")) as partial:
        partial.write_text(json.dumps(clips), "utf-8")


def _load_response(folder: Path, row: dict[str, str]) -> Response:
    samples = decode(recording_of(folder, row))
    if not samples.any():
        raise BandwiseError(f"got {row['path']}, which is silent; an impulse response is not; take it out")
    return Response(samples, number_in(row, "rt60_s"), row["room"], source_of(row), row["licence"])
