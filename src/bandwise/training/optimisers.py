"""The two optimisers of a run: Muon for the matrices inside the network, AdamW for everything else.

Muon (Jordan et al. 2024) replaces the momentum of a matrix by the nearest orthogonal one, so that directions
of small gradient are learnt as fast as those of large. It is not meant for the layers that meet inputs and
outputs, nor for biases.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from bandwise.training.model import PercepNet

if TYPE_CHECKING:
    from torch.nn import Parameter

EDGE_LAYERS = ("dense.", "gains_head.", "strengths_head.")


@dataclass(frozen=True)
class Optimisers:
    """Both as one; `state_dict` is a list of theirs."""

    parts: tuple[torch.optim.Optimizer, ...]

    def set_learning_rate(self, rate: float) -> None:
        """One rate for all: Muon's updates are scaled to the size of AdamW's."""
        for part in self.parts:
            for group in part.param_groups:
                group["lr"] = rate

    def step(self) -> None:
        """Move every weight along its gradient."""
        for part in self.parts:
            part.step()

    def state_dict(self) -> list[dict[str, object]]:
        """What a checkpoint keeps."""
        return [part.state_dict() for part in self.parts]

    def load_state_dict(self, states: list[dict[str, object]]) -> None:
        """Go on from what `state_dict` gave."""
        for part, state in zip(self.parts, states, strict=True):
            part.load_state_dict(state)


def make_optimisers(network: PercepNet, weight_decay: float) -> Optimisers:
    """Optimisers of all weights of a network; the learning rate is set before each batch."""
    inner: list[Parameter] = []
    edges: list[Parameter] = []
    biases: list[Parameter] = []
    for name, parameter in network.named_parameters():
        if parameter.ndim < 2:
            biases.append(parameter)
        else:
            (edges if name.startswith(EDGE_LAYERS) else inner).append(parameter)
    muon = torch.optim.Muon(inner, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    groups = [{"params": edges, "weight_decay": weight_decay}, {"params": biases, "weight_decay": 0.0}]
    return Optimisers((muon, torch.optim.AdamW(groups, betas=(0.9, 0.98), fused=True)))
