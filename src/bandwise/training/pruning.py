"""Block-sparse products: tiles of weights become zero while the network trains, and cost nothing at run time.

A tile is 16 units by 4 inputs, what one load of the int8 kernel holds.  The share of tiles kept falls along
a cubic over the first part of the run (Zhu and Gupta, To prune or not to prune, 2017), the rest of the run
mends what was lost.  Within each matrix the tiles of least norm go, the three gates apart: as published for
this network (Valin et al. 2021) the new state keeps most and the reset gate least.  The convolutions and the
layer that says the gains keep more, since they are the smaller ones.
"""

import torch
from torch import Tensor
from torch.nn.functional import pad

from bandwise.training.gru import GRU
from bandwise.training.model import PercepNet

TILE_UNITS, TILE_INPUTS = 16, 4
GATE_SHARES = (0.6, 1.0, 1.4)
"""Density of reset, update and new-state weights of a GRU, relative to the one asked for."""
OTHERS_SHARE = (2.3,)
"""The same of a matrix without gates, which is one part."""
OTHERS = ("convolution1.product.weight", "convolution2.product.weight", "gains_head.weight")
SETTLED = 0.5
"""Share of the run after which no further tile goes."""


def density_at(progress: float, final: float) -> float:
    """Share of tiles kept at `progress` (0 to 1) of a run that ends with `final`."""
    left = max(1 - progress / SETTLED, 0.0)
    return final + (1 - final) * left**3


def tile_norms(part: Tensor) -> Tensor:
    """Norms of the tiles of some weights: [units, inputs] -> [units / 16, inputs / 4], rounded up."""
    rows, columns = -part.shape[0] % TILE_UNITS, -part.shape[1] % TILE_INPUTS
    units, inputs = part.shape[0] + rows, part.shape[1] + columns
    whole = pad(part, (0, columns, 0, rows))
    tiles = whole.reshape(units // TILE_UNITS, TILE_UNITS, inputs // TILE_INPUTS, TILE_INPUTS)
    return tiles.square().sum(dim=(1, 3))


def kept_tiles(part: Tensor, density: float) -> Tensor:
    """Mask [units, inputs] of ones on the tiles of largest norm, `density` (0 to 1] of them."""
    norms = tile_norms(part)
    count = max(1, round(min(density, 1.0) * norms.numel()))
    kept = torch.zeros_like(norms).flatten()
    kept[norms.flatten().topk(count).indices] = 1
    return _spread(kept.view_as(norms), part)


def _spread(tiles: Tensor, part: Tensor) -> Tensor:
    """One value per tile to one per weight of a part, as floats."""
    every = tiles.float().repeat_interleave(TILE_UNITS, 0).repeat_interleave(TILE_INPUTS, 1)
    return every[: part.shape[0], : part.shape[1]]


class Pruning:
    """Which weights of a network are kept, all at first; tiles that are dropped stay zero."""

    def __init__(self) -> None:
        self._masks: dict[str, Tensor] = {}

    @torch.no_grad()
    def keep_zeros(self, network: PercepNet) -> None:
        """Drop the tiles that are zero, as a network that was pruned before has them."""
        for name, matrix in _matrices(network).items():
            parts = matrix.chunk(len(_shares(name)))
            mask = torch.cat([_spread(tile_norms(part) > 0, part) for part in parts])
            if not mask.all():
                self._masks[name] = mask

    @torch.no_grad()
    def tighten(self, network: PercepNet, final: float, progress: float) -> None:
        """Choose anew what is kept at `progress` (0 to 1) of a run, none that was dropped before.

        At its end the density is `final` (at 1: all) times the share of each part.
        """
        if final >= 1:
            return
        for name, matrix in _matrices(network).items():
            shares = _shares(name)
            densities = (density_at(progress, min(share * final, 1.0)) for share in shares)
            parts = zip(matrix.chunk(len(shares)), densities, strict=True)
            chosen = torch.cat([kept_tiles(part, density) for part, density in parts])
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
    """The large ones of the bands' network, [outputs, inputs] each: both of every GRU, and the others."""
    grus = ((name, layer) for name, layer in network.named_children() if isinstance(layer, GRU))
    gated = {f"{name}.{k}": m for name, gru in grus for k, m in gru.named_parameters() if m.ndim > 1}
    every = dict(network.named_parameters())
    return {**gated, **{name: every[name] for name in OTHERS}}


def _shares(name: str) -> tuple[float, ...]:
    """What the equal parts of a matrix keep, relative to the density asked for."""
    return OTHERS_SHARE if name in OTHERS else GATE_SHARES
