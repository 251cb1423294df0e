"""Who speaks to the device: recorded words, one after the other, at the microphone, while music plays."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.device.room import Paths, through
from bandwise.lab.data_folder import read_at
from bandwise.manifest import manifest_rows, recording_of

Doubles = NDArray[np.float64]

SAMPLE_RATE = 16_000
WAKE_WORD = "alexa"
LEAD_S = 15.0  # of music alone: the echo canceller settles
PAUSE_S = (1.2, 2.0)
LATE_S = 1.0  # a detection counts until so long after the word
LEVEL_WINDOW_S = 0.5


@dataclass(frozen=True)
class Word:
    """A recording of a word, (n,) at 16 kHz, and which word."""

    keyword: str
    samples: Doubles
    split: str = ""


@dataclass(frozen=True)
class Speech:
    """What the microphone hears of the talker, (n,), and where each word lies in seconds."""

    samples: Doubles
    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    words: tuple[Word, ...]

    def seconds_without(self) -> float:
        """Seconds in which no wake word is due."""
        due = sum(
            end + LATE_S - start
            for start, end, word in zip(self.starts_s, self.ends_s, self.words, strict=True)
            if word.keyword == WAKE_WORD
        )
        return len(self.samples) / SAMPLE_RATE - due


def recorded_words(folder: Path) -> list[Word]:
    """The words that MANIFEST.csv in `folder` lists (columns path, keyword, split).

    Raises:
        BandwiseError: without a manifest, or a recording that it lists.
    """
    return [
        Word(row["keyword"], read_at(recording_of(folder, row), SAMPLE_RATE), row.get("split") or "")
        for row in manifest_rows(folder, "path", "keyword")
    ]


def spoken(words: list[Word], room: Paths, rms: float, rng: np.random.Generator) -> Speech:
    """All words in random order, with pauses, through the room; the loudest half second of each at `rms`.

    Without words it is silence, in which the echo can still be measured.
    """
    order = [words[k] for k in rng.permutation(len(words))]
    path = room.talker_path(SAMPLE_RATE)
    pieces, starts, ends, at = [np.zeros(round(LEAD_S * SAMPLE_RATE))], [], [], LEAD_S
    for word in order:
        heard = through(np.pad(word.samples, (0, SAMPLE_RATE // 4)), path)
        heard *= rms / max(loudest_rms(heard), 1e-12)
        pause = np.zeros(round(float(rng.uniform(*PAUSE_S)) * SAMPLE_RATE))
        pieces += [heard, pause]
        starts.append(at)
        ends.append(at + len(heard) / SAMPLE_RATE)
        at = ends[-1] + len(pause) / SAMPLE_RATE
    return Speech(np.concatenate(pieces), tuple(starts), tuple(ends), tuple(order))


def loudest_rms(x: Doubles) -> float:
    """RMS of the loudest half second."""
    size = min(len(x), round(LEVEL_WINDOW_S * SAMPLE_RATE))
    total = np.concatenate([[0.0], np.cumsum(np.square(x))])
    return float(np.sqrt((total[size:] - total[:-size]).max() / size))


class Counts(NamedTuple):
    """Wake words, those heard, false accepts, and what became of each word in turn: h heard, m missed."""

    words: int
    heard: int
    false_accepts: int
    each: str


def counted(speech: Speech, found_s: Doubles, split: str | None = None) -> Counts:
    """What detections at `found_s` are worth.

    With `split` only wake words of that split count as words; detections of any word of it are never false.
    """
    each, due = "", np.zeros(len(found_s), dtype=bool)
    for start, end, word in zip(speech.starts_s, speech.ends_s, speech.words, strict=True):
        if word.keyword != WAKE_WORD:
            continue
        inside = (found_s >= start) & (found_s <= end + LATE_S)
        due |= inside
        if split is None or word.split == split:
            each += "h" if inside.any() else "m"
    return Counts(len(each), each.count("h"), int(np.count_nonzero(~due)), each)


def silent_mask(speech: Speech) -> NDArray[np.bool_]:
    """Where nobody speaks and the canceller has settled: there its residual is measured."""
    mask = np.ones(len(speech.samples), dtype=bool)
    mask[: round(LEAD_S / 2 * SAMPLE_RATE)] = False
    for start, end in zip(speech.starts_s, speech.ends_s, strict=True):
        mask[round(start * SAMPLE_RATE) : round((end + 0.3) * SAMPLE_RATE)] = False
    return mask
