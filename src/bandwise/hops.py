"""Any block size to fixed hops and back, the same number of samples out as in."""

from collections.abc import Sequence
from math import gcd
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bandwise.door import Planar
from bandwise.errors import BandwiseError

Samples = NDArray[np.float32]


class Engine(Protocol):
    """What works on fixed hops of one channel.

    The output is the input's answer delayed by `latency_samples`, counted as if hops arrived whole.
    """

    @property
    def hop_samples(self) -> int:
        """Samples in one hop."""

    @property
    def latency_samples(self) -> int:
        """How many samples the output lags the input."""

    def reset(self) -> None:
        """Forget the past."""

    def process_hop(self, hop: Samples, /) -> Samples:
        """float32[hop_samples] -> float32[hop_samples]."""


class Lane(Protocol):
    """One channel that answers when it can: samples in, as many out as are ready."""

    def feed(self, x: Samples, /) -> Samples:
        """float32[n] -> float32[k]; how many there are depends on the counts so far alone."""

    def reset(self) -> None:
        """Forget the past."""


class HopLane:
    """Gathers samples into hops for an engine."""

    def __init__(self, engine: Engine, waiting: int = 0) -> None:
        self._engine, self._waiting = engine, waiting
        self._pending = np.zeros(waiting, np.float32)

    def feed(self, x: Samples, /) -> Samples:
        """float32[n] -> the answers to the hops that are full now."""
        held = np.concatenate([self._pending, x])
        hop = self._engine.hop_samples
        out = np.empty(len(held) - len(held) % hop, np.float32)
        for start in range(0, len(out), hop):
            out[start : start + hop] = self._engine.process_hop(held[start : start + hop].copy())
        self._pending = held[len(out) :]
        return out

    def reset(self) -> None:
        """Forget the past; `waiting` samples of silence stand at the start of the first hop."""
        self._pending = np.zeros(self._waiting, np.float32)
        self._engine.reset()


class BlockStream:
    """Lanes side by side behind a queue: every block returns as many samples as it brought.

    `queued` samples of silence go out first. They are enough if no lane ever holds back more than that.
    """

    def __init__(self, lanes: Sequence[Lane], queued: int, latency_samples: int, block_multiple: int) -> None:
        self._lanes, self._queued, self._block_multiple = list(lanes), queued, block_multiple
        self.latency_samples = latency_samples
        self._ready = self._silence(queued)

    def reset(self) -> None:
        """Forget the past: the next block starts a fresh signal."""
        self._ready = self._silence(self._queued)
        for lane in self._lanes:
            lane.reset()

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
        tail = self._exchange(self._silence(2 * self.latency_samples + self._queued), self.latency_samples)
        self.reset()
        return tail

    def _exchange(self, planar: Planar, wanted: int) -> Planar:
        answers = np.stack([lane.feed(x) for lane, x in zip(self._lanes, planar, strict=True)])
        out = np.concatenate([self._ready, answers], axis=1)
        self._ready = out[:, wanted:].copy()
        return out[:, :wanted]

    def _silence(self, frames: int) -> Planar:
        return np.zeros((len(self._lanes), frames), np.float32)


def hop_stream(engines: Sequence[Engine], block_multiple: int = 1) -> BlockStream:
    """One engine per channel, fed with blocks of any multiple of `block_multiple` samples.

    An engine answers whole hops. When every block is a multiple of m, the unfilled part of a hop is at most
    hop - gcd(m, hop) samples: that much silence is queued, and it never runs dry. No smaller delay gives
    outputs as long as inputs.
    """
    multiple = check_block_multiple(block_multiple)
    hop = engines[0].hop_samples
    queued = hop - gcd(multiple, hop)
    lanes = [HopLane(engine) for engine in engines]
    return BlockStream(lanes, queued, engines[0].latency_samples + queued, multiple)


def check_block_multiple(block_multiple: int) -> int:
    """Return a whole number from 1, else raise `BandwiseError`."""
    if block_multiple < 1 or block_multiple != int(block_multiple):
        raise BandwiseError(
            f"got block_multiple={block_multiple}; whole numbers from 1 are allowed; 1 fits all"
        )
    return int(block_multiple)
