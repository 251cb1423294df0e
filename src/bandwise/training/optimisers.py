"""The two optimisers of a run: Muon for the matrices inside the network, AdamW for everything else.

Muon (Jordan et al. 2024) replaces the momentum of a matrix by the nearest orthogonal one, so that directions
of small gradient are learnt as fast as those of large. It is not meant for the layers that meet inputs and
outputs, nor for biases.

The deep filter has two of its own, with their own rate: it is smaller, and starts from nothing behind a
PercepNet that may know its trade.  There Muon moves all matrices, edges and all; tried on it, that learnt
fastest.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch.nn import Parameter

from bandwise.training.model import PercepNet

EDGE_LAYERS = ("dense.", "gains_head.", "strengths_head.")
FILTER = "filter."


@dataclass(frozen=True)
class Optimisers:
    """All as one; `state_dict` is a list of theirs, the filter's last."""

    for_bands: tuple[torch.optim.Optimizer, ...]
    for_filter: tuple[torch.optim.Optimizer, ...] = ()

    @property
    def parts(self) -> tuple[torch.optim.Optimizer, ...]:
        """Each of them."""
        return self.for_bands + self.for_filter

    def set_learning_rate(self, rate: float, filter_rate: float | None = None) -> None:
        """One rate for Muon and AdamW, whose updates are of the same size; the filter may have its own."""
        for part in self.parts:
            chosen = filter_rate if filter_rate is not None and part in self.for_filter else rate
            for group in part.param_groups:
                group["lr"] = chosen

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


def make_optimisers(
    network: PercepNet, weight_decay: float, filter_weight_decay: float | None = None
) -> Optimisers:
    """Optimisers of all weights of a network; the learning rates are set before each batch.

    Decay is that of matrices; `filter_weight_decay` unless given is as the other.
    """
    own = {name: p for name, p in network.named_parameters() if not name.startswith(FILTER)}
    inner = [p for name, p in own.items() if p.ndim > 1 and not name.startswith(EDGE_LAYERS)]
    edges = [p for name, p in own.items() if p.ndim > 1 and name.startswith(EDGE_LAYERS)]
    biases = [p for p in own.values() if p.ndim < 2]
    for_bands = _pair(inner, edges, biases, weight_decay)
    if network.filter is None:
        return Optimisers(for_bands)
    matrices = [p for p in network.filter.parameters() if p.ndim > 1]
    others = [p for p in network.filter.parameters() if p.ndim < 2]
    decay = weight_decay if filter_weight_decay is None else filter_weight_decay
    return Optimisers(for_bands, _pair(matrices, [], others, decay))


def _pair(
    inner: Iterable[Parameter], edges: list[Parameter], biases: list[Parameter], weight_decay: float
) -> tuple[torch.optim.Optimizer, ...]:
    muon = torch.optim.Muon(inner, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
    groups = [{"params": edges, "weight_decay": weight_decay}, {"params": biases, "weight_decay": 0.0}]
    adamw = torch.optim.AdamW([g for g in groups if g["params"]], betas=(0.9, 0.98), fused=True)
    return muon, adamw
