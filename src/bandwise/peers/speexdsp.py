"""The preprocessor of SpeexDSP at its defaults: noise down by at most 15 dB, at 48 kHz, frames of 10 ms."""

import ctypes
import ctypes.util
import weakref
from pathlib import Path

import numpy as np

from bandwise.peers.library import file_version, load
from bandwise.peers.peer import Audio, Peer, int16_frame

HINT = "apt-get install libspeexdsp1, or --peer speexdsp=PATH of libspeexdsp.so"
SAMPLE_RATE, FRAME_SAMPLES, LATENCY_SAMPLES = 48_000, 480, 480


class SpeexStream:
    """One channel."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._state = ctypes.c_void_p(library.speex_preprocess_state_init(FRAME_SAMPLES, SAMPLE_RATE))
        weakref.finalize(self, library.speex_preprocess_state_destroy, self._state)

    def process(self, block: Audio, /) -> Audio:
        """float32[480] -> float32[480], 16 bits inside."""
        frame = int16_frame(block)
        self._library.speex_preprocess_run(self._state, ctypes.c_void_p(frame.ctypes.data))
        return (frame / 32_768.0).astype(np.float32)


def find(path: str = "") -> Peer:
    """The library at `path`, or of the system."""
    library = load([path] if path else [ctypes.util.find_library("speexdsp") or "libspeexdsp.so.1"], HINT)
    library.speex_preprocess_state_init.restype = ctypes.c_void_p
    library.speex_preprocess_state_destroy.argtypes = [ctypes.c_void_p]
    library.speex_preprocess_run.argtypes = [ctypes.c_void_p] * 2
    return Peer(
        "SpeexDSP",
        file_version(Path(path)) if path else "of the system",
        SAMPLE_RATE,
        FRAME_SAMPLES,
        LATENCY_SAMPLES,
        lambda: SpeexStream(library),
    )
