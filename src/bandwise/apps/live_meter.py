"""What a live run tells while it goes on, and when it is over."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.stream import Processor

FLOOR_DB = -99.0
FALL = 0.8  # of a level from block to block: 19 dB in 100 ms, so that a peak can be read


@dataclass
class Meter:
    """Processes blocks and counts what they cost, what was lost, and how loud it is before and after."""

    processor: Processor
    block_seconds: float
    blocks: int = 0
    gaps: int = 0
    busy_s: float = 0.0
    slowest_s: float = 0.0
    before: float = 0.0
    after: float = 0.0
    error: Exception | None = None

    def work(self, block: NDArray[Any], lost: bool) -> NDArray[Any]:
        """One block of the card; what goes wrong is kept for whoever waits, and silence is played."""
        if self.error is not None:
            return np.zeros_like(block)
        start, busy = time.perf_counter(), time.thread_time()
        try:
            out = self.processor.process(block)
        except Exception as error:  # noqa: BLE001  the card's thread has nobody to tell
            self.error = error
            return np.zeros_like(block)
        self.before = max(peak(block), FALL * self.before)
        self.after = max(peak(out), FALL * self.after)
        self.busy_s += time.thread_time() - busy
        self.slowest_s = max(self.slowest_s, time.perf_counter() - start)
        self.gaps += lost and self.blocks > 0  # a card that starts has nothing to lose
        self.blocks += 1
        return out

    @property
    def seconds(self) -> float:
        """Of sound so far."""
        return self.blocks * self.block_seconds

    @property
    def load(self) -> float:
        """Share of one core that work took."""
        return self.busy_s / max(self.seconds, self.block_seconds)

    def line(self) -> str:
        """Levels, load and gaps now."""
        return (
            f"in {decibels(self.before):5.0f} dB   out {decibels(self.after):5.0f} dB   "
            f"load {100 * self.load:4.1f} %   gaps {self.gaps}"
        )


def peak(block: NDArray[Any]) -> float:
    """Largest magnitude."""
    return float(np.abs(block).max(initial=0.0))


def decibels(amplitude: float) -> float:
    """Of full scale, no less than FLOOR_DB."""
    return max(FLOOR_DB, float(20 * np.log10(max(amplitude, 1e-9))))
