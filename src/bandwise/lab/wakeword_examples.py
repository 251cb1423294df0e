"""Examples to train the small wake word detector on: words in rooms, in music, speech and noise."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.device.logmel import HOP, SAMPLE_RATE, WINDOW, features
from bandwise.device.room import through
from bandwise.lab.data_folder import listed, read_at
from bandwise.lab.rates import BACKGROUND
from bandwise.lab.talker import WAKE_WORD, Word, recorded_words
from bandwise.measure.levels import rms

Doubles = NDArray[np.float64]

SECONDS = 3.0
SAMPLES = round(SECONDS * SAMPLE_RATE)
SHARE_OF_WORD, SHARE_OF_OTHER = 0.45, 0.3  # the rest is sound without any of the words
SNR_DB = (-6.0, 30.0)
LEVEL_DBFS = (-50.0, -12.0)
SPEED = (0.88, 1.12)
DUE_S, LATE_S = 0.05, 0.30  # the network shall answer from so long before the word's end to so long after
IGNORE, OTHER, WORD = -1, 0, 1


@dataclass(frozen=True)
class Sounds:
    """Recordings at 16 kHz: the wake word, other words, and sound without them."""

    words: list[Doubles]
    others: list[Doubles]
    background: list[Doubles]


def load_sounds(data: Path, background_minutes: float, seed: int) -> Sounds:
    """The train rows of wakeword/, music/, noise/ and speech/ in a folder; no other split is read."""
    words = [trimmed(w) for w in recorded_words(data / "wakeword") if w.split == "train"]
    rng = np.random.default_rng(seed)
    background: list[Doubles] = []
    for kind in BACKGROUND:
        paths = listed(data / kind, "train")
        left = background_minutes * 60.0 / len(BACKGROUND)
        for k in rng.permutation(len(paths)):
            if left <= 0.0:
                break
            background.append(read_at(paths[int(k)], SAMPLE_RATE))
            left -= len(background[-1]) / SAMPLE_RATE
    return Sounds(
        [w.samples for w in words if w.keyword == WAKE_WORD],
        [w.samples for w in words if w.keyword != WAKE_WORD],
        background,
    )


def trimmed(word: Word) -> Word:
    """The word without silence around it: blocks of 20 ms 30 dB below the loudest are silence."""
    block = SAMPLE_RATE // 50
    count = len(word.samples) // block
    level = np.sqrt(np.square(word.samples[: count * block]).reshape(count, block).mean(axis=1))
    loud = np.flatnonzero(level >= level.max() * 10 ** (-30 / 20))
    return Word(word.keyword, word.samples[loud[0] * block : (loud[-1] + 1) * block], word.split)


def examples(sounds: Sounds, count: int, seed: int) -> Iterator[tuple[NDArray[np.float32], NDArray[np.int8]]]:
    """`count` pairs of features (frames, BANDS) and labels (frames,): IGNORE, OTHER or WORD."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        x, end = _scene(sounds, rng)
        heard = features(x)
        yield heard, labels(len(heard), end)


def labels(frames: int, end_samples: int | None) -> NDArray[np.int8]:
    """WORD around the end of the wake word, IGNORE shortly before and after, else OTHER."""
    out = np.full(frames, OTHER, np.int8)
    if end_samples is not None:
        times = (np.arange(frames) * HOP + WINDOW - end_samples) / SAMPLE_RATE
        out[(times > -DUE_S - 0.3) & (times < LATE_S + 0.3)] = IGNORE
        out[(times > -DUE_S) & (times < LATE_S)] = WORD
    return out


def _scene(sounds: Sounds, rng: np.random.Generator) -> tuple[Doubles, int | None]:
    """Three seconds of sound, and where the wake word in it ends."""
    out = _background(sounds, rng)
    draw, end = rng.random(), None
    if draw < SHARE_OF_WORD + SHARE_OF_OTHER:
        is_word = draw < SHARE_OF_WORD
        pool = sounds.words if is_word else sounds.others
        word = _varied(pool[int(rng.integers(len(pool)))], rng)
        if not is_word and rng.random() < 0.4:  # a half of the wake word is another word, too
            whole = _varied(sounds.words[int(rng.integers(len(sounds.words)))], rng)
            middle = round(len(whole) * rng.uniform(0.4, 0.6))
            word = whole[:middle] if rng.random() < 0.5 else whole[middle:]
        word = word[: SAMPLES - 8000]
        start = int(rng.integers(2000, SAMPLES - len(word) - 5500))
        sounding = np.zeros(SAMPLES)
        sounding[start : start + len(word)] = word / max(rms(word), 1e-9)
        sounding = _in_room(sounding, rng)
        out = sounding + out * 10 ** (-rng.uniform(*SNR_DB) / 20)
        end = start + len(word) if is_word else None
    level = 10 ** (rng.uniform(*LEVEL_DBFS) / 20) / max(rms(out), 1e-9)
    return np.asarray(np.clip(level * out, -1.0, 1.0)), end


def _background(sounds: Sounds, rng: np.random.Generator) -> Doubles:
    """Sound at RMS 1 from a random place of a random recording, or white noise."""
    if rng.random() < 0.1:
        return rng.standard_normal(SAMPLES)
    source = sounds.background[int(rng.integers(len(sounds.background)))]
    start = int(rng.integers(max(1, len(source) - SAMPLES)))
    part = np.resize(source[start : start + SAMPLES], SAMPLES)
    return np.asarray(part / max(rms(part), 1e-6))


def _varied(word: Doubles, rng: np.random.Generator) -> Doubles:
    """Faster or slower, and tilted by up to 3 dB per octave or so."""
    speed = rng.uniform(*SPEED)
    at = np.arange(0, len(word) - 1, speed)
    faster = np.interp(at, np.arange(len(word)), word)
    tilt = rng.uniform(-0.6, 0.6)
    return np.asarray(faster + tilt * np.append(0.0, faster[:-1]))


def _in_room(x: Doubles, rng: np.random.Generator) -> Doubles:
    """Decaying noise behind the direct sound: RT60 from 0.1 to 0.6 s, direct to reverberant 0 to 15 dB."""
    rt60 = rng.uniform(0.1, 0.6)
    decay = -3 * np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE / rt60
    tail = rng.standard_normal(len(decay)) * 10**decay
    tail[: SAMPLE_RATE // 200] = 0.0
    tail *= 10 ** (-rng.uniform(0.0, 15.0) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return through(x, tail)
