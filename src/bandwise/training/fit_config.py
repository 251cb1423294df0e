"""Everything that is chosen about a training run."""

from dataclasses import dataclass, field
from typing import Any, Literal

from bandwise.training.loss_config import LossConfig
from bandwise.training.network_config import PercepNetConfig


@dataclass(frozen=True)
class FitConfig:
    """One run.  Either `minutes` (of wall clock, pauses of the run not counted) or `updates` ends it."""

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
    filter_learning_rate: float = 3e-3  # the peak for the deep filter; its final rate is in proportion
    warmup_updates: int = 200
    weight_decay: float = 1e-2
    filter_weight_decay: float = 0.1
    density: float = 1.0  # share of the GRUs' weights kept, see `bandwise.training.pruning`
    gradient_limit: float = 1.0  # norm of all gradients together
    average_updates: int = 300  # span of the moving average of the weights that is validated and exported
    validate_every: int = 300  # updates
    validation_minutes: float = 8.0  # of audio
    checkpoint_minutes: float = 5.0
    log_every: int = 20  # updates
    initial: str = ""  # checkpoint, ONNX file or name of what a fresh run starts from, grown if smaller
    seed: int = 0
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    device: str = "auto"
    threads: int = 0  # for torch on a CPU; 0 leaves its own choice

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "FitConfig":
        """The inverse of dataclasses.asdict, as found in a checkpoint."""
        nested = {
            "network": PercepNetConfig.from_dict(values["network"]),
            "loss": LossConfig(**values["loss"]),
        }
        return FitConfig(**{**values, **nested})
