"""What a training run leaves and goes on from: `checkpoint.pt`, whole or not at all."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from bandwise.atomic_file import atomic
from bandwise.errors import BandwiseError
from bandwise.training.adversary import Adversary
from bandwise.training.fit_config import FitConfig
from bandwise.training.model import PercepNet
from bandwise.training.optimisers import Optimisers
from bandwise.training.pruning import Pruning

CHECKPOINT = "checkpoint.pt"  # in the folder of a run
CHECKPOINT_FORMAT = 2


@dataclass
class Run:
    """All that changes while training, and so all that a checkpoint holds beside the configuration."""

    network: PercepNet
    average: PercepNet
    optimisers: Optimisers
    pruning: Pruning
    rng: np.random.Generator
    adversary: Adversary | None = None
    update: int = 0
    elapsed_s: float = 0.0
    audio_s: float = 0.0


def save(config: FitConfig, run: Run, folder: Path) -> None:
    """Write `checkpoint.pt`; a reader sees the old one or the new one, never a part."""
    content = {
        "format": CHECKPOINT_FORMAT,
        "config": asdict(config),
        "network": run.network.state_dict(),
        "average": run.average.state_dict(),
        "optimisers": run.optimisers.state_dict(),
        "kept": run.pruning.state_dict(),
        "adversary": run.adversary.state_dict() if run.adversary else None,
        "rng": json.dumps(run.rng.bit_generator.state),
        "counters": {"update": run.update, "elapsed_s": run.elapsed_s, "audio_s": run.audio_s},
    }
    with atomic(folder / CHECKPOINT) as partial:
        torch.save(content, partial)


def restore(run: Run, saved: dict[str, Any]) -> None:
    """Bring a run to where a checkpoint left it."""
    if FitConfig.from_dict(saved["config"]).network != run.network.config:
        raise BandwiseError(
            "got a checkpoint of other layer sizes or weight limit; a run keeps its own; give those, or "
            "another folder"
        )
    run.network.load_state_dict(saved["network"])
    run.average.load_state_dict(saved["average"])
    run.optimisers.load_state_dict(saved["optimisers"])
    run.pruning.load_state_dict(saved.get("kept", {}), run.network)  # earlier versions did not say
    if run.adversary and saved.get("adversary"):
        run.adversary.load_state_dict(saved["adversary"])
    run.rng.bit_generator.state = json.loads(saved["rng"])
    for name, value in saved["counters"].items():
        setattr(run, name, value)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The content of a checkpoint, on the CPU."""
    try:
        saved: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a file that is none of its own
        raise BandwiseError(
            f"got {path}, not a readable checkpoint; name another, or move it away to start its run anew"
        ) from error
    found = saved.get("format") if isinstance(saved, dict) else None
    if found != CHECKPOINT_FORMAT:
        raise BandwiseError(
            f"got checkpoint format {found} in {path}; this version reads {CHECKPOINT_FORMAT}; train anew"
        )
    return saved


def trained_network(path: Path) -> tuple[PercepNet, FitConfig]:
    """The averaged network in a checkpoint, and the configuration that made it."""
    saved = read_checkpoint(path)
    try:
        config = FitConfig.from_dict(saved["config"])
        network = PercepNet(config.network)
        network.load_state_dict(saved["average"])
    except (
        KeyError,
        TypeError,
        RuntimeError,
    ) as error:  # the last is torch's
        raise BandwiseError(
            f"got {path}, a checkpoint that lacks a part or has one too many ({error}); name another"
        ) from error
    return network, config
