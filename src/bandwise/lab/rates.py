"""How well wake word detectors do: hits and false alarms per hour on the valid split of a data folder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.device.wakeword import Rates, WakeWordDetector, detections
from bandwise.errors import BandwiseError
from bandwise.lab.data_folder import listed, read_at
from bandwise.lab.talker import SAMPLE_RATE, WAKE_WORD, Word, loudest_rms, recorded_words
from bandwise.measure.levels import rms

Doubles = NDArray[np.float64]

SPLIT = "valid"
LEVEL = 10 ** (-26 / 20)  # RMS of every recording, of words that of their loudest half second
BEFORE_S, AFTER_S = 0.5, 1.0  # of silence, or noise, around a word
BACKGROUND = ("speech", "music", "noise")


def valid_words(data: Path) -> list[Word]:
    """The words of the split in wakeword/, with room around them.

    Raises:
        BandwiseError: if there is none.
    """
    around = (round(BEFORE_S * SAMPLE_RATE), round(AFTER_S * SAMPLE_RATE))
    words = [
        Word(w.keyword, np.pad(w.samples * LEVEL / max(loudest_rms(w.samples), 1e-12), around), w.split)
        for w in recorded_words(data / "wakeword")
        if w.split == SPLIT
    ]
    if not any(w.keyword == WAKE_WORD for w in words):
        raise BandwiseError(
            f"got {data}, which has no {SPLIT} clips of {WAKE_WORD}; some are needed; add them"
        )
    return words


def background(data: Path) -> list[Doubles]:
    """The split of speech/, music/ and noise/ at 16 kHz: sound without the word."""
    paths = [path for kind in BACKGROUND for path in listed(data / kind, SPLIT)]
    sounds = [read_at(path, SAMPLE_RATE) for path in paths]
    return [np.clip(x * LEVEL / max(rms(x), 1e-9), -1.0, 1.0) for x in sounds]


def rates(detector: WakeWordDetector, words: Sequence[Word], without_word: Sequence[Doubles]) -> Rates:
    """Hits among the wake words; false alarms in everything else, other words included."""
    own = [w.samples for w in words if w.keyword == WAKE_WORD]
    other = [w.samples for w in words if w.keyword != WAKE_WORD] + list(without_word)
    hits = sum(len(detections(detector, x)) > 0 for x in own)
    false = sum(len(detections(detector, x)) for x in other)
    return Rates(len(own), hits, false, sum(map(len, other)) / SAMPLE_RATE / 3600.0)


def with_noise(words: Sequence[Word], noises: Sequence[Doubles], snr_db: float, seed: int) -> list[Word]:
    """Each wake word with a piece of noise so far below it."""
    rng, long_enough = np.random.default_rng(seed), [x for x in noises if len(x) > 5 * SAMPLE_RATE]
    if not long_enough:
        raise BandwiseError(
            f"got no background longer than 5 s of the split {SPLIT!r}; noise/, music/ or speech/ of the "
            "data folder need some; add recordings"
        )
    out = []
    for word in (w for w in words if w.keyword == WAKE_WORD):
        noise = long_enough[int(rng.integers(len(long_enough)))]
        start = int(rng.integers(max(1, len(noise) - len(word.samples))))
        piece = np.resize(noise[start : start + len(word.samples)], len(word.samples))
        gain = LEVEL * 10 ** (-snr_db / 20) / max(rms(piece), 1e-9)
        out.append(Word(word.keyword, word.samples + gain * piece, word.split))
    return out
