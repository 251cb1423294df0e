"""The training run: one network, one loss, one loop, readable from top to bottom.

Leaves in its folder: `checkpoint.pt` (everything needed to go on exactly), `log.jsonl` (one record per line)
and `losses.png`.  Runs unchanged on CPUs and CUDA devices; on a CPU with bfloat16 matrix units it uses them.
"""

import copy
import json
import math
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bandwise.errors import BandwiseError
from bandwise.suppress.features import BAND_LEVEL
from bandwise.suppress.stft import LOOKAHEAD_FRAMES
from bandwise.training.colour import recolour
from bandwise.training.grow import grow
from bandwise.training.loss import LossConfig, band_weights, perceptual_loss
from bandwise.training.machine import choose_device, choose_precision, keep_freed_memory
from bandwise.training.model import PercepNet, PercepNetConfig, States
from bandwise.training.optimisers import Optimisers, make_optimisers
from bandwise.training.pruning import Pruning, density_at

FRAMES_PER_SECOND = 100
CHECKPOINT_FORMAT = 2

Arrays = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64]]
Record = dict[str, Any]


class TrainingData(Protocol):
    """What a data source offers; `bandwise.training.shards.ShardReader` is one."""

    def batch(self, rng: np.random.Generator, sequences: int, frames: int) -> Arrays:
        """Draw features [B, T, 70], targets [B, T, 68] and the number of meaningful bands [B]."""


class ValidationData(Protocol):
    """A data source that can be walked through in order."""

    def sequences(self, frames: int, sequences: int) -> Iterator[Arrays]:
        """Batches as above, every frame at most once, the same ones each time."""


@dataclass(frozen=True)
class FitConfig:
    """One run.  Either `minutes` (of wall clock, all sessions of the run together) or `updates` ends it."""

    network: PercepNetConfig = field(default_factory=PercepNetConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    minutes: float | None = None
    updates: int | None = None
    sequences: int = 64  # side by side
    frames: int = 500  # per sequence, 10 ms each
    window: int = 125  # frames between two updates; the states are carried on, gradients are not
    colour: float = 0.15  # spread of random microphone colours, log10 of energy
    learning_rate: float = 5e-3  # the peak, after the warm-up
    final_learning_rate: float = 1e-5  # at the end of a half cosine over the budget
    warmup_updates: int = 200
    weight_decay: float = 1e-2
    density: float = 1.0  # share of the GRUs' weights kept, see `bandwise.training.pruning`
    gradient_limit: float = 1.0  # norm of all gradients together
    average_updates: int = 300  # span of the moving average of the weights that is validated and exported
    validate_every: int = 300  # updates
    validation_minutes: float = 8.0  # of audio
    checkpoint_minutes: float = 5.0
    log_every: int = 20  # updates
    initial: str = ""  # checkpoint whose averaged weights, grown if they are fewer, a fresh run starts from
    seed: int = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    threads: int = 0  # for torch on a CPU; 0 leaves its own choice

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "FitConfig":
        """The inverse of dataclasses.asdict, as found in a checkpoint."""
        network = dict(values["network"], kernels=tuple(values["network"]["kernels"]))
        nested = {"network": PercepNetConfig(**network), "loss": LossConfig(**values["loss"])}
        return FitConfig(**{**values, **nested})


@dataclass
class Run:
    """All that changes while training, and so all that a checkpoint holds beside the configuration."""

    network: PercepNet
    average: PercepNet
    optimisers: Optimisers
    pruning: Pruning
    rng: np.random.Generator
    update: int = 0
    elapsed_s: float = 0.0
    audio_s: float = 0.0


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
    last_save_s = run.elapsed_s
    begun = time.monotonic() - run.elapsed_s
    try:
        while progress(config, run) < 1:
            share = progress(config, run)
            run.optimisers.set_learning_rate(learning_rate(config, run.update, share))
            run.pruning.tighten(run.network, density_at(share, config.density))
            before = run.update
            losses = learn_batch(config, run, train, device, dtype)
            run.elapsed_s = time.monotonic() - begun
            if _passed(config.log_every, before, run.update):
                log.write(training_record(config, run, losses))
            if valid is not None and _passed(config.validate_every, before, run.update):
                log.write(validate(config, run, valid, device, dtype))
            if run.elapsed_s - last_save_s > 60 * config.checkpoint_minutes:
                last_save_s = run.elapsed_s
                save(config, run, folder)
                log.plot()
        if valid is not None:
            log.write(validate(config, run, valid, device, dtype))
    finally:
        run.elapsed_s = time.monotonic() - begun
        save(config, run, folder)
        log.plot()
    return run.average


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
    run = Run(network, copy.deepcopy(network), optimisers, Pruning(network), rng)
    if saved is not None:
        restore(run, saved)
    return run


def _passed(every: int, before: int, now: int) -> bool:
    """Whether a multiple of `every` lies in (before, now]."""
    return now // every > before // every


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


def save(config: FitConfig, run: Run, folder: Path) -> None:
    """Write `checkpoint.pt`; a reader sees the old one or the new one, never a part."""
    content = {
        "format": CHECKPOINT_FORMAT,
        "config": asdict(config),
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimisers": run.optimisers.state_dict(),
        "rng": json.dumps(run.rng.bit_generator.state),
        "counters": {"update": run.update, "elapsed_s": run.elapsed_s, "audio_s": run.audio_s},
    }
    partial = folder / "checkpoint.pt.part"
    torch.save(content, partial)
    partial.replace(folder / "checkpoint.pt")


def restore(run: Run, saved: Record) -> None:
    """Bring a run to where a checkpoint left it."""
    if FitConfig.from_dict(saved["config"]).network != run.network.config:
        raise BandwiseError(
            "got a checkpoint of other layer sizes; a run keeps its own; name another folder or the same size"
        )
    run.network.load_state_dict(saved["network"])
    run.average.load_state_dict(saved["average"])
    run.optimisers.load_state_dict(saved["optimisers"])
    run.rng.bit_generator.state = json.loads(saved["rng"])
    for name, value in saved["counters"].items():
        setattr(run, name, value)


def read_checkpoint(path: Path) -> Record:
    """The content of a checkpoint, on the CPU."""
    try:
        saved: Record = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise BandwiseError(
            f"got {path}, not a readable checkpoint; delete it to start anew, or name another folder"
        ) from error
    if saved.get("format") != CHECKPOINT_FORMAT:
        raise BandwiseError(
            f"got checkpoint format {saved.get('format')}; this version reads {CHECKPOINT_FORMAT}; train anew"
        )
    return saved


def trained_network(path: Path) -> tuple[PercepNet, FitConfig]:
    """The averaged network in a checkpoint, and the configuration that made it."""
    saved = read_checkpoint(path)
    config = FitConfig.from_dict(saved["config"])
    network = PercepNet(config.network)
    network.load_state_dict(saved["average"])
    return network, config


class Log:
    """`log.jsonl` and `losses.png` of a run, and the caller's `report`."""

    def __init__(self, folder: Path, report: Callable[[Record], None]) -> None:
        self.path = folder / "log.jsonl"
        self.report = report

    def write(self, record: Record) -> None:
        """Append one record."""
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        self.report(record)

    def plot(self) -> None:
        """Redraw the curves of training and validation, if matplotlib is installed."""
        with suppress(ImportError):
            from bandwise.training.curves import plot_losses

            if self.path.exists():
                plot_losses(self.path, self.path.with_name("losses.png"))
