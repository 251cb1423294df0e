"""Block-sparse GRUs: tiles of weights become zero while the network trains, and cost nothing at run time.

A tile is 16 units by 4 inputs, what one load of the int8 kernel holds.  The share of tiles kept falls along
a cubic over the first part of the run (Zhu and Gupta, To prune or not to prune, 2017), the rest of the run
mends what was lost.  Within each matrix the tiles of least norm go, the three gates apart: as published for
this network (Valin et al. 2021) the new state keeps most and the reset gate least.
"""

import torch
from torch import Tensor

from bandwise.training.gru import GRU
from bandwise.training.model import PercepNet

TILE_UNITS, TILE_INPUTS = 16, 4
GATE_SHARES = (0.6, 1.0, 1.4)
"""Density of reset, update and new-state weights, relative to that of the matrix."""
SETTLED = 0.5
"""Share of the run after which no further tile goes."""


def density_at(progress: float, final: float) -> float:
    """Share of tiles kept at `progress` (0 to 1) of a run that ends with `final`."""
    left = max(1 - progress / SETTLED, 0.0)
    return final + (1 - final) * left**3


def tile_norms(gate: Tensor) -> Tensor:
    """Norms of the tiles of one gate's weights: [units, inputs] -> [units / 16, inputs / 4]."""
    units, inputs = gate.shape
    tiles = gate.reshape(units // TILE_UNITS, TILE_UNITS, inputs // TILE_INPUTS, TILE_INPUTS)
    return tiles.square().sum(dim=(1, 3))


def kept_tiles(gate: Tensor, density: float) -> Tensor:
    """Mask [units, inputs] of ones on the tiles of largest norm, `density` (0 to 1] of them."""
    norms = tile_norms(gate)
    count = max(1, round(min(density, 1.0) * norms.numel()))
    kept = torch.zeros_like(norms).flatten()
    kept[norms.flatten().topk(count).indices] = 1
    return _spread(kept.view_as(norms))


def _has_tiles(gate: Tensor) -> bool:
    """Whether tiles fill it without a rest, without which there is no pruning."""
    return gate.shape[0] % TILE_UNITS == 0 and gate.shape[1] % TILE_INPUTS == 0


def _spread(tiles: Tensor) -> Tensor:
    """One value per tile to one per weight, as floats."""
    return tiles.float().repeat_interleave(TILE_UNITS, 0).repeat_interleave(TILE_INPUTS, 1)


class Pruning:
    """Which weights of a network are kept, all at first; tiles that are dropped stay zero."""

    def __init__(self) -> None:
        self._masks: dict[str, Tensor] = {}

    @torch.no_grad()
    def keep_zeros(self, network: PercepNet) -> None:
        """Drop the tiles that are zero, as a network that was pruned before has them."""
        for name, matrix in _matrices(network).items():
            gates = matrix.chunk(3)
            if _has_tiles(gates[0]):
                mask = torch.cat([_spread(tile_norms(gate) > 0) for gate in gates])
                if not mask.all():
                    self._masks[name] = mask

    @torch.no_grad()
    def tighten(self, network: PercepNet, density: float) -> None:
        """Choose anew what is kept: `density` of the tiles (at 1: all), none that was dropped before."""
        if density >= 1:
            return
        for name, matrix in _matrices(network).items():
            gates = zip(matrix.chunk(3), GATE_SHARES, strict=True)
            chosen = torch.cat([kept_tiles(gate, share * density) for gate, share in gates])
            self._masks[name] = chosen * self._masks.get(name, 1.0)

    def state_dict(self) -> dict[str, Tensor]:
        """Which weights are kept, by the names of their matrices."""
        return {name: mask.bool() for name, mask in self._masks.items()}

    def load_state_dict(self, kept: dict[str, Tensor], network: PercepNet) -> None:
        """Go on from what `state_dict` gave."""
        matrices = _matrices(network)
        self._masks = {name: mask.to(matrices[name]) for name, mask in kept.items()}

    @torch.no_grad()
    def apply(self, network: PercepNet) -> None:
        """Set what is not kept to zero."""
        matrices = _matrices(network)
        for name, mask in self._masks.items():
            matrices[name].mul_(mask)


def _matrices(network: PercepNet) -> dict[str, Tensor]:
    """Both weight matrices [3 units, inputs] of every GRU."""
    grus = ((name, layer) for name, layer in network.named_children() if isinstance(layer, GRU))
    return {f"{name}.{k}": m for name, gru in grus for k, m in gru.named_parameters() if m.ndim > 1}
