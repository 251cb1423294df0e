"""The contract of everything that changes sound, and the base classes that keep it.

    process(block, *, reset=False) -> block    same length, same dtype, delayed by latency_samples
    flush() -> block                           the delayed tail
    reset(); latency_samples; sample_rate; channels

Audio is (frames,) or (frames, channels). Cutting a signal into any blocks gives the same bits as one block.
"""

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandwise.door import (
    Form,
    Planar,
    check_channels,
    check_sample_rate,
    form_of,
    from_planar,
    silence_nonfinite,
    to_planar,
    warn_of_nonfinite,
)
from bandwise.hops import Engine, hop_stream

Audio = TypeVar("Audio", bound=NDArray[Any])


class Processor(Protocol):
    """What a file runner, a live loop or a chain may rely on."""

    @property
    def latency_samples(self) -> int:
        """How many samples the output lags the input."""

    @property
    def sample_rate(self) -> int:
        """Samples per second."""

    @property
    def channels(self) -> int:
        """Columns of the audio; 1 takes (frames,) too."""

    def process(self, block: Audio, *, reset: bool = False) -> Audio:
        """Same length, same dtype, delayed by `latency_samples`."""

    def flush(self) -> NDArray[Any]:
        """The delayed tail; the next block starts a fresh signal."""

    def reset(self) -> None:
        """Forget the past."""


class BlockProcessor(ABC):
    """A `Processor` made of a planar float32 core: the door, the bad samples and the tail are handled here.

    A subclass writes `_process`, and `_reset`; `latency_samples` is set before the first block.
    """

    latency_samples: int = 0

    def __init__(self, sample_rate: int = 48_000, channels: int = 1) -> None:
        self.sample_rate = check_sample_rate(sample_rate)
        self.channels = check_channels(channels)
        self.nonfinite_samples = 0
        """How many samples since `reset` were NaN, Inf or far too loud; each was treated as silence."""
        self._form = Form(flat=self.channels == 1)
        self._known: tuple[Any, ...] | None = None

    def __copy__(self) -> "BlockProcessor":
        """Like `copy.deepcopy`: two that shared a past would spoil each other's."""
        return copy.deepcopy(self)

    @abstractmethod
    def _process(self, planar: Planar) -> Planar:
        """(channels, n) float32 -> (channels, n) float32, delayed by `latency_samples`."""

    @abstractmethod
    def _reset(self) -> None:
        """Forget the past."""

    def process(self, block: Audio, *, reset: bool = False) -> Audio:
        """Process one block of any length: (frames,) or (frames, channels) -> same shape and dtype.

        Args:
            block: float32 or float64 in [-1, 1], int16 or int32.
            reset: start a fresh signal with this block.

        Raises:
            BandwiseError: for another layout or sample type.
        """
        samples = np.asarray(block)
        look = samples.dtype, samples.ndim, samples.shape[1:]
        if look != self._known:
            self._form = form_of(samples, self.channels)
            self._known = look
        planar = to_planar(samples, self._form)
        if reset:  # a block that was refused leaves the past as it was
            self.reset()
        self._count_nonfinite(planar)
        out: Any = from_planar(self._process(planar), self._form)
        return out  # type: ignore[no-any-return]

    def flush(self) -> NDArray[Any]:
        """Return the delayed tail, `latency_samples` long, in the form of the last block; start afresh."""
        tail = self._process(np.zeros((self.channels, self.latency_samples), np.float32))
        self._reset()
        return from_planar(tail, self._form)

    def reset(self) -> None:
        """Forget the past: the next block starts a fresh signal."""
        self.nonfinite_samples = 0
        self._reset()

    def _count_nonfinite(self, planar: Planar) -> None:
        count = silence_nonfinite(planar)
        if count and not self.nonfinite_samples:
            warn_of_nonfinite()
        self.nonfinite_samples += count


class HopProcessor(BlockProcessor):
    """A `Processor` around an engine of fixed hops, at any rate from 8 to 192 kHz.

    `make_engine(channels)` returns a fresh engine of `core_hz`; other rates are resampled on both ways.
    Blocks are multiples of `block_multiple` samples; a larger one waits less for a hop (`hop_stream`).
    """

    def __init__(
        self,
        make_engine: Callable[[int], Engine],
        sample_rate: int = 48_000,
        channels: int = 1,
        block_multiple: int = 1,
        core_hz: int = 48_000,
    ) -> None:
        super().__init__(sample_rate, channels)
        engine = self.engine = make_engine(self.channels)
        if self.sample_rate == core_hz:
            self._stream = hop_stream(engine, self.channels, block_multiple)
        else:
            from bandwise.rates import rate_stream

            self._stream = rate_stream(engine, self.channels, self.sample_rate, core_hz, block_multiple)
        self.latency_samples = self._stream.latency_samples

    def _process(self, planar: Planar) -> Planar:
        return self._stream.process(planar)

    def _reset(self) -> None:
        self._stream.reset()

    def flush(self) -> NDArray[Any]:
        """Return the delayed tail, `latency_samples` long, in the form of the last block; start afresh."""
        return from_planar(self._stream.flush(), self._form)


def aligned(processor: Processor, blocks: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
    """Process blocks, latency taken off: joined, the output aligns with the input and has its length."""
    skip = processor.latency_samples
    for block in blocks:
        out = processor.process(block)
        yield out[skip:]
        skip = max(0, skip - len(out))
    yield processor.flush()[skip:]


def whole(processor: Processor, x: Audio) -> Audio:
    """Run a whole signal, latency taken off: the output aligns with x and has its length."""
    processor.reset()
    out: Any = np.concatenate(list(aligned(processor, [x])))
    return out  # type: ignore[no-any-return]
