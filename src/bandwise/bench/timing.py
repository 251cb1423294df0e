"""How long a frame takes: CPU time of the thread, systems in turns, so that all meet the same machine."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.bench.systems import Process, System, speechlike

FRAME_SECONDS = 0.01
TURN_SECONDS = 2.0
WHOLE_RUNS = 3
"""Of a recording and of its half, in turns; the least of each counts."""


@dataclass(frozen=True)
class Cost:
    """Of one channel, CPU time."""

    median_us: float | None
    """Per 10 ms of sound; None for what takes whole recordings."""
    p99_us: float | None
    core_percent: float
    """Of one core, in real time."""


def costs(systems: Sequence[System], seconds: float) -> list[Cost]:
    """Cost of every system: streams in turns of two seconds of sound, then whole recordings one by one."""
    streams = [system for system in systems if system.start]
    turns = max(1, round(seconds / TURN_SECONDS))
    started = [system.start() for system in streams if system.start]
    spent: list[list[NDArray[np.float64]]] = [[] for _ in streams]
    for turn in range(turns + 1):
        for system, process, times in zip(streams, started, spent, strict=True):
            measured = frame_times(process, blocks_of(system, TURN_SECONDS))
            if turn:  # the first one warms up
                times.append(measured)
    by_key = {
        system.key: _cost(np.concatenate(times), system) for system, times in zip(streams, spent, strict=True)
    }
    return [by_key.get(system.key) or _whole_cost(system, seconds) for system in systems]


def blocks_of(system: System, seconds: float) -> NDArray[np.float32]:
    """Test sound, (blocks, block_samples)."""
    x = speechlike(seconds, system.sample_rate)
    blocks = len(x) // system.block_samples
    return x[: blocks * system.block_samples].reshape(blocks, system.block_samples)


def frame_times(process: Process, blocks: NDArray[np.float32]) -> NDArray[np.float64]:
    """CPU seconds of this thread for every block."""
    times = np.empty(len(blocks))
    for index, block in enumerate(blocks):
        start = time.thread_time_ns()
        process(block)
        times[index] = time.thread_time_ns() - start
    return times / 1e9


def _cost(times: NDArray[np.float64], system: System) -> Cost:
    length = system.block_samples / system.sample_rate
    scale = 1e6 * FRAME_SECONDS / length
    median, p99 = np.percentile(times, [50, 99]) * scale
    return Cost(float(median), float(p99), float(100 * np.median(times) / length))


def _whole_cost(system: System, seconds: float) -> Cost:
    """What twice the length costs more: starting up is no part of it."""
    twice = speechlike(2 * seconds, system.sample_rate)
    once = twice[: len(twice) // 2]
    _cpu_seconds(system, once)
    least = [np.inf, np.inf]
    for _ in range(WHOLE_RUNS):
        least = [min(time, _cpu_seconds(system, x)) for time, x in zip(least, (once, twice), strict=True)]
    return Cost(None, None, 100 * max(0.0, least[1] - least[0]) / seconds)


def _cpu_seconds(system: System, x: NDArray[np.float32]) -> float:
    """CPU time of this process and of the programs that it starts."""
    assert system.whole is not None
    start = _spent()
    system.whole(x)
    return _spent() - start


def _spent() -> float:
    if sys.platform == "win32":
        return time.process_time()
    from resource import RUSAGE_CHILDREN, getrusage

    children = getrusage(RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime
