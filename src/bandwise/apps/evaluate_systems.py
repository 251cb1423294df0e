"""What `bandwise evaluate` compares: our networks, the same with parts left out, and peers."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bandwise.apps.report import note
from bandwise.errors import BandwiseError
from bandwise.measure.scoring import Process

PARTS = {"comb": "comb", "pitch-path": "pitch_path", "deep-filter": "deep_filter", "relief": "relief"}
"""What can be left out, and what `Ablation` calls it."""


def suppressors(
    models: Sequence[str], postfilter: bool, attenuation_limit_db: float | None
) -> dict[str, Process]:
    """`bandwise.enhance` with each network, by name."""
    import bandwise

    def suppressor(model: str) -> Process:
        def process(x: Any, sample_rate: int) -> Any:
            return bandwise.enhance(
                x, sample_rate, model=model, postfilter=postfilter, attenuation_limit_db=attenuation_limit_db
            )

        return process

    names = _names(models, postfilter=postfilter)
    return {name: suppressor(model) for model, name in names.items()}


def ablations(
    models: Sequence[str], without: Sequence[str], postfilter: bool, attenuation_limit_db: float | None
) -> dict[str, Process]:
    """The first network once for every part that is left out."""
    for part in without:
        if part not in PARTS:
            raise BandwiseError(f"got --without {part}; there are {', '.join(PARTS)}; pick of these")
    if not without:
        return {}
    from bandwise.measure.ablation import Ablation

    model, name = next(iter(_names(models, postfilter=postfilter).items()))
    as_chosen: Any = {"postfilter": postfilter, "attenuation_limit_db": attenuation_limit_db}
    return {f"{name}, no {part}": Ablation(model, **as_chosen, **{PARTS[part]: False}) for part in without}


def found_peers(entries: Sequence[str], *, all_known: bool) -> dict[str, Process]:
    """Peers by name, of entries `name` or `name=path`, or all that are known, by those paths where given."""
    if not (entries or all_known):
        return {}
    from bandwise.peers.registry import KNOWN, find_peers

    given = {entry.partition("=")[0]: entry for entry in entries}
    wanted = {name: name for name in KNOWN} | given if all_known else given
    here, absent = find_peers(wanted.values())
    for name, hint in absent.items():
        note(f"{name} is absent: {hint}")
    for peer in here:
        note(f"{peer.name}: {peer.version}")
    return {peer.name: peer for peer in here}


def _names(models: Sequence[str], *, postfilter: bool) -> dict[str, str]:
    """What each network goes by in the tables: paths by their last part where that is clear."""
    stems = Counter(Path(model).stem for model in models)
    ending = ", postfilter" if postfilter else ""
    return {model: (Path(model).stem if stems[Path(model).stem] == 1 else model) + ending for model in models}
