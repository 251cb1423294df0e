"""GTCRN (Rong et al., ICASSP 2024): its streaming ONNX file, 16 kHz, windows of 512 every 256 samples."""

from pathlib import Path
from typing import Any

import numpy as np

from bandwise.peers.library import file_version
from bandwise.peers.onnx_file import session
from bandwise.peers.peer import Audio, Peer

HINT = "--peer gtcrn=PATH of gtcrn_simple.onnx (repository Xiaobin-Rong/gtcrn, folder stream/onnx_models)"
WINDOW_SAMPLES, HOP_SAMPLES = 512, 256
WINDOW = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW_SAMPLES) / WINDOW_SAMPLES))
CACHES = ("conv_cache", "tra_cache", "inter_cache")


class GTCRNStream:
    """One channel, 16 kHz, frames of 256; real and imaginary part of each bin go in and come out."""

    def __init__(self, network: Any) -> None:
        self._network = network
        shapes = {i.name: i.shape for i in network.get_inputs()}
        self._caches = {name: np.zeros(shapes[name], np.float32) for name in CACHES}
        self._heard = np.zeros(WINDOW_SAMPLES, np.float32)
        self._overlap = np.zeros(HOP_SAMPLES)

    def process(self, block: Audio, /) -> Audio:
        """float32[256] -> float32[256], one frame late."""
        self._heard = np.concatenate([self._heard[HOP_SAMPLES:], block])
        spectrum = np.fft.rfft(self._heard * WINDOW)
        bins = np.stack([spectrum.real, spectrum.imag], axis=-1).astype(np.float32)[None, :, None]
        made, *caches = self._network.run(None, {"mix": bins, **self._caches})
        self._caches = dict(zip(CACHES, caches, strict=True))
        frame = np.fft.irfft(made[0, :, 0, 0] + 1j * made[0, :, 0, 1]) * WINDOW
        out = self._overlap + frame[:HOP_SAMPLES]
        self._overlap = frame[HOP_SAMPLES:]
        return out.astype(np.float32)


def find(path: str = "") -> Peer:
    """The network in the ONNX file at `path`."""
    file = Path(path or "nowhere")
    network = session(file, HINT)
    version = file_version(file)
    return Peer("GTCRN", version, 16_000, HOP_SAMPLES, HOP_SAMPLES, lambda: GTCRNStream(network))
