"""The noise suppressor of WebRTC, through PyPI's webrtc-noise-gain: 16 kHz, frames of 10 ms."""

from importlib.util import find_spec
from typing import Any

import numpy as np

from bandwise.peers.library import installed_version, refuse_path
from bandwise.peers.peer import Absent, Audio, Peer, int16_frame

HINT = "pip install webrtc-noise-gain"
LEVEL = 3
"""0 to 4; "high", one below the most."""
LATENCY_SAMPLES = 96
"""Its transform spans 256 samples and its frames 160."""


class WebRTCStream:
    """One channel, 16 kHz, frames of 160."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def process(self, block: Audio, /) -> Audio:
        """float32[160] -> float32[160], 16 bits inside."""
        made = self._processor.Process10ms(int16_frame(block).tobytes())
        return (np.frombuffer(made.audio, np.int16) / 32_768.0).astype(np.float32)


def find(path: str = "") -> Peer:
    """The installed package."""
    refuse_path(path, "webrtc")
    if find_spec("webrtc_noise_gain") is None:
        raise Absent(HINT)

    def open_stream() -> WebRTCStream:
        from webrtc_noise_gain import AudioProcessor

        return WebRTCStream(AudioProcessor(0, LEVEL))

    version = f"webrtc-noise-gain {installed_version('webrtc-noise-gain')}, level {LEVEL} of 4"
    return Peer("WebRTC NS", version, 16_000, 160, LATENCY_SAMPLES, open_stream)
