"""Train the small wake word detector.

python -m bandwise.lab.wakeword_training DATA -o FILE.onnx

18,900 weights, a few minutes on one core. Needs torch and onnx, which the package itself does not.
"""

# mypy: disable-error-code="no-untyped-call"
import argparse
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from bandwise.device.logmel import BANDS
from bandwise.lab.wakeword_examples import IGNORE, WORD, examples, load_sounds
from bandwise.lab.wakeword_export import export


@dataclass(frozen=True)
class Config:
    """What is trained, on what, how long."""

    units: int = 64
    examples: int = 5_000
    epochs: int = 14
    batch: int = 64
    learning_rate: float = 4e-3
    word_weight: float = 3.0  # frames of the word are rare
    background_minutes: float = 60.0
    seed: int = 1


class Detector(nn.Module):
    """Normalised features -> GRU -> one logit per frame."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.mean, self.scale = nn.Buffer(torch.zeros(BANDS)), nn.Buffer(torch.ones(BANDS))
        self.gru = nn.GRU(BANDS, units, batch_first=True)
        self.head = nn.Linear(units, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [B, T, BANDS] to logits [B, T]."""
        hidden, _ = self.gru((x - self.mean) * self.scale)
        logits: Tensor = self.head(hidden)[..., 0]
        return logits


def train(data: Path, config: Config, tell: Callable[[str], None]) -> Detector:
    """Make all examples once, then go over them with one-cycle learning rates; `tell` hears of it."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(1)
    tell(str(config))
    sounds = load_sounds(data, config.background_minutes, config.seed)
    pairs = list(examples(sounds, config.examples, config.seed))
    x = torch.from_numpy(np.stack([f for f, _ in pairs]))
    y = torch.from_numpy(np.stack([t for _, t in pairs]))
    network = Detector(config.units)
    network.mean[:], network.scale[:] = x.mean(dim=(0, 1)), 1.0 / (x.std(dim=(0, 1)) + 1e-3)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.learning_rate, weight_decay=1e-3)
    steps = config.epochs * (len(x) // config.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.learning_rate, total_steps=steps)
    for epoch in range(config.epochs):
        losses = []
        for rows in torch.randperm(len(x))[: len(x) // config.batch * config.batch].split(config.batch):
            loss = loss_of(network(masked(x[rows])), y[rows], config.word_weight)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
        tell(f"epoch {epoch + 1}: loss {np.mean(losses):.4f}")
    return network


def masked(x: Tensor) -> Tensor:
    """Silence a few bands of the batch, so that no band alone decides (SpecAugment, Park et al. 2019)."""
    first = int(torch.randint(0, BANDS - 5, (1,)))
    kept = torch.ones(BANDS)
    kept[first : first + int(torch.randint(1, 6, (1,)))] = 0.0
    return x * kept


def loss_of(logits: Tensor, labels: Tensor, word_weight: float) -> Tensor:
    """Cross-entropy of the frames that count; frames of the word weigh `word_weight`."""
    target = (labels == WORD).float()
    each = nn.functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    weight = (labels != IGNORE).float() * (1.0 + (word_weight - 1.0) * target)
    return (each * weight).sum() / weight.sum()


def tell_on_stderr(line: str) -> None:
    """One line, at once."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def main(arguments: list[str] | None = None) -> None:
    """Train and write the network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder with wakeword/, speech/, music/ and noise/")
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("wakeword-alexa.onnx"), help="file to write"
    )
    parser.add_argument("--examples", type=int, default=Config.examples, help="scenes of 3 s")
    parser.add_argument("--epochs", type=int, default=Config.epochs, help="passes over them")
    parser.add_argument("--threshold", type=float, default=0.9, help="stored in the file")
    options = parser.parse_args(arguments)
    config = Config(examples=options.examples, epochs=options.epochs)
    facts = {"threshold": str(options.threshold), "config": str(asdict(config))}
    export(train(options.data, config, tell_on_stderr), options.output, facts)


if __name__ == "__main__":
    main(sys.argv[1:])
