"""The peers of an evaluation: those that are here, and a line for each that is not."""

from bandwise.apps.report import note
from bandwise.measure.scoring import Process


def found_peers(entries: list[str], *, all_known: bool) -> dict[str, Process]:
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
