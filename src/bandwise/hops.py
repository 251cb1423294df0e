"""Any block size to fixed hops and back, the same number of samples out as in."""

from math import gcd
from sys import maxsize
from typing import Any, Protocol

import numpy as np

from bandwise.door import Planar, is_whole, shown
from bandwise.errors import BandwiseError


class Engine(Protocol):
    """What works on fixed hops, all channels at once.

    The output is the processed input delayed by `latency_samples`, counted as if hops arrived whole.
    """

    @property
    def hop_samples(self) -> int:
        """Samples in one hop."""

    @property
    def latency_samples(self) -> int:
        """How many samples the output lags the input."""

    def reset(self) -> None:
        """Forget the past."""

    def process_hops(self, hops: Planar, /) -> Planar:
        """(channels, any number of whole hops) -> same; the bits do not depend on how many there are."""


class Lane(Protocol):
    """Processes when it can: samples in, as many out as are ready."""

    def feed(self, x: Planar, /) -> Planar:
        """(channels, n) -> (channels, k); how many there are depends on the counts so far alone."""

    def reset(self) -> None:
        """Forget the past."""


class HopLane:
    """Gathers samples into hops for an engine."""

    def __init__(self, engine: Engine, channels: int, waiting: int = 0) -> None:
        self._engine, self._silence = engine, np.zeros((channels, waiting), np.float32)
        self._pending = self._silence

    def feed(self, x: Planar, /) -> Planar:
        """(channels, n) -> the hops that are full now, processed."""
        held = np.concatenate([self._pending, x], axis=1) if self._pending.shape[1] else x
        full = held.shape[1] - held.shape[1] % self._engine.hop_samples
        self._pending = held[:, full:].copy()
        return self._engine.process_hops(held[:, :full]) if full else held[:, :0]

    def reset(self) -> None:
        """Forget the past; the silence that waits stands at the start of the first hop."""
        self._pending = self._silence
        self._engine.reset()


class BlockStream:
    """A lane before a queue: every block returns as many samples as it brought.

    `queued` samples of silence go out first. They are enough if the lane never holds back more than that.
    """

    def __init__(
        self, lane: Lane, channels: int, queued: int, latency_samples: int, block_multiple: int
    ) -> None:
        self._lane, self._block_multiple = lane, block_multiple
        self._silence = np.zeros((channels, queued), np.float32)
        self.latency_samples = latency_samples
        self._ready = self._silence

    def reset(self) -> None:
        """Forget the past: the next block starts a fresh signal."""
        self._ready = self._silence
        self._lane.reset()

    def process(self, planar: Planar) -> Planar:
        """(channels, n) float32 -> (channels, n) float32, delayed by `latency_samples`.

        Raises:
            BandwiseError: when n is not a multiple of `block_multiple`.
        """
        frames, multiple = planar.shape[1], self._block_multiple
        if frames % multiple:
            raise BandwiseError(
                f"got a block of {frames} samples; block_multiple={multiple} promises multiples; use 1"
            )
        return self._exchange(planar, frames)

    def flush(self) -> Planar:
        """Return the delayed tail, (channels, latency_samples), and start afresh."""
        channels, queued = self._silence.shape
        silence = np.zeros((channels, 2 * self.latency_samples + queued), np.float32)
        tail = self._exchange(silence, self.latency_samples)
        self.reset()
        return tail

    def _exchange(self, planar: Planar, wanted: int) -> Planar:
        processed = self._lane.feed(planar)
        if not self._ready.shape[1] and processed.shape[1] == wanted:
            return processed
        out = np.concatenate([self._ready, processed], axis=1)
        self._ready = out[:, wanted:].copy()
        return out[:, :wanted]


def hop_stream(engine: Engine, channels: int, block_multiple: int = 1) -> BlockStream:
    """An engine fed with blocks of any multiple of `block_multiple` samples.

    An engine processes whole hops. When every block is a multiple of m, the unfilled part of a hop is at most
    hop - gcd(m, hop) samples: that much silence is queued, and it never runs dry. No smaller delay gives
    outputs as long as inputs.
    """
    multiple = check_block_multiple(block_multiple)
    queued = engine.hop_samples - gcd(multiple, engine.hop_samples)
    lane = HopLane(engine, channels)
    return BlockStream(lane, channels, queued, engine.latency_samples + queued, multiple)


def check_block_multiple(block_multiple: Any) -> int:
    """Return a whole number from 1, else raise `BandwiseError`."""
    if not is_whole(block_multiple, 1, maxsize):
        raise BandwiseError(
            f"got block_multiple={shown(block_multiple)}; whole numbers from 1 are allowed; 1 fits all"
        )
    return int(block_multiple)
