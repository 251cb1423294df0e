"""Other sample rates: an engine of one rate made to look like an engine of another."""

from functools import lru_cache
from math import ceil

import numpy as np
import soxr
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.hops import Engine

LOWEST_HZ, HIGHEST_HZ = 8_000, 192_000
HOPS_PER_SECOND = 100


def check_sample_rate(sample_rate: float) -> int:
    """Return a whole sample rate between 8 and 192 kHz, else raise `BandwiseError`."""
    if not (LOWEST_HZ <= sample_rate <= HIGHEST_HZ and sample_rate == int(sample_rate)):
        raise BandwiseError(
            f"got a sample rate of {sample_rate} Hz; whole rates from {LOWEST_HZ} to {HIGHEST_HZ} Hz are "
            "allowed; resample the audio first"
        )
    return int(sample_rate)


def _resampler(from_hz: int, to_hz: int) -> soxr.ResampleStream:
    return soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32", quality="HQ")


@lru_cache(maxsize=64)
def longest_wait(from_hz: int, to_hz: int) -> float:
    """Return the most input samples that a soxr stream ever holds back, found by feeding it.

    soxr is linear phase and trims its own delay: output k belongs to input time k / to_hz, it only comes
    late. It works in blocks of its own, so what it holds rises to a block and falls; a second of feeding in
    steps of `step` samples shows the highest point to within `step`, which is added.
    """
    step, resampler = 16, _resampler(from_hz, to_hz)
    silence = np.zeros(step, np.float32)
    given, got, worst = 0, 0, 0.0
    for _ in range(from_hz // step):
        got += len(resampler.resample_chunk(silence))
        given += step
        worst = max(worst, given - got * from_hz / to_hz)
    return worst + step


class ResampledEngine:
    """An engine of `core_hz` seen at `sample_rate`: hops of 10 ms in, the same number of samples out.

    The hop is the fixed quantum in which soxr is fed, so the bits do not depend on how a caller cuts blocks.
    The core's own latency is taken off at its own rate, where it is a whole number of samples, and silence
    is put in front of the output for the longest time that anything on the way is held back: that silence
    is `latency_samples`, exact at every rate.
    """

    def __init__(self, engine: Engine, sample_rate: int, core_hz: int = 48_000) -> None:
        self._engine = engine
        self._rates = (check_sample_rate(sample_rate), core_hz)
        self.hop_samples = round(sample_rate / HOPS_PER_SECOND)
        core_samples = engine.latency_samples + engine.hop_samples - 1 + longest_wait(core_hz, sample_rate)
        wait = longest_wait(sample_rate, core_hz) + core_samples * sample_rate / core_hz
        self.latency_samples = ceil(wait) + 2  # each soxr rounds its count of outputs by at most one
        self._clear()

    def _clear(self) -> None:
        sample_rate, core_hz = self._rates
        self._up = _resampler(sample_rate, core_hz)
        self._down = _resampler(core_hz, sample_rate)
        self._pending = np.zeros(0, np.float32)
        self._ready = np.zeros(self.latency_samples, np.float32)
        self._ahead = self._engine.latency_samples

    def reset(self) -> None:
        """Forget the past: the next hop starts a fresh signal."""
        self._clear()
        self._engine.reset()

    def process_hop(self, hop: NDArray[np.float32], /) -> NDArray[np.float32]:
        """float32[hop_samples] -> float32[hop_samples], delayed by `latency_samples`."""
        core = self._run(self._up.resample_chunk(hop))
        self._ready = np.concatenate([self._ready, self._down.resample_chunk(core)])
        out, self._ready = self._ready[: self.hop_samples], self._ready[self.hop_samples :].copy()
        return out

    def _run(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        held = np.concatenate([self._pending, samples])
        hop = self._engine.hop_samples
        whole = len(held) - len(held) % hop
        self._pending = held[whole:].copy()
        out = np.empty(whole, np.float32)
        for start in range(0, whole, hop):
            out[start : start + hop] = self._engine.process_hop(held[start : start + hop].copy())
        skip = min(self._ahead, whole)
        self._ahead -= skip
        return out[skip:]
