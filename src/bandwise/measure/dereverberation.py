"""Speech in rooms without any noise: what is heard, what is wanted of it, and how words decay in each."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.measure.excerpts import in_room, speech_excerpt
from bandwise.measure.figures import new_figure
from bandwise.measure.mixtures import mix
from bandwise.measure.pairs import Audio, Pair
from bandwise.measure.reverberation import STEP_S, decay_curves_db, word_ends
from bandwise.measure.valid_split import SAMPLE_RATE, ValidSplit, by_turns

LEVEL_DBFS = -26.0
SILENCE_AFTER_S = 1.0

Curves = dict[str, NDArray[np.float64]]


@dataclass(frozen=True)
class Room:
    """A response at 48 kHz and how long its sound takes to fall by 60 dB."""

    name: str
    response: Audio
    rt60_s: float


def room_pairs(
    split: ValidSplit, rooms: Sequence[Room], each: int, seconds: float = 10.0, seed: int = 1
) -> Iterator[tuple[Pair, Audio]]:
    """`each` voices in every room, the same in all, in turn through languages: `(pair, dry voice)`.

    `pair.clean` keeps the early reflections and a decay of 200 ms; a second of silence follows the voice.
    """
    for room in rooms:
        for index in range(each):
            rng = np.random.default_rng([seed, index])
            row = by_turns(split.speech, "language", "speaker", index, seed)
            dry = speech_excerpt(split.read("speech", row), seconds, rng)
            dry = np.pad(dry, (0, round(SILENCE_AFTER_S * SAMPLE_RATE)))
            wanted, heard = in_room(dry, room.response, room.rt60_s)
            clean, noisy = mix(wanted, heard, np.zeros_like(heard), 0.0, LEVEL_DBFS)
            name = f"{room.name}-{index:02d}-{Path(row['path']).stem}"
            yield Pair(name, clean, noisy, SAMPLE_RATE, language=row["language"], room=room.name), dry


def median_decays(heard: Sequence[tuple[Audio, Mapping[str, Audio]]]) -> Curves:
    """Decay after word ends in dB re the word, by signal: the median of all ends in `(dry, {name: signal})`.

    A system that mutes one word would rule a mean: what follows is then far above the word.
    """
    curves: dict[str, list[NDArray[np.float64]]] = {}
    for dry, signals in heard:
        ends = word_ends(dry, SAMPLE_RATE)
        for name, signal in signals.items():
            curves.setdefault(name, []).append(decay_curves_db(signal, ends, SAMPLE_RATE))
    return {name: np.median(np.concatenate(some), axis=0) for name, some in curves.items()}


def draw_decays(path: Path, by_room: Mapping[str, Curves]) -> None:
    """One panel per room, a line per signal. Needs matplotlib."""
    figure = new_figure(3.2 * len(by_room), 3.2)
    panels = figure.subplots(1, len(by_room), sharey=True, squeeze=False)[0]
    for axes, (room, curves) in zip(panels, by_room.items(), strict=True):
        for name, curve in curves.items():
            axes.plot(1000 * STEP_S * np.arange(len(curve)), curve, label=name)
        axes.set_title(room)
        axes.set_xlabel("ms after the word")
        axes.grid(visible=True, alpha=0.3)
    panels[0].set_ylabel("dB re the word")
    panels[0].set_ylim(-60, 3)
    panels[0].legend(fontsize="small")
    figure.savefig(path)
