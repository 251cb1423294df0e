"""Short-time Fourier transform: 20 ms windows every 10 ms at 48 kHz, and back without a trace."""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel

Array = NDArray[np.float32]
Spectrum = NDArray[np.complex64]

SAMPLE_RATE = 48_000
WINDOW_SAMPLES = 960
HOP_SAMPLES = 480
BINS = WINDOW_SAMPLES // 2 + 1
LOOKAHEAD_FRAMES = 2
LOOKAHEAD_SAMPLES = LOOKAHEAD_FRAMES * HOP_SAMPLES
LATENCY_SAMPLES = HOP_SAMPLES + LOOKAHEAD_SAMPLES
LATENCY_HOPS = LATENCY_SAMPLES // HOP_SAMPLES
"""Hops until the frame that starts with the signal is the current one."""

# Vorbis window: w(n)^2 + w(n + hop)^2 = sin^2 + cos^2 = 1, so using it before and after the transform
# reconstructs the signal exactly.
_PHASE = np.pi * (np.arange(WINDOW_SAMPLES) + 0.5) / WINDOW_SAMPLES
WINDOW = np.sin(np.pi / 2 * np.sin(_PHASE) ** 2).astype(np.float32)

# Scaled by the window's energy, so that the band energies of white noise sum to its mean square.
SCALE = np.float32(1.0 / np.sqrt(WINDOW_SAMPLES * np.sum(WINDOW.astype(np.float64) ** 2) / 2))


@kernel
def analyse(frame: Array) -> Spectrum:
    """(960,) samples -> (481,) complex spectrum, scaled so that `sum |Y|^2` is about the mean square."""
    spectrum: Spectrum = np.fft.rfft(frame * WINDOW) * SCALE
    return spectrum


@kernel
def resynthesise(spectrum: Spectrum, overlap: Array, out: Array) -> None:
    """Overlap-add one spectrum: the finished (480,) samples go to `out`, the rest waits in `overlap`."""
    frame = np.fft.irfft(spectrum, WINDOW_SAMPLES) * WINDOW
    for n in range(HOP_SAMPLES):
        out[n] = overlap[n] + frame[n] / SCALE
        overlap[n] = frame[n + HOP_SAMPLES] / SCALE
