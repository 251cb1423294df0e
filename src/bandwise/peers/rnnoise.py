"""RNNoise (Valin 2018 and later): the C library, as PyPI's pyrnnoise brings it or as the user built it."""

import ctypes
import weakref
from pathlib import Path

import numpy as np

from bandwise.peers.library import file_version, inside_package, installed_version, load
from bandwise.peers.peer import Audio, Peer

HINT = "pip install pyrnnoise, or --peer rnnoise=PATH of librnnoise.so"
FULL_SCALE = np.float32(32_768.0)
FRAME_SAMPLES = 480
LATENCY_SAMPLES = 960
"""One frame of overlap and, since version 0.2, one of look-ahead."""


class RNNoiseStream:
    """One channel, 48 kHz, frames of 480."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._state = ctypes.c_void_p(library.rnnoise_create(None))
        self._frame = np.zeros(FRAME_SAMPLES, np.float32)
        self._pointer = ctypes.c_void_p(self._frame.ctypes.data)
        weakref.finalize(self, library.rnnoise_destroy, self._state)

    def process(self, block: Audio, /) -> Audio:
        """float32[480] -> float32[480]; the library counts in 16-bit steps."""
        np.multiply(block, FULL_SCALE, out=self._frame)
        self._library.rnnoise_process_frame(self._state, self._pointer, self._pointer)
        return np.asarray(self._frame / FULL_SCALE)


def find(path: str = "") -> Peer:
    """The library at `path`, of pyrnnoise, or of the system."""
    candidates = [path] if path else [inside_package("pyrnnoise", "librnnoise.so"), "librnnoise.so.0"]
    library = load(candidates, HINT)
    library.rnnoise_create.restype = ctypes.c_void_p
    library.rnnoise_create.argtypes = [ctypes.c_void_p]
    library.rnnoise_destroy.argtypes = [ctypes.c_void_p]
    library.rnnoise_process_frame.argtypes = [ctypes.c_void_p] * 3
    library.rnnoise_process_frame.restype = ctypes.c_float
    packaged = installed_version("pyrnnoise")
    version = file_version(Path(path)) if path else f"pyrnnoise {packaged}" if packaged else "of the system"
    return Peer("RNNoise", version, 48_000, FRAME_SAMPLES, LATENCY_SAMPLES, lambda: RNNoiseStream(library))
