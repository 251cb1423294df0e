"""The training run: one network, one loss, one loop, readable from top to bottom.

Leaves in its folder: `checkpoint.pt` (all that is needed to go on but for whose turn it is among the
mixtures, which is drawn anew), `log.jsonl` (one record per line) and `losses.png`.  Runs unchanged on CPUs
and CUDA devices; on a CPU with bfloat16 matrix units it uses them.
"""

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bandwise.errors import BandwiseError
from bandwise.training.adversary import Adversary
from bandwise.training.checkpoint import CHECKPOINT, Run, read_checkpoint, restore, save
from bandwise.training.colour import recolour
from bandwise.training.fit_config import FitConfig
from bandwise.training.initial import initial_network
from bandwise.training.log import Log, Record
from bandwise.training.machine import choose_device, choose_precision, flushed_denormals, keep_freed_memory
from bandwise.training.milestones import FRAMES_PER_SECOND, means, training_record, validate
from bandwise.training.model import PercepNet
from bandwise.training.optimisers import make_optimisers
from bandwise.training.pruning import Pruning
from bandwise.training.schedule import Clock, learning_rate, progress
from bandwise.training.sources import TrainingData, ValidationData
from bandwise.training.windows import Losses, losses_by_window


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
    run = start(config, train, folder, device, dtype)
    log = Log(folder, report)
    clock, began_at, validated = Clock(config, run), run.update, -1
    try:
        with flushed_denormals():
            while (share := progress(config, run)) < 1:
                rate = learning_rate(config, run.update, share)
                run.optimisers.set_learning_rate(
                    rate, rate * config.filter_learning_rate / config.learning_rate
                )
                run.pruning.tighten(run.network, config.density, share)
                losses = learn_batch(config, run, train, device, dtype)
                clock.tick()
                if clock.passed(config.log_every):
                    log.write(training_record(config, run, losses))
                if valid is not None and clock.passed(config.validate_every):
                    log.write(validate(config, run, valid, device, dtype))
                    validated = run.update
                if clock.save_is_due():
                    save(config, run, folder)
                    log.plot()
        if valid is not None and validated != run.update:
            log.write(validate(config, run, valid, device, dtype))
    finally:
        clock.tick()
        if run.update > began_at:  # what learnt nothing must not stand in the way of the next try
            save(config, run, folder)
        log.plot()
    return run.average


def start(
    config: FitConfig,
    train: TrainingData,
    folder: Path,
    device: torch.device,
    dtype: torch.dtype = torch.float32,
) -> Run:
    """A fresh run by the seed, or the run in the folder's checkpoint."""
    torch.manual_seed(config.seed)
    rng = np.random.default_rng(config.seed)
    path = folder / CHECKPOINT
    saved = read_checkpoint(path) if path.exists() else None
    network, grown = (PercepNet(config.network), False) if saved else initial_network(config, train, rng)
    network.to(device)
    optimisers = make_optimisers(network, config.weight_decay, config.filter_weight_decay)
    share = config.loss.critic_share if network.filter is not None else 0.0
    adversary = Adversary(share, device, dtype) if share else None
    run = Run(network, copy.deepcopy(network), optimisers, Pruning(), rng, adversary)
    if saved is not None:
        restore(run, saved)
    elif not grown:
        run.pruning.keep_zeros(run.network)
    return run


def learn_batch(
    config: FitConfig, run: Run, train: TrainingData, device: torch.device, dtype: torch.dtype
) -> dict[str, float]:
    """One batch, an update after each window; the means of its losses and of the gradient's norm."""
    batch = recolour(train.batch(run.rng, config.sequences, config.frames), run.rng, config.colour)
    history = []
    for losses in losses_by_window(config, run.network, batch, device, dtype):
        total, criticism = with_criticism(run.adversary, losses, losses.total(config.loss))
        norm = update(config, run, total)
        history.append({**losses.named(), **criticism, "gradient_norm": norm})
    run.audio_s += config.sequences * config.frames / FRAMES_PER_SECOND
    return means(history)


def with_criticism(
    adversary: Adversary | None, losses: Losses, total: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """The total with what the adversary, if there is one, has against it; the critic's gap for the log."""
    if adversary is None or losses.exhibit is None:
        return total, {}
    total = total + adversary.objection(total, losses.exhibit)
    return total, {"critic_gap": adversary.last_gap}


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
