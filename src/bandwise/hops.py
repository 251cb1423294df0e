"""Any block size to fixed hops and back, the same number of samples out as in."""

from collections.abc import Sequence
from math import gcd
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bandwise.door import Planar
from bandwise.errors import BandwiseError


class Engine(Protocol):
    """What works on fixed hops of one channel: `process_hop` takes and returns float32[hop_samples].

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

    def process_hop(self, hop: NDArray[np.float32], /) -> NDArray[np.float32]:
        """float32[hop_samples] -> float32[hop_samples]."""


class HopStream:
    """One engine per channel, fed with blocks of any multiple of `block_multiple` samples.

    A block of n samples must return n samples, and an engine answers only whole hops. When every block is a
    multiple of m, the unfilled part of a hop is at most `hop - gcd(m, hop)` samples: that much silence is put
    in front of the output once, and it never runs dry. No smaller delay has outputs as long as inputs.
    """

    def __init__(self, engines: Sequence[Engine], block_multiple: int = 1) -> None:
        if block_multiple < 1 or block_multiple != int(block_multiple):
            raise BandwiseError(
                f"got block_multiple={block_multiple}; it is a whole number from 1; 1 fits any block"
            )
        self._engines = list(engines)
        self._block_multiple = int(block_multiple)
        self._hop = self._engines[0].hop_samples
        self._prime = self._hop - gcd(self._block_multiple, self._hop)
        self.latency_samples = self._engines[0].latency_samples + self._prime
        self._clear()

    def _clear(self) -> None:
        channels = len(self._engines)
        self._pending = np.zeros((channels, 0), np.float32)
        self._ready = np.zeros((channels, self._prime), np.float32)

    def reset(self) -> None:
        """Forget the past: the next block starts a fresh signal."""
        self._clear()
        for engine in self._engines:
            engine.reset()

    def process(self, planar: Planar) -> Planar:
        """(channels, n) float32 -> (channels, n) float32, delayed by `latency_samples`.

        Raises:
            BandwiseError: when n is not a multiple of `block_multiple`.
        """
        n = planar.shape[1]
        if n % self._block_multiple:
            m = self._block_multiple
            raise BandwiseError(
                f"got a block of {n} samples; block_multiple={m} promises multiples of it; make it 1"
            )
        return self._pull(planar, n)

    def flush(self) -> Planar:
        """Return the delayed tail, (channels, latency_samples), and start afresh."""
        channels, tail = len(self._engines), self.latency_samples
        out = self._pull(np.zeros((channels, tail + self._hop), np.float32), tail)
        self.reset()
        return out

    def _pull(self, planar: Planar, wanted: int) -> Planar:
        held = np.concatenate([self._pending, planar], axis=1)
        whole = held.shape[1] - held.shape[1] % self._hop
        self._pending = held[:, whole:].copy()
        out = np.concatenate([self._ready, self._run(held[:, :whole])], axis=1)
        self._ready = out[:, wanted:].copy()
        return out[:, :wanted]

    def _run(self, planar: Planar) -> Planar:
        out = np.empty_like(planar)
        for start in range(0, planar.shape[1], self._hop):
            hop = slice(start, start + self._hop)
            for channel, engine in enumerate(self._engines):
                out[channel, hop] = engine.process_hop(np.ascontiguousarray(planar[channel, hop]))
        return out
