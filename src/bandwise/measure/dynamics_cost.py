"""What multiband dynamics cost in percent of one core: ours by bands, channels and block, and the peers'.

CPU time, not wall-clock time, so that other work on the machine counts little; the least of some runs. Peers
that are programs read a WAV file and write nothing; the cost of doing only that is taken off.
"""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
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
THRESHOLD_DB, RATIO, ATTACK_MS, RELEASE_MS = -24.0, 3.0, 5.0, 100.0
FULL_SCALE_OUT_DB = THRESHOLD_DB - THRESHOLD_DB / RATIO
BAND_CEILING_DBFS, CEILING_DBFS, LIMITER_RELEASE_MS = -6.0, -1.0, 60.0


def matched_settings(bands: int) -> MultibandSettings:
    """Compressor and limiter in every band and a limiter on the sum, as every peer is set up."""
    band = BandSettings(
        compressor=CompressorSettings(
            threshold_db=THRESHOLD_DB, ratio=RATIO, attack_ms=ATTACK_MS, release_ms=RELEASE_MS
        ),
        limiter=LimiterSettings(ceiling_dbfs=BAND_CEILING_DBFS, release_ms=LIMITER_RELEASE_MS),
    )
    return MultibandSettings(
        cutoffs_hz=CUTOFFS_HZ[bands],
        bands=(band,) * bands,
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


def percent_of_core(run: Callable[[], Any], seconds: float, runs: int = 3) -> float:
    """Least CPU time of some runs of `run`, which treats `seconds` of sound, in percent of real time."""
    best = np.inf
    for _ in range(runs):
        start = time.thread_time()
        run()
        best = min(best, time.thread_time() - start)
    return 100.0 * best / seconds


def own_cost(bands: int, channels: int, block: int, seconds: float, runs: int = 3) -> float:
    """Cost of ours in percent of a core."""
    x = gated_pink_noise(seconds, channels)
    pieces = [x[i : i + block] for i in range(0, len(x), block)]
    processor = MultibandDynamics(matched_settings(bands), RATE, channels)
    processor.process(x[:RATE], reset=True)

    def run() -> None:
        for piece in pieces:
            processor.process(piece)

    return percent_of_core(run, seconds, runs)


def ffmpeg_graph(bands: int) -> str:
    """`acrossover`, in every band `acompressor` and `alimiter`, sum, `alimiter`."""
    threshold, ceiling = 10 ** (THRESHOLD_DB / 20), 10 ** (CEILING_DBFS / 20)
    band_ceiling = 10 ** (BAND_CEILING_DBFS / 20)
    compress = f"acompressor=threshold={threshold:.5f}:ratio={RATIO}:attack={ATTACK_MS}:release={RELEASE_MS}"
    limit = f"alimiter=limit={{:.5f}}:attack=3:release={LIMITER_RELEASE_MS}:level=disabled"
    chain = f"{compress},{limit.format(band_ceiling)}"
    if bands == 1:
        return f"{chain},{limit.format(ceiling)}"
    split = " ".join(f"{hz:g}" for hz in CUTOFFS_HZ[bands])
    outs = "".join(f"[b{i}]" for i in range(bands))
    done = "".join(f"[c{i}]" for i in range(bands))
    middle = ";".join(f"[b{i}]{chain}[c{i}]" for i in range(bands))
    mix = f"amix=inputs={bands}:normalize=0,{limit.format(ceiling)}"
    return f"acrossover=split={split}:order=4th{outs};{middle};{done}{mix}"


def sox_compand(bands: int) -> list[str]:
    """The bands and the cutoffs between them as `mcompand` of sox takes them."""
    times = f"{ATTACK_MS / 1000:g},{RELEASE_MS / 1000:g}"
    curve = f"{times} 6:-90,-90,{THRESHOLD_DB:g},{THRESHOLD_DB:g},0,{FULL_SCALE_OUT_DB:g}"
    words = [curve]
    for hz in CUTOFFS_HZ[bands]:
        words += [f"{hz:g}", curve]
    return words


def ffmpeg_compand(bands: int) -> str:
    """The same bands as `mcompand` of ffmpeg takes them: commas are escaped from its filter graph."""
    times = f"{ATTACK_MS / 1000:g}\\,{RELEASE_MS / 1000:g}"
    curve = f"-90/-90\\,{THRESHOLD_DB:g}/{THRESHOLD_DB:g}\\,0/{FULL_SCALE_OUT_DB:g}"
    return " | ".join(f"{times} 6 {curve} {hz:g}" for hz in (*CUTOFFS_HZ[bands], 22_000.0))


def _program_cost(command: list[str], idle: list[str], seconds: float, runs: int) -> float:
    return max(0.0, (_child_seconds(command, runs) - _child_seconds(idle, runs)) * 100.0 / seconds)


def _child_seconds(command: list[str], runs: int) -> float:
    from resource import RUSAGE_CHILDREN, getrusage  # not on Windows

    best = np.inf
    for _ in range(runs):
        before = getrusage(RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = getrusage(RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return best


def ffmpeg_costs(path: Path, bands: int, seconds: float, runs: int) -> dict[str, float]:
    """Cost of the chain of filters and of `mcompand`, where ffmpeg is installed."""
    if not shutil.which("ffmpeg"):
        return {}
    start, end = ["ffmpeg", "-v", "error", "-threads", "1", "-i", str(path)], ["-f", "null", "-"]
    idle = [*start, *end]
    chain = [*start, "-filter_complex_threads", "1", "-filter_complex", ffmpeg_graph(bands), *end]
    costs = {"ffmpeg acrossover, acompressor, alimiter": _program_cost(chain, idle, seconds, runs)}
    if bands > 1:
        compand = [*start, "-af", f"mcompand={ffmpeg_compand(bands)}", *end]
        costs["ffmpeg mcompand"] = _program_cost(compand, idle, seconds, runs)
    return costs


def sox_cost(path: Path, bands: int, seconds: float, runs: int) -> dict[str, float]:
    """Cost of sox mcompand, where it is installed."""
    if not shutil.which("sox") or bands == 1:
        return {}
    idle = ["sox", str(path), "-n"]
    return {"sox mcompand": _program_cost([*idle, "mcompand", *sox_compand(bands)], idle, seconds, runs)}


def pedalboard_cost(x: NDArray[np.float32], seconds: float, runs: int) -> dict[str, float]:
    """Cost of one pedalboard compressor and limiter over the whole range: it has no crossover."""
    try:
        pedalboard: Any = import_module("pedalboard")
    except ImportError:
        return {}
    board = pedalboard.Pedalboard(
        [
            pedalboard.Compressor(THRESHOLD_DB, RATIO, ATTACK_MS, RELEASE_MS),
            pedalboard.Limiter(CEILING_DBFS, LIMITER_RELEASE_MS),
        ]
    )
    planar = np.ascontiguousarray(x.T)
    cost = percent_of_core(lambda: board(planar, RATE, buffer_size=4_800), seconds, runs)
    return {"pedalboard Compressor, Limiter (one band)": cost}


def peer_costs(bands: int, channels: int, seconds: float, folder: Path, runs: int = 3) -> dict[str, float]:
    """Cost in percent of a core of every peer that is installed."""
    import soundfile

    x = gated_pink_noise(seconds, channels)
    path = folder / "pink.wav"
    soundfile.write(path, x, RATE, subtype="FLOAT")
    costs = ffmpeg_costs(path, bands, seconds, runs) | sox_cost(path, bands, seconds, runs)
    if bands == 1:
        costs |= pedalboard_cost(x, seconds, runs)
    return costs


def machine() -> str:
    """The processor this runs on, for the caption of a table."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if "model name" in line]
    return names[0] if names else sys.platform
