"""What the loudspeaker plays: recordings of a data folder, or music made here where there are none."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.lab.data_folder import read_at
from bandwise.manifest import manifest_rows, recording_of
from bandwise.measure.loudness import integrated_loudness

Doubles = NDArray[np.float64]

SAMPLE_RATE = 48_000
LOUDNESS_LUFS = -14.0  # what streaming services play at
BEATS_PER_MINUTE = (88.0, 104.0, 120.0, 96.0)
CHORDS = ((0, 3, 7), (-4, 0, 3), (3, 7, 10), (-2, 2, 5))  # semitones: minor, and three relatives


@dataclass(frozen=True)
class Piece:
    """A piece of music: (frames,) mono at 48 kHz, -14 LUFS, and whether its bass is strong."""

    name: str
    samples: Doubles
    bass_heavy: bool


def recorded(folder: Path, seconds: float, *, split: str | None = None) -> list[Piece]:
    """The middle of all recordings that a MANIFEST.csv in `folder` lists (columns path, bass_heavy, split).

    Raises:
        BandwiseError: without a manifest, or without a row in it that has strong bass.
    """
    rows = [row for row in manifest_rows(folder, "path", "bass_heavy") if split in {None, row.get("split")}]
    if not rows:
        raise BandwiseError(f"got {folder}, whose list has nothing that is wanted; check its column split")
    if not any(row["bass_heavy"] == "yes" for row in rows):
        raise BandwiseError(
            f"got {folder}, whose list has no recording of strong bass that is wanted; one is needed; "
            "write yes under bass_heavy at those that have it"
        )
    return [_read(recording_of(folder, row), seconds, row.get("bass_heavy") == "yes") for row in rows]


def _read(path: Path, seconds: float, bass_heavy: bool) -> Piece:
    mono = read_at(path, SAMPLE_RATE)
    wanted = min(len(mono), round(seconds * SAMPLE_RATE))
    start = (len(mono) - wanted) // 2
    return Piece(path.stem, normalised(mono[start : start + wanted]), bass_heavy)


def synthesised(count: int, seconds: float, seed: int) -> list[Piece]:
    """Music made here: kick, bass line, chords, hats; every third piece is chords and hats alone."""
    rng = np.random.default_rng(seed)
    return [_compose(k, seconds, rng, bass_heavy=k % 3 != 2) for k in range(count)]


def _compose(k: int, seconds: float, rng: np.random.Generator, *, bass_heavy: bool) -> Piece:
    beat_s = 60.0 / BEATS_PER_MINUTE[k % len(BEATS_PER_MINUTE)]
    out = np.zeros(round((seconds + 2.0) * SAMPLE_RATE))
    root_hz = 55.0 * 2.0 ** (float(rng.integers(-3, 5)) / 12.0)
    for step in range(int(2 * seconds / beat_s) + 1):
        at, chord = step * beat_s / 2, CHORDS[(step // 8) % 4]
        if bass_heavy:
            if step % 2 == 0:
                _add(out, at, 0.9 * _kick())
            note = chord[0] + (0 if step % 8 < 6 else 12)
            _add(out, at, 0.55 * _pluck(root_hz * 2 ** (note / 12), beat_s / 2, 5))
        if step % 4 == 0:
            for semitone in chord:
                _add(out, at, 0.10 * _pluck(4 * root_hz * 2 ** (semitone / 12), 2 * beat_s, 9))
        _add(out, at, (0.05 if step % 2 else 0.12) * _hat(rng))
    return Piece(f"synthetic-{k}", normalised(out[: round(seconds * SAMPLE_RATE)]), bass_heavy)


def _add(out: Doubles, at_s: float, sound: Doubles) -> None:
    start = round(at_s * SAMPLE_RATE)
    part = out[start : start + len(sound)]
    part += sound[: len(part)]


def _kick() -> Doubles:
    """A sine that falls from 120 to 48 Hz and dies."""
    t = np.arange(round(0.3 * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2.0 * np.pi * (48.0 * t + 72.0 * 0.03 * (1.0 - np.exp(-t / 0.03)))
    return np.asarray(np.sin(phase) * np.exp(-t / 0.12))


def _pluck(hz: float, seconds: float, harmonics: int) -> Doubles:
    """A string: harmonics 1 / k, the higher the sooner gone."""
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    tone = sum(np.sin(2 * np.pi * k * hz * t) / k * np.exp(-k * t / seconds) for k in range(1, harmonics + 1))
    return np.asarray(tone * np.minimum(1.0, t / 0.004) * np.minimum(1.0, (seconds - t) / 0.01))


def _hat(rng: np.random.Generator) -> Doubles:
    """A burst of bright noise."""
    noise = rng.standard_normal(round(0.08 * SAMPLE_RATE))
    return np.asarray(np.diff(noise, prepend=0.0) * np.exp(-np.arange(len(noise)) / (0.015 * SAMPLE_RATE)))


def joined(pieces: Sequence[Piece], seconds: float, *, bass_heavy: bool) -> Doubles:
    """The middle of every bass-heavy piece, or of every other, one after the other."""
    size = round(seconds * SAMPLE_RATE)
    parts = [p.samples for p in pieces if p.bass_heavy == bass_heavy]
    cut = [x[max(0, (len(x) - size) // 2) :][:size] for x in parts]
    return np.concatenate(cut) if cut else np.zeros(0)


def excerpt(pieces: Sequence[Piece], seconds: float) -> tuple[Doubles, float]:
    """As much in all, in equal shares from every bass-heavy piece; and the seconds of a share."""
    share = seconds / max(sum(piece.bass_heavy for piece in pieces), 1)
    return joined(pieces, share, bass_heavy=True), share


def normalised(x: Doubles) -> Doubles:
    """At -14 LUFS; peaks may pass 1, as the volume control is what decides about peaks."""
    loudness = integrated_loudness(x, SAMPLE_RATE)
    return x * 10 ** ((LOUDNESS_LUFS - loudness) / 20) if np.isfinite(loudness) else x
