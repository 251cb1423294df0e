"""Which detectors and which words an experiment takes."""

from collections.abc import Callable, Sequence
from pathlib import Path

from bandwise.device.small_wakeword import SmallWakeWord, is_shipped
from bandwise.device.wakeword import MicroWakeWord, WakeWordDetector
from bandwise.errors import BandwiseError
from bandwise.lab.talker import WAKE_WORD, Word


def detectors_for(
    data: Path | None, any_words: bool, tell: Callable[[str], None]
) -> list[tuple[WakeWordDetector, str | None]]:
    """The ready model of a data folder where it runs, judged on all words; ours, judged on the valid split.

    Returns:
        Pairs of a detector and the split whose wake words it is judged on, None for all.
    """
    if not any_words:
        return []
    found: list[tuple[WakeWordDetector, str | None]] = []
    ready = data / "wakeword" / "models" / "alexa.tflite" if data else None
    if ready and ready.is_file():
        try:
            found.append((MicroWakeWord(ready), None))
        except BandwiseError as reason:
            tell(f"{MicroWakeWord.name} is left out: {reason}")
    if is_shipped():
        found.append((SmallWakeWord(), "valid"))
    return found


def first_of_each(words: Sequence[Word], count: int) -> list[Word]:
    """Spread over the list: at most `count` wake words and a fifth as many others as there are of those."""
    own = [w for w in words if w.keyword == WAKE_WORD]
    other = [w for w in words if w.keyword != WAKE_WORD]
    chosen = _spread(own, count)
    return [*chosen, *_spread(other, len(chosen) // 5)]


def _spread(words: Sequence[Word], count: int) -> list[Word]:
    step = max(1, len(words) // max(count, 1))
    return list(words[::step][:count])
