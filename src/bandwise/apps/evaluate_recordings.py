"""What `bandwise evaluate` measures on: pairs of clean and noisy recordings."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from bandwise.errors import BandwiseError
from bandwise.measure.mixtures import MixtureSettings, clean_speech, mixtures
from bandwise.measure.pairs import Pair, matched_files, read_pairs
from bandwise.measure.valid_split import ValidSplit, listed_files


class Recordings(NamedTuple):
    """What is evaluated: how many pairs, with noise, the same number without, and the files of either."""

    total: int
    noisy: Callable[[], Iterator[Pair]]
    clean: Callable[[], Iterator[Pair]]
    files: Callable[[], tuple[Path, ...]]


def recordings_of(
    data: Path | None, clean: Path | None, noisy: Path | None, settings: MixtureSettings
) -> Recordings:
    """Return mixtures of the valid split of `data`, or the pairs of `clean` and `noisy`, matched by name.

    Raises:
        BandwiseError: for neither, both or half of them.
    """
    if data is not None and not (clean or noisy):
        split = ValidSplit(data)
        return Recordings(
            settings.count,
            partial(mixtures, split, settings),
            partial(clean_speech, split, settings),
            partial(listed_files, data),
        )
    if data is None and clean and noisy:
        couples = matched_files(clean, noisy).values()
        return Recordings(
            len(couples),
            partial(read_pairs, clean, noisy),
            partial(_harmless, clean, noisy),
            lambda: tuple(chain.from_iterable(couples)),
        )
    raise BandwiseError(
        "got no recordings, half of a pair, or both kinds; --data FOLDER, or --clean and --noisy, is needed; "
        "give one of them"
    )


def _harmless(clean: Path, noisy: Path) -> Iterator[Pair]:
    """The pairs with the clean recording in place of the noisy one."""
    return (replace(pair, noisy=pair.clean) for pair in read_pairs(clean, noisy))
