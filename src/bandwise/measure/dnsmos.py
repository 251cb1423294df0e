"""DNSMOS: what listeners would say, guessed without a reference by the networks of the DNS Challenge.

P.835 (Reddy et al., ICASSP 2022) rates speech, background and overall; P.808 (ICASSP 2021) overall alone. The
models are not part of this package: `sig_bak_ovr.onnx` and `model_v8.onnx` come from the repository
microsoft/DNS-Challenge, folder DNSMOS/DNSMOS.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.measure.quality import SCORING_RATE, Signal, at_rate
from bandwise.onnx_session import open_session

FILES = ("sig_bak_ovr.onnx", "model_v8.onnx")
SEGMENT_SAMPLES = 144_160  # 9.01 s at 16 kHz
MEL_BANDS, MEL_WINDOW, MEL_HOP = 120, 321, 160
HIGHEST_MEL = 15 + 27 * np.log(8) / np.log(6.4)  # 8 kHz, see _mel_to_hz

# The published calibration of the raw outputs to opinion scores, highest power first.
CALIBRATION = {
    "sig": (-0.08397278, 1.22083953, 0.0052439),
    "bak": (-0.13166888, 1.60915514, -0.39604546),
    "ovr": (-0.06766283, 1.11546468, 0.04602535),
}


def check_folder(folder: Path) -> None:
    """Raise BandwiseError unless the folder holds both models."""
    for name in FILES:
        if not (folder / name).is_file():
            raise BandwiseError(
                f"{folder}: no {name}; --dnsmos needs a folder with {' and '.join(FILES)}; check the path"
            )


def score(folder: Path, x: Signal, sample_rate: int) -> dict[str, float]:
    """Opinion scores 1 to 5 of `x[n]`, means over its segments: `sig`, `bak`, `ovr` (P.835) and `p808`."""
    segments = segments_of(np.asarray(at_rate(x, sample_rate), dtype=np.float32))
    p835, p808 = (_session(str(folder / name)) for name in FILES)
    raw = np.concatenate([p835.run(None, {"input_1": segment[None]})[0] for segment in segments])
    spectra = (log_mel(segment[:-MEL_HOP])[None] for segment in segments)
    overall = [float(p808.run(None, {"input_1": spectrum})[0][0, 0]) for spectrum in spectra]
    scores = {key: float(np.polyval(CALIBRATION[key], raw[:, i]).mean()) for i, key in enumerate(CALIBRATION)}
    return scores | {"p808": float(np.mean(overall))}


def segments_of(x: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Cuts of 9.01 s whose starts are 1 s apart; short signals are doubled until they are long enough.

    As published: a signal of w whole seconds gives w - 9 segments, at least one.
    """
    if not x.size:
        return [np.zeros(SEGMENT_SAMPLES, dtype=np.float32)]
    while len(x) < SEGMENT_SAMPLES:
        x = np.concatenate([x, x])
    count = max(1, len(x) // SCORING_RATE - 9)
    return [x[k * SCORING_RATE : k * SCORING_RATE + SEGMENT_SAMPLES] for k in range(count)]


def log_mel(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mel levels `[frames, 120]` for P.808: dB under the loudest band, at least -80, then `(dB + 40) / 40`.

    Hann windows of 321 samples, 160 apart, centred (zeros outside); 120 triangles from 0 to 8 kHz on Slaney's
    mel scale.
    """
    padded = np.pad(x.astype(np.float64), MEL_WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, MEL_WINDOW)[::MEL_HOP]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(MEL_WINDOW) / MEL_WINDOW)
    powers = np.abs(np.fft.rfft(frames * window)) ** 2 @ mel_triangles().T
    levels_db = 10 * np.log10(np.maximum(powers, 1e-10))
    levels_db = np.maximum(levels_db - levels_db.max(), -80.0)
    scaled: NDArray[np.float32] = ((levels_db + 40) / 40).astype(np.float32)
    return scaled


@lru_cache(maxsize=1)
def mel_triangles() -> NDArray[np.float64]:
    """`[120, 161]` triangular filters of unit area per hertz (Slaney, Auditory Toolbox, 1998)."""
    bins_hz = np.arange(MEL_WINDOW // 2 + 1) * SCORING_RATE / MEL_WINDOW
    edges_hz = _mel_to_hz(np.linspace(0, HIGHEST_MEL, MEL_BANDS + 2))
    low, centre, high = (edges_hz[k : k + MEL_BANDS, None] for k in range(3))
    triangles = np.minimum((bins_hz - low) / (centre - low), (high - bins_hz) / (high - centre))
    scaled: NDArray[np.float64] = np.maximum(0.0, triangles) * 2 / (high - low)
    return scaled


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slaney's mel scale: 66.7 Hz each up to 15 mel = 1 kHz, then 27 mel for every factor of 6.4."""
    return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))


@lru_cache(maxsize=4)
def _session(path: str) -> Any:
    return open_session(path)
