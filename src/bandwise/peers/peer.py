"""What a peer looks like from here: a rate, a frame, and a stream of frames or a function of recordings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]


class Absent(Exception):  # noqa: N818  a finding, not a failure
    """The peer is not here; the message is what to do about it, in a few words."""


class Stream(Protocol):
    """One channel of a peer at work."""

    def process(self, block: Audio, /) -> Audio:
        """float32[frame_samples] in [-1, 1] -> float32[frame_samples], `latency_samples` late."""


@dataclass(frozen=True)
class Peer:
    """A noise suppressor for one channel.

    `latency_samples` is how far the output lags the input when frames come whole, at the peer's own rate; the
    wait until a frame is full comes on top. One that knows whole recordings only has `whole` in place of
    `open_stream`, and frames of 0.
    """

    name: str
    version: str
    sample_rate: int
    frame_samples: int = 0
    latency_samples: int = 0
    open_stream: Callable[[], Stream] | None = None
    """A fresh stream; every channel needs its own."""
    whole: Callable[[Audio], Audio] | None = None
    """float32[n] -> float32[n] at `sample_rate`, aligned."""

    def __call__(self, x: NDArray[Any], sample_rate: int) -> Audio:
        """A whole recording, float32[n] at any rate -> float32[n], aligned with it as far as declared."""
        from bandwise.measure.quality import at_rate

        heard = np.asarray(at_rate(x, sample_rate, self.sample_rate), np.float32)
        made = self.whole(heard) if self.whole else self._streamed(heard)
        back = at_rate(made, self.sample_rate, sample_rate)
        return np.pad(back, (0, max(0, len(x) - len(back))))[: len(x)].astype(np.float32)

    def _streamed(self, x: Audio) -> Audio:
        """Through a fresh stream frame by frame, with silence behind for the tail."""
        assert self.open_stream is not None
        stream, frame = self.open_stream(), self.frame_samples
        frames = -(-(len(x) + self.latency_samples) // frame)
        padded = np.pad(x, (0, frames * frame - len(x))).reshape(frames, frame)
        out = np.concatenate([stream.process(block) for block in padded])
        return out[self.latency_samples :][: len(x)]


def int16_frame(block: Audio) -> NDArray[np.int16]:
    """float32 in [-1, 1] -> 16 bits, rounded, clipped."""
    return np.asarray(np.clip(np.rint(block * 32_768.0), -32_768, 32_767), np.int16)
