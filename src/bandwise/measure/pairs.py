"""A clean recording and the noisy one that was made of it, side by side."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.audio_io import read_whole
from bandwise.errors import BandwiseError

Audio = NDArray[np.float32]
LEAST_SECONDS = 0.1
SUFFIXES = frozenset({".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff", ".w64", ".caf"})


@dataclass(frozen=True)
class Pair:
    """One case of an evaluation: `clean[n]` and `noisy[n]`, mono float32, aligned sample by sample."""

    name: str
    clean: Audio
    noisy: Audio
    sample_rate: int
    snr_db: float | None = None
    language: str = ""
    noise: str = ""
    room: str = ""

    @property
    def digest(self) -> str:
        """Tells the samples of one pair from those of any other."""
        samples = (np.ascontiguousarray(x).tobytes() for x in (self.clean, self.noisy))
        return blake2b(b"".join(samples), digest_size=8).hexdigest()


def read_mono(path: Path) -> tuple[Audio, int]:
    """All samples of an audio file, channels averaged: `(float32[n], sample_rate)`."""
    samples, sample_rate = read_whole(str(path))
    if not np.isfinite(samples).all():
        raise BandwiseError(f"{path}: holds NaN or Inf; all samples must be numbers; make it again")
    return samples.mean(axis=1), sample_rate


def matched_files(clean: Path, noisy: Path) -> dict[str, tuple[Path, Path]]:
    """Two files as one couple, or the files of two folders that have the same name, whatever the suffix."""
    if clean.is_file() and noisy.is_file():
        return {noisy.stem: (clean, noisy)}
    for path in (clean, noisy):
        if not path.exists():
            raise BandwiseError(
                f"{path}: no such file or folder; two files or two folders are needed; check the path"
            )
    if clean.is_file() or noisy.is_file():
        raise BandwiseError(f"{clean} and {noisy}: a file and a folder; give two files or two folders")
    references = _by_name(clean)
    found = _by_name(noisy).items()
    couples = {name: (references[name], path) for name, path in found if name in references}
    if not couples:
        raise BandwiseError(
            f"{clean} and {noisy}: no audio files of the same name; pairs are matched by name; rename them"
        )
    return couples


def read_pairs(clean: Path, noisy: Path) -> Iterator[Pair]:
    """Pairs of files, read one by one; the longer file's end is left out.

    Raises:
        BandwiseError: sample rates differ, a file is missing or unreadable, or nothing matches by name.
    """
    for name, (clean_path, noisy_path) in matched_files(clean, noisy).items():
        reference, rate = read_mono(clean_path)
        degraded, noisy_rate = read_mono(noisy_path)
        if rate != noisy_rate:
            raise BandwiseError(
                f"{noisy_path}: {noisy_rate} Hz, not {rate} Hz as {clean_path}; one rate is needed; resample"
            )
        samples = min(len(reference), len(degraded))
        if samples < LEAST_SECONDS * rate:
            raise BandwiseError(
                f"{noisy_path}: {samples / rate:.2g} s with its reference; {LEAST_SECONDS:g} s are needed; "
                "take longer ones"
            )
        yield Pair(name, reference[:samples], degraded[:samples], rate)


def _by_name(folder: Path) -> dict[str, Path]:
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    named: dict[str, Path] = {}
    for path in files:
        other = named.setdefault(str(path.relative_to(folder).with_suffix("")), path)
        if other != path:
            raise BandwiseError(f"{other} and {path}: one name twice; pairs are matched by it; rename one")
    return named


def metadata(pair: Pair) -> dict[str, Any]:
    """Everything about a pair but its samples."""
    return {
        "name": pair.name,
        "snr_db": pair.snr_db,
        "language": pair.language,
        "noise": pair.noise,
        "room": pair.room,
        "seconds": round(len(pair.clean) / pair.sample_rate, 3),
        "digest": pair.digest,
    }
