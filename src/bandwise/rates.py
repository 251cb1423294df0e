"""Other sample rates: an engine of one rate made to work at another, with the least delay possible."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import gcd

import numpy as np
from numpy.typing import NDArray

from bandwise.door import Planar
from bandwise.hops import BlockStream, Engine, HopLane, check_block_multiple
from bandwise.resampler import Resampler, half_samples

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Schedule:
    """How samples pass from one rate to another, through an engine, and back."""

    waiting: int
    """Silence in front of the first hop, in core samples, so that hops fill up when blocks end."""
    latency_samples: int
    """The delay at the outer rate: the most that is ever held back on the way."""


def schedule(sample_rate: int, core_hz: int, hop: int, core_latency: int, block_multiple: int) -> Schedule:
    """Count samples through one period of blocks and hops.

    After N samples in, N a multiple of m, the way in has given a(N) core samples, of which hops have taken
    whole multiples of `hop`. The remainder that waits, a(N) mod hop, moves on a circle; turning the circle
    so that its widest gap ends at zero makes the longest wait the shortest. (At equal rates the widest gap
    is gcd(m, hop), and this is `hop_stream`'s formula.) What comes out is behind N by at most the latency.
    All of it repeats after a period P, and the multiples of m are, but for whole periods, those of gcd(m, P).
    """
    period = hop * sample_rate // gcd(hop * sample_rate, core_hz)
    got = np.arange(0, period, gcd(block_multiple, period), dtype=np.int64)
    core = _settled(got, sample_rate, core_hz)
    waiting = _turn(np.unique(core % hop), hop)
    processed = (core + waiting) // hop * hop - waiting - core_latency
    given = _settled(processed, core_hz, sample_rate)
    return Schedule(waiting, int(np.max(got - given)))


def _settled(got: Counts, from_hz: int, to_hz: int) -> Counts:
    """Count as `resampler.ready` does; before the start it goes below zero, so that it stays periodic."""
    common = gcd(from_hz, to_hz)
    counts: Counts = -(-(got - half_samples(from_hz, to_hz)) * (to_hz // common) // (from_hz // common))
    return counts


def _turn(remainders: Counts, hop: int) -> int:
    gaps = np.diff(np.append(remainders, remainders[0] + hop))
    after_widest = remainders[(int(np.argmax(gaps)) + 1) % len(remainders)]
    return int(-after_widest % hop)


class RateLane:
    """Resampled to the engine's rate, worked on, and back, the engine's latency taken off."""

    def __init__(self, engine: Engine, channels: int, sample_rate: int, core_hz: int, waiting: int) -> None:
        self._up = [Resampler(sample_rate, core_hz) for _ in range(channels)]
        self._down = [Resampler(core_hz, sample_rate) for _ in range(channels)]
        self._hops = HopLane(engine, channels, waiting)
        self._late = self._skip = engine.latency_samples + waiting

    def feed(self, x: Planar, /) -> Planar:
        """(channels, n) -> what is ready, aligned with the first sample fed."""
        core = self._hops.feed(_each(self._up, x))
        skip = min(self._skip, core.shape[1])
        self._skip -= skip
        return _each(self._down, core[:, skip:])

    def reset(self) -> None:
        """Forget the past."""
        self._skip = self._late
        self._hops.reset()
        for part in (*self._up, *self._down):
            part.reset()


def _each(resamplers: Sequence[Resampler], x: Planar) -> Planar:
    return np.stack([resampler.feed(row) for resampler, row in zip(resamplers, x, strict=True)])


def rate_stream(
    engine: Engine, channels: int, sample_rate: int, core_hz: int, block_multiple: int = 1
) -> BlockStream:
    """Like `hop_stream`, for an engine of `core_hz` in a stream of `sample_rate`."""
    multiple = check_block_multiple(block_multiple)
    plan = schedule(sample_rate, core_hz, engine.hop_samples, engine.latency_samples, multiple)
    lane = RateLane(engine, channels, sample_rate, core_hz, plan.waiting)
    return BlockStream(lane, channels, plan.latency_samples, plan.latency_samples, multiple)
