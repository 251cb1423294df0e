"""DTLN (Westhausen and Meyer, Interspeech 2020): its two ONNX files; 16 kHz, windows of 512, hop 128."""

from pathlib import Path
from typing import Any

import numpy as np

from bandwise.peers.library import file_version
from bandwise.peers.onnx_file import session
from bandwise.peers.peer import Audio, Peer

HINT = "--peer dtln=FOLDER with model_1.onnx and model_2.onnx (repository breizhn/DTLN, pretrained_model)"
WINDOW_SAMPLES, HOP_SAMPLES = 512, 128


class Remembering:
    """A network that takes (input, states) and gives (output, states)."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._input, self._state = network.get_inputs()
        self._memory = np.zeros(self._state.shape, np.float32)

    def __call__(self, x: Audio) -> Audio:
        """One frame, [1, 1, n] -> [1, 1, n]."""
        feed = {self._input.name: x.reshape(1, 1, -1).astype(np.float32), self._state.name: self._memory}
        made, self._memory = self._network.run(None, feed)
        return np.asarray(made, np.float32)


class DTLNStream:
    """One channel, 16 kHz, frames of 128: a mask on magnitudes, then a network on samples."""

    def __init__(self, masking: Any, shaping: Any) -> None:
        self._mask, self._shape = Remembering(masking), Remembering(shaping)
        self._heard = np.zeros(WINDOW_SAMPLES, np.float32)
        self._overlap = np.zeros(WINDOW_SAMPLES, np.float32)

    def process(self, block: Audio, /) -> Audio:
        """float32[128] -> float32[128], three frames late."""
        self._heard = np.concatenate([self._heard[HOP_SAMPLES:], block])
        spectrum = np.fft.rfft(self._heard)
        masked = np.fft.irfft(spectrum * self._mask(np.abs(spectrum))[0, 0])
        self._overlap = (
            np.pad(self._overlap[HOP_SAMPLES:], (0, HOP_SAMPLES))
            + self._shape(masked.astype(np.float32))[0, 0]
        )
        return np.asarray(self._overlap[:HOP_SAMPLES])


def find(path: str = "") -> Peer:
    """The networks in the folder at `path`."""
    folder = Path(path or "nowhere")
    files = [folder / f"model_{n}.onnx" for n in (1, 2)]
    first, second = (session(file, HINT) for file in files)
    late = WINDOW_SAMPLES - HOP_SAMPLES
    version = ", ".join(map(file_version, files))
    return Peer("DTLN", version, 16_000, HOP_SAMPLES, late, lambda: DTLNStream(first, second))
