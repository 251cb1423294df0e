"""Which peers there are, and which of them are here."""

import os
from collections.abc import Iterable
from importlib import import_module

from bandwise.errors import BandwiseError
from bandwise.peers.peer import Absent, Peer

KNOWN = {
    "rnnoise": "rnnoise:find",
    "webrtc": "webrtc:find",
    "speexdsp": "speexdsp:find",
    "noisereduce": "noise_reduce:find",
    "afftdn": "ffmpeg:find_afftdn",
    "anlmdn": "ffmpeg:find_anlmdn",
    "arnndn": "ffmpeg:find_arnndn",
    "dtln": "dtln:find",
    "gtcrn": "gtcrn:find",
    "deepfilternet": "deepfilternet:find",
}
"""Module and function of each: `find(path) -> Peer`, where path is "" if the user gave none."""


def find_peer(name: str, path: str = "") -> Peer:
    """The peer of that name, from a library, weights or program at `path`, or where they usually are.

    Without a path the environment variable BANDWISE_PEER_<NAME> is read.

    Raises:
        Absent: it is not installed, or wants a path.
        BandwiseError: no peer has this name.
    """
    if name not in KNOWN:
        raise BandwiseError(f"got peer {name!r}; there are {', '.join(KNOWN)}; pick of these")
    module, _, function = KNOWN[name].partition(":")
    find = getattr(import_module(f"bandwise.peers.{module}"), function)
    found: Peer = find(path or usual_path(name))
    return found


def usual_path(name: str) -> str:
    """Where the user says that a peer is; "" if nowhere."""
    return os.environ.get(f"BANDWISE_PEER_{name.upper()}", "")


def find_peers(wanted: Iterable[str] = tuple(KNOWN)) -> tuple[list[Peer], dict[str, str]]:
    """`(those that are here, {name: what to do} of those that are not)`, of entries `name` or `name=path`."""
    here: list[Peer] = []
    absent: dict[str, str] = {}
    for entry in wanted:
        name, _, path = entry.partition("=")
        try:
            here.append(find_peer(name, path))
        except Absent as reason:
            absent[name] = str(reason)
    return here, absent
