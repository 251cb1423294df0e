"""How cost grows: with channels, with the size of blocks, with bands, and with the length of a recording."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bandwise.bench.systems import BLOCK, Process, speechlike
from bandwise.measure.figures import new_figure

CHANNELS = (1, 2, 4, 8, 16)
BLOCKS = (64, 128, 256, 480, 960, 2_400, 4_800, 12_000, 48_000)
BANDS = (1, 2, 4, 8, 16)
LENGTHS_SECONDS = (1, 10, 60, 600, 3_600)
RATE = 48_000
LOWEST_CUTOFF_HZ, HIGHEST_CUTOFF_HZ = 80.0, 10_000.0
FILE_BLOCK_SECONDS = 0.5
STRETCH = 10 * BLOCK


@dataclass(frozen=True)
class Curve:
    """Cost over one quantity."""

    title: str
    quantity: str
    unit: str
    sizes: list[float]
    costs: list[float]

    @property
    def exponent(self) -> float:
        """Of the power law that fits best: 1 is linear."""
        slope, _ = np.polyfit(np.log(self.sizes), np.log(self.costs), 1)
        return float(slope)


def curves(model: str, seconds: float, lengths: Sequence[int] = LENGTHS_SECONDS) -> list[Curve]:
    """All four, for `model` and the dynamics."""
    frame = "us per 10 ms"
    over_channels = [_channels(model, count, seconds) for count in CHANNELS]
    over_blocks = [_block(model, size, seconds) for size in BLOCKS]
    over_bands = [_bands(count, seconds) for count in BANDS]
    over_lengths = [_length(model, length) for length in lengths]
    return [
        Curve("suppressor", "channels", frame, list(CHANNELS), over_channels),
        Curve("suppressor", "samples in a block", frame, list(BLOCKS), over_blocks),
        Curve("dynamics", "bands", frame, list(BANDS), over_bands),
        Curve("suppressor", "seconds of recording", "CPU s", list(lengths), over_lengths),
    ]


def draw(made: Sequence[Curve], path: Path) -> None:
    """One panel for each, both axes logarithmic, beside what linear growth would be."""
    figure = new_figure(10, 2.8)
    for axes, curve in zip(figure.subplots(1, len(made)), made, strict=True):
        axes.loglog(curve.sizes, curve.costs, "o-", color="#1f6f8b", markersize=3)
        if curve.quantity != "samples in a block":
            linear = curve.costs[0] * np.array(curve.sizes) / curve.sizes[0]
            axes.loglog(curve.sizes, linear, ":", color="0.6", label="linear")
            axes.legend(frameon=False, fontsize=7)
        axes.set_title(curve.title, fontsize=9)
        axes.set_xlabel(curve.quantity, fontsize=8)
        axes.set_ylabel(curve.unit, fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.2)
    figure.savefig(path)


def _channels(model: str, channels: int, seconds: float) -> float:
    from bandwise import NoiseSuppressor

    return _per_frame(
        NoiseSuppressor(channels=channels, model=model, block_multiple=BLOCK).process,
        BLOCK,
        channels,
        seconds / channels,
    )


def _block(model: str, block: int, seconds: float) -> float:
    from bandwise import NoiseSuppressor

    return _per_frame(NoiseSuppressor(model=model).process, block, 1, seconds)


def _bands(bands: int, seconds: float) -> float:
    from dataclasses import replace

    from bandwise import MultibandDynamics
    from bandwise.measure.dynamics_cost import matched_settings

    one = matched_settings(1)
    cutoffs = tuple(np.geomspace(LOWEST_CUTOFF_HZ, HIGHEST_CUTOFF_HZ, bands - 1)) if bands > 1 else ()
    settings = replace(one, cutoffs_hz=cutoffs, bands=one.bands * bands)
    return _per_frame(MultibandDynamics(settings, RATE, 1).process, BLOCK, 1, seconds)


def _per_frame(process: Process, block: int, channels: int, seconds: float) -> float:
    """Median CPU time per 10 ms, of stretches of as many blocks as make 100 ms, or of one that is longer."""
    at_once = -(-STRETCH // block) * block
    x = speechlike(max(seconds, 3 * at_once / RATE), RATE)
    sound = x if channels == 1 else np.repeat(x[:, None], channels, axis=1)
    times = []
    for start in range(0, len(x) - at_once + 1, at_once):
        begun = time.thread_time_ns()
        for at in range(start, start + at_once, block):
            process(sound[at : at + block])
        times.append((time.thread_time_ns() - begun) / 1e3 * BLOCK / at_once)
    return float(np.median(times[1:]))


def _length(model: str, seconds: int) -> float:
    """CPU time of a recording in half-second blocks, making the suppressor included."""
    from bandwise import NoiseSuppressor

    block = speechlike(FILE_BLOCK_SECONDS, RATE)
    start = time.thread_time()
    process = NoiseSuppressor(model=model).process
    for _ in range(round(seconds / FILE_BLOCK_SECONDS)):
        process(block)
    return time.thread_time() - start


def folder(model: str, seconds: float = 12.0, files: int = 8) -> dict[str, float]:
    """CPU time per 10 ms and channel, in turns: blocks of 10 ms, of half a second, several files at once."""
    from bandwise import NoiseSuppressor

    half = round(FILE_BLOCK_SECONDS * RATE)
    ways = {"stream": (BLOCK, 1), "one file": (half, 1), f"{files} files": (half, files)}
    started = {
        name: NoiseSuppressor(channels=channels, model=model, block_multiple=BLOCK)
        for name, (_, channels) in ways.items()
    }
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(round(seconds / 2)):
        for name, (block, channels) in ways.items():
            times[name].append(_per_frame(started[name].process, block, channels, 2.0) / channels)
    return {name: float(np.median(several[1:])) for name, several in times.items()}
