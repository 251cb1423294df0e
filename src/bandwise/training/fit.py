"""The training run: one network, one loss, one loop, readable from top to bottom.

Leaves in its folder: `checkpoint.pt` (everything needed to go on exactly), `log.jsonl` (one record per line)
and `losses.png`.  Runs unchanged on CPUs and CUDA devices; on a CPU with bfloat16 matrix units it uses them.
"""

import copy
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bandwise.errors import BandwiseError
from bandwise.suppress.features import BAND_LEVEL
from bandwise.suppress.stft import LOOKAHEAD_FRAMES
from bandwise.training.checkpoint import Run, read_checkpoint, restore, save, trained_network
from bandwise.training.colour import recolour
from bandwise.training.fit_config import FitConfig
from bandwise.training.grow import grow
from bandwise.training.log import Log, Record
from bandwise.training.loss import band_weights, perceptual_loss
from bandwise.training.machine import choose_device, choose_precision, keep_freed_memory
from bandwise.training.model import PercepNet, States
from bandwise.training.optimisers import make_optimisers
from bandwise.training.pruning import Pruning, density_at
from bandwise.training.sources import Arrays, TrainingData, ValidationData

FRAMES_PER_SECOND = 100


def fit(
    config: FitConfig,
    train: TrainingData,
    valid: ValidationData | None,
    folder: Path,
    report: Callable[[Record], None] = lambda _: None,
) -> PercepNet:
    """Train within the budget, on from `folder/checkpoint.pt` if there is one; returns the averaged network.

    `report` receives each log record.  An interrupt (Ctrl-C) saves a checkpoint before it goes on its way.
    """
    if config.minutes is None and config.updates is None:
        raise BandwiseError("got no budget; training takes minutes or a number of updates; pass minutes=120")
    folder.mkdir(parents=True, exist_ok=True)
    device = choose_device(config.device)
    dtype = choose_precision(config.precision, device)
    if config.threads:
        torch.set_num_threads(config.threads)
    keep_freed_memory()
    run = start(config, train, folder, device)
    log = Log(folder, report)
    clock = _Clock(config, run)
    try:
        while (share := progress(config, run)) < 1:
            run.optimisers.set_learning_rate(learning_rate(config, run.update, share))
            run.pruning.tighten(run.network, density_at(share, config.density))
            losses = learn_batch(config, run, train, device, dtype)
            clock.tick()
            if clock.passed(config.log_every):
                log.write(training_record(config, run, losses))
            if valid is not None and clock.passed(config.validate_every):
                log.write(validate(config, run, valid, device, dtype))
            if clock.save_is_due():
                save(config, run, folder)
                log.plot()
        if valid is not None:
            log.write(validate(config, run, valid, device, dtype))
    finally:
        clock.tick()
        save(config, run, folder)
        log.plot()
    return run.average


class _Clock:
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


def start(config: FitConfig, train: TrainingData, folder: Path, device: torch.device) -> Run:
    """A fresh run by the seed, or the run in the folder's checkpoint."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    network = PercepNet(config.network)
    path = folder / "checkpoint.pt"
    saved = read_checkpoint(path) if path.exists() else None
    if saved is None:
        if config.initial:
            network = grow(trained_network(Path(config.initial))[0], config.network, config.seed)
        network.normalise_like(torch.from_numpy(train.batch(rng, 256, config.frames)[0]))
    network.to(device)
    optimisers = make_optimisers(network, config.weight_decay)
    run = Run(network, copy.deepcopy(network), optimisers, Pruning(), rng)
    if saved is not None:
        restore(run, saved)
    return run


def learn_batch(
    config: FitConfig, run: Run, train: TrainingData, device: torch.device, dtype: torch.dtype
) -> tuple[float, float, float]:
    """One batch, an update after each window; means of gain loss, strength loss and gradient norm."""
    features, targets, bands_valid = train.batch(run.rng, config.sequences, config.frames)
    batch = recolour(features, run.rng, config.colour), targets, bands_valid
    history = []
    for for_gains, for_strengths in losses_by_window(config, run.network, batch, device, dtype):
        norm = update(config, run, for_gains + for_strengths)
        history.append((for_gains.item(), for_strengths.item(), norm))
    run.audio_s += config.sequences * config.frames / FRAMES_PER_SECOND
    gains, strengths, norm = (float(v) for v in np.mean(history, axis=0))
    return gains, strengths, norm


def update(config: FitConfig, run: Run, loss: Tensor) -> float:
    """One step of the optimisers and the moving average; the norm of the gradient."""
    run.network.zero_grad()
    torch.autograd.backward(loss)
    norm = torch.nn.utils.clip_grad_norm_(run.network.parameters(), config.gradient_limit)
    if torch.isfinite(norm):
        run.optimisers.step()
        run.network.limit_weights()
        run.pruning.apply(run.network)
    # the average starts short, so that it forgets the random weights of the beginning
    weight = max(1 / (run.update + 1), 1 / config.average_updates)
    with torch.no_grad():
        for kept, new in zip(run.average.parameters(), run.network.parameters(), strict=True):
            kept.lerp_(new, weight)
    run.pruning.apply(run.average)
    run.update += 1
    return norm.item()


def losses_by_window(
    config: FitConfig, network: PercepNet, batch: Arrays, device: torch.device, dtype: torch.dtype
) -> Iterator[tuple[Tensor, Tensor]]:
    """(gain loss, strength loss) of each window of a batch in turn, the network's states carried on.

    Truncated backpropagation through time: four updates for the products of one, and matrices tall enough to
    keep matrix units busy, while the network still learns to use states older than a window.
    """
    features, targets, bands_valid = (torch.from_numpy(v).to(device) for v in batch)
    weights = band_weights(current_levels(features), bands_valid, config.loss)
    states = None
    for first in range(0, features.shape[1], config.window):
        span = slice(first, first + config.window)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            gains, strengths, states = network(features[:, span], states)
        states = States(*(v.detach() for v in states))
        yield perceptual_loss(gains, strengths, targets[:, span], weights[:, span], config.loss)


def current_levels(features: Tensor) -> Tensor:
    """Band levels [B, T, bands] of the frames decided on: the inputs hold those of LOOKAHEAD_FRAMES later."""
    ahead = features[..., BAND_LEVEL]
    first = ahead[:, :1].expand(-1, LOOKAHEAD_FRAMES, -1)
    return torch.cat([first, ahead], dim=1)[:, : ahead.shape[1]]


@torch.no_grad()
def validate(
    config: FitConfig, run: Run, valid: ValidationData, device: torch.device, dtype: torch.dtype
) -> Record:
    """Losses of the averaged network over the first `validation_minutes` of the validation data."""
    remaining = config.validation_minutes * 60 * FRAMES_PER_SECOND
    sums, batches = np.zeros(2), 0
    for batch in valid.sequences(config.frames, config.sequences):
        windows = list(losses_by_window(config, run.average, batch, device, dtype))
        sums += np.mean([[v.item() for v in losses] for losses in windows], axis=0)
        batches += 1
        remaining -= batch[0].shape[0] * batch[0].shape[1]
        if remaining <= 0:
            break
    means = sums / max(batches, 1)
    return {
        "kind": "valid",
        "update": run.update,
        "elapsed_s": round(run.elapsed_s, 1),
        "gain_loss": float(means[0]),
        "strength_loss": float(means[1]),
    }


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


def training_record(config: FitConfig, run: Run, losses: tuple[float, float, float]) -> Record:
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
        "gain_loss": losses[0],
        "strength_loss": losses[1],
        "gradient_norm": losses[2],
    }
