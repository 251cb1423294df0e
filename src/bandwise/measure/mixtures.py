"""Test mixtures, the same for the same seed, of a data folder's valid split."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bandwise.manifest import Row
from bandwise.measure.excerpts import in_room, noise_excerpt, speech_excerpt
from bandwise.measure.levels import active_speech, mean_square_db
from bandwise.measure.pairs import Audio, Pair
from bandwise.measure.valid_split import SAMPLE_RATE, ValidSplit, by_turns

LEVELS_DBFS = (-32.0, -20.0)  # active speech level: from a distant to a close microphone
PEAK = 0.99


@dataclass(frozen=True)
class MixtureSettings:
    """What to mix. A smaller `count` gives the first mixtures of a larger one.

    `rooms`: every third mixture is heard through a room; its reference keeps the early reflections only.
    """

    count: int = 60
    snrs_db: Sequence[float] = (0.0, 5.0, 10.0, 15.0)
    seed: int = 1
    seconds: float = 10.0
    rooms: bool = False


def mixtures(split: ValidSplit, settings: MixtureSettings) -> Iterator[Pair]:
    """`count` pairs at 48 kHz, in turn through languages, noise classes and SNRs.

    The SNR is active speech level (ITU-T P.56) minus the noise's mean square; the speech stands at -32 to -20
    dBFS, and both go down together if the mixture would clip.
    """
    for index in range(settings.count):
        rng = np.random.default_rng([settings.seed, index])
        speech_row = by_turns(split.speech, "language", "speaker", index, settings.seed)
        noise_row = by_turns(split.noise, "class", "path", index, settings.seed + 1)
        room_row = split.rooms[index // 3 % len(split.rooms)] if settings.rooms and index % 3 == 2 else None
        speech = speech_excerpt(split.read("speech", speech_row), settings.seconds, rng)
        noise = noise_excerpt(split.read("noise", noise_row), len(speech), rng)
        reference, heard = (speech, speech) if room_row is None else _placed(speech, split, room_row)
        snr_db = float(settings.snrs_db[index % len(settings.snrs_db)])
        clean, noisy = mix(reference, heard, noise, snr_db, float(rng.uniform(*LEVELS_DBFS)))
        yield Pair(
            name=f"{index:03d}-{_stem(speech_row)}-{_stem(noise_row)}",
            clean=clean,
            noisy=noisy,
            sample_rate=SAMPLE_RATE,
            snr_db=snr_db,
            language=speech_row["language"],
            noise=noise_row["class"],
            room=_stem(room_row) if room_row else "",
        )


def clean_speech(split: ValidSplit, settings: MixtureSettings) -> Iterator[Pair]:
    """`count` pairs without any noise, in turn through languages: what a suppressor should leave alone."""
    for index in range(settings.count):
        rng = np.random.default_rng([settings.seed, index])
        row = by_turns(split.speech, "language", "speaker", index, settings.seed)
        speech = speech_excerpt(split.read("speech", row), settings.seconds, rng)
        level_dbfs = float(rng.uniform(*LEVELS_DBFS))
        speech, _ = mix(speech, speech, np.zeros_like(speech), 0.0, level_dbfs)
        name = f"{index:03d}-{_stem(row)}"
        yield Pair(name, speech, speech, SAMPLE_RATE, snr_db=float("inf"), language=row["language"])


def mix(
    reference: Audio, heard: Audio, noise: Audio, snr_db: float, level_dbfs: float
) -> tuple[Audio, Audio]:
    """`(clean, noisy)`: `heard` brought to `level_dbfs` (active level), noise `snr_db` below it.

    `clean` is `reference` scaled as `heard` is.
    """
    gain_db = level_dbfs - active_speech(heard, SAMPLE_RATE)[0]
    noisy = _louder(heard, gain_db) + _louder(noise, level_dbfs - snr_db - mean_square_db(noise))
    headroom = np.float32(min(1.0, PEAK / max(1e-9, float(np.abs(noisy).max()))))
    clean = headroom * _louder(reference, gain_db)
    return clean.astype(np.float32), (headroom * noisy).astype(np.float32)


def _placed(speech: Audio, split: ValidSplit, row: Row) -> tuple[Audio, Audio]:
    return in_room(speech, split.read("rir", row), float(row["rt60_s"]))


def _louder(x: Audio, gain_db: float) -> Audio:
    return np.asarray(x * np.float32(10 ** (gain_db / 20)), dtype=np.float32)


def _stem(row: Row) -> str:
    return Path(row["path"]).stem
