"""noisereduce (Sainburg): a spectral gate over whole recordings, at its defaults (not stationary)."""

from importlib.util import find_spec

import numpy as np

from bandwise.peers.library import installed_version, refuse_path
from bandwise.peers.peer import Absent, Audio, Peer

HINT = "pip install noisereduce"


def find(path: str = "") -> Peer:
    """The installed package."""
    refuse_path(path, "noisereduce")
    if find_spec("noisereduce") is None:
        raise Absent(HINT)
    return Peer("noisereduce", installed_version("noisereduce"), 48_000, whole=_gate)


def _gate(x: Audio) -> Audio:
    from noisereduce import reduce_noise

    return np.asarray(reduce_noise(y=x, sr=48_000), np.float32)
