"""Where a training run stands, as records for its log: after some updates, and on the validation data."""

import numpy as np
import torch

from bandwise.training.checkpoint import Run
from bandwise.training.fit_config import FitConfig
from bandwise.training.log import Record
from bandwise.training.schedule import learning_rate, progress
from bandwise.training.sources import ValidationData
from bandwise.training.windows import losses_by_window

FRAMES_PER_SECOND = 100


def means(records: list[dict[str, float]]) -> dict[str, float]:
    """Mean of each entry, all records having the same."""
    return {name: float(np.mean([record[name] for record in records])) for name in records[0]}


@torch.no_grad()
def validate(
    config: FitConfig, run: Run, valid: ValidationData, device: torch.device, dtype: torch.dtype
) -> Record:
    """Losses of the averaged network over the first `validation_minutes` of the validation data."""
    remaining = config.validation_minutes * 60 * FRAMES_PER_SECOND
    history = []
    for batch in valid.sequences(config.frames, config.sequences):
        windows = losses_by_window(config, run.average, batch, device, dtype)
        history.append(means([losses.named() for losses in windows]))
        remaining -= batch.features.shape[0] * batch.features.shape[1]
        if remaining <= 0:
            break
    return {
        "kind": "valid",
        "update": run.update,
        "elapsed_s": round(run.elapsed_s, 1),
        **means(history),
    }


def training_record(config: FitConfig, run: Run, losses: dict[str, float]) -> Record:
    """The state of the run as a flat record for the log."""
    share = progress(config, run)
    return {
        "kind": "train",
        "update": run.update,
        "elapsed_s": round(run.elapsed_s, 1),
        "remaining_s": round(run.elapsed_s * (1 / share - 1), 1),
        "audio_hours": round(run.audio_s / 3600, 3),
        "audio_seconds_per_second": round(run.audio_s / max(run.elapsed_s, 1e-9), 1),
        "learning_rate": learning_rate(config, run.update, share),
        **losses,
    }
