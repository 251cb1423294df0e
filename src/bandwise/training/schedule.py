"""When a training run does what: the share of the budget used, the learning rate, what is due."""

import math
import time

from bandwise.training.checkpoint import Run
from bandwise.training.fit_config import FitConfig


class Clock:
    """Keeps `run.elapsed_s`, and says what is due after a batch of several updates."""

    def __init__(self, config: FitConfig, run: Run) -> None:
        self._run, self._save_every_s = run, 60 * config.checkpoint_minutes
        self._begun = time.monotonic() - run.elapsed_s
        self._before = self._now = run.update
        self._saved_s = run.elapsed_s

    def tick(self) -> None:
        """After a batch."""
        self._run.elapsed_s = time.monotonic() - self._begun
        self._before, self._now = self._now, self._run.update

    def passed(self, every: int) -> bool:
        """Whether the batch passed a multiple of `every` updates."""
        return self._now // every > self._before // every

    def save_is_due(self) -> bool:
        """Whether the last checkpoint is old; it counts as written then."""
        due = self._run.elapsed_s - self._saved_s > self._save_every_s
        if due:
            self._saved_s = self._run.elapsed_s
        return due


def progress(config: FitConfig, run: Run) -> float:
    """Share of the budget that is used, 0 to 1 and beyond."""
    if config.updates is not None:
        return run.update / config.updates
    assert config.minutes is not None
    return run.elapsed_s / (60 * config.minutes)


def learning_rate(config: FitConfig, update: int, share: float) -> float:
    """Linear warm-up, then half a cosine from the peak to the final rate over the budget."""
    warm = min(1.0, (update + 1) / max(config.warmup_updates, 1))
    cosine = 0.5 + 0.5 * math.cos(math.pi * min(share, 1.0))
    return warm * (config.final_learning_rate + (config.learning_rate - config.final_learning_rate) * cosine)
