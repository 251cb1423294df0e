"""SpeexDSP's echo canceller (the MDF adaptive filter of J.-M. Valin, IEEE TASLP 15, 2007) through ctypes."""

import ctypes
import ctypes.util
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.device.echo import SAMPLE_RATE, TAIL_SAMPLES
from bandwise.errors import BandwiseError

Doubles = NDArray[np.float64]

FRAME_SAMPLES = 160
SET_SAMPLING_RATE = 24  # SPEEX_ECHO_SET_SAMPLING_RATE
FULL_SCALE = 32_767.0


@cache
def speex_library() -> Any:
    """The shared library, or None where it is not installed."""
    for name in (ctypes.util.find_library("speexdsp"), "libspeexdsp.so.1", "libspeexdsp.dylib"):
        if name:
            try:
                library = ctypes.CDLL(name)
            except OSError:
                continue
            library.speex_echo_state_init.restype = ctypes.c_void_p
            return library
    return None


class SpeexCanceller:
    """The linear stage alone; residual echo suppression belongs to its preprocessor, which is not used."""

    name = "speex"

    def __init__(self) -> None:
        if speex_library() is None:
            raise BandwiseError(
                "got canceller speex without its library; the package libspeexdsp1 has it; install that, or "
                "choose kalman"
            )

    def cancel(self, microphone: Doubles, reference: Doubles) -> Doubles:
        """(n,), (n,) at 16 kHz in [-1, 1] -> (n,)."""
        frames = -(-len(microphone) // FRAME_SAMPLES)
        recorded, played = (_int16_frames(x, frames) for x in (microphone, reference))
        out = np.zeros_like(recorded)
        library = speex_library()
        state = ctypes.c_void_p(library.speex_echo_state_init(FRAME_SAMPLES, TAIL_SAMPLES))
        try:
            rate = ctypes.c_int(SAMPLE_RATE)
            library.speex_echo_ctl(state, SET_SAMPLING_RATE, ctypes.byref(rate))
            for mic, ref, left in zip(recorded, played, out, strict=True):
                library.speex_echo_cancellation(state, _pointer(mic), _pointer(ref), _pointer(left))
        finally:
            library.speex_echo_state_destroy(state)
        return out.reshape(-1)[: len(microphone)] / FULL_SCALE


def _int16_frames(x: Doubles, frames: int) -> NDArray[np.int16]:
    padded = np.zeros(frames * FRAME_SAMPLES, np.int16)
    padded[: len(x)] = np.rint(np.clip(x, -1.0, 1.0) * FULL_SCALE)
    return padded.reshape(frames, FRAME_SAMPLES)


def _pointer(frame: NDArray[np.int16]) -> ctypes.c_void_p:
    return ctypes.c_void_p(frame.ctypes.data)
