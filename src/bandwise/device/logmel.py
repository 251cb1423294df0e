"""Mel band energies with automatic gain per band: what the small wake word detector hears.

Per-channel energy normalisation, Wang et al., "Trainable frontend for robust and far-field keyword spotting",
ICASSP 2017, eq. 2: M_t = (1 - s) M_{t-1} + s E_t, PCEN = (E / (eps + M)^alpha + delta)^r - delta^r. It takes
away steady sound and level, so that the network need not learn them.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel

Doubles = NDArray[np.float64]

SAMPLE_RATE = 16_000
WINDOW, HOP = 512, 320  # 32 ms every 20 ms
BANDS = 32
LOWEST_HZ, HIGHEST_HZ = 80.0, 7_600.0
SMOOTHING, ALPHA, DELTA, ROOT, FLOOR = 0.03, 0.98, 2.0, 0.5, 1e-9


def mel_weights() -> Doubles:
    """(WINDOW / 2 + 1, BANDS) triangles, even in mel = 2595 lg(1 + f / 700)."""
    mel = 2595.0 * np.log10(1.0 + np.array([LOWEST_HZ, HIGHEST_HZ]) / 700.0)
    edges = 700.0 * (10.0 ** (np.linspace(mel[0], mel[1], BANDS + 2) / 2595.0) - 1.0)
    hz = np.fft.rfftfreq(WINDOW, 1.0 / SAMPLE_RATE)[:, None]
    rising = (hz - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - hz) / (edges[2:] - edges[1:-1])
    return np.maximum(0.0, np.minimum(rising, falling))


def features(x: Doubles) -> NDArray[np.float32]:
    """X (n,) at 16 kHz -> (frames, BANDS); frame t ends with sample 512 + 320 t, and knows nothing later."""
    padded = np.pad(x, (0, max(0, WINDOW - len(x))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    energy = np.square(np.abs(np.fft.rfft(frames * np.hanning(WINDOW)))) @ mel_weights()
    out = np.empty_like(energy)
    normalise(energy / WINDOW, out)
    return out.astype(np.float32)


@kernel
def normalise(energy: Doubles, out: Doubles) -> None:
    """PCEN of (frames, bands); M starts at the first frame."""
    mean = energy[0].copy()
    for t in range(energy.shape[0]):
        for b in range(energy.shape[1]):
            mean[b] += SMOOTHING * (energy[t, b] - mean[b])
            level = energy[t, b] / (FLOOR + mean[b]) ** ALPHA
            out[t, b] = (level + DELTA) ** ROOT - DELTA**ROOT
