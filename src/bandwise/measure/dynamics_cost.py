"""The cost of multiband dynamics in percent of one core: what every system is set to, its sound, and ours.

CPU time, not wall-clock time, so that other work on the machine counts little; the least of some runs.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

RATE = 48_000
CUTOFFS_HZ = {
    1: (),
    3: (200.0, 2_000.0),
    5: (120.0, 400.0, 1_500.0, 5_000.0),
    8: (60.0, 120.0, 250.0, 500.0, 1_000.0, 2_500.0, 6_000.0),
}
THRESHOLD_DB, RATIO, KNEE_DB, ATTACK_MS, RELEASE_MS = -24.0, 3.0, 6.0, 5.0, 100.0
FULL_SCALE_OUT_DB = THRESHOLD_DB - THRESHOLD_DB / RATIO
BAND_CEILING_DBFS, CEILING_DBFS, LOOKAHEAD_MS, LIMITER_RELEASE_MS = -6.0, -1.0, 3.0, 60.0


def matched_settings(bands: int) -> MultibandSettings:
    """Compressor and limiter in every band and a limiter on the sum, as every peer is set up."""
    compressor = CompressorSettings(
        threshold_db=THRESHOLD_DB, ratio=RATIO, knee_db=KNEE_DB, attack_ms=ATTACK_MS, release_ms=RELEASE_MS
    )
    limiter = LimiterSettings(ceiling_dbfs=BAND_CEILING_DBFS, release_ms=LIMITER_RELEASE_MS)
    return MultibandSettings(
        cutoffs_hz=CUTOFFS_HZ[bands],
        lookahead_ms=LOOKAHEAD_MS,
        bands=(BandSettings(compressor=compressor, limiter=limiter),) * bands,
        output=LimiterSettings(ceiling_dbfs=CEILING_DBFS, release_ms=LIMITER_RELEASE_MS),
    )


def gated_pink_noise(seconds: float, channels: int, seed: int = 1) -> NDArray[np.float32]:
    """(frames, channels) pink noise at -9 dBFS that falls by 30 dB every other half second."""
    rng = np.random.default_rng(seed)
    frames = round(seconds * RATE)
    spectrum = np.fft.rfft(rng.standard_normal((frames, channels)), axis=0)
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))[:, None]
    x = np.fft.irfft(spectrum, frames, axis=0)
    x *= 0.35 / np.sqrt(np.mean(np.square(x)))
    x[np.arange(frames) // (RATE // 2) % 2 == 1] *= 0.03
    return np.clip(x, -1.0, 1.0).astype(np.float32)


@dataclass(frozen=True)
class Sound:
    """The sound of a comparison, in memory and as a WAV file in a folder for scratch."""

    samples: NDArray[np.float32]  # (frames, channels)
    path: Path
    runs: int

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.samples) / RATE

    @property
    def channels(self) -> int:
        """Columns of the samples."""
        return int(self.samples.shape[1])


def make_sound(seconds: float, channels: int, runs: int, folder: Path) -> Sound:
    """Gated pink noise, written to the folder."""
    import soundfile

    samples, path = gated_pink_noise(seconds, channels), folder / f"pink-{channels}.wav"
    soundfile.write(path, samples, RATE, subtype="FLOAT")
    return Sound(samples, path, runs)


def least_seconds(run: Callable[[], Any], runs: int) -> float:
    """Least CPU time of some runs."""
    best = np.inf
    for _ in range(runs):
        start = thread_time()
        run()
        best = min(best, thread_time() - start)
    return best


def percent_of_core(run: Callable[[], Any], seconds: float, runs: int) -> float:
    """Least CPU time of some runs of `run`, which treats `seconds` of sound, in percent of real time."""
    return 100.0 * least_seconds(run, runs) / seconds


def own_cost(bands: int, channels: int, block: int, seconds: float, runs: int) -> float:
    """Cost of ours in percent of a core."""
    x = gated_pink_noise(seconds, channels)
    pieces = [x[i : i + block] for i in range(0, len(x), block)]
    processor = MultibandDynamics(matched_settings(bands), RATE, channels)
    processor.process(x[:RATE], reset=True)

    def run() -> None:
        for piece in pieces:
            processor.process(piece)

    return percent_of_core(run, seconds, runs)


def machine() -> str:
    """The processor this runs on, for the caption of a table."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else sys.platform
