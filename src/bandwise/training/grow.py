"""A small trained network made large without forgetting anything (Net2Net; Chen, Goodfellow and Shlens 2016).

Units are duplicated until a layer has its new width, and the weights that leave a unit are shared out among
its copies, so the large network computes what the small one did. Shares are drawn at random, beyond [0, 1]
too: copies with different outgoing weights get different gradients, and drift apart as they learn.

A deep filter is taken over as it is; a network that had none gets a fresh one, which does next to nothing.
"""

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from bandwise.errors import BandwiseError
from bandwise.training.model import PercepNet, PercepNetConfig
from bandwise.training.optimisers import FILTER

SHARE_SPREAD = 0.5  # standard deviation of a copy's share about an equal one, relative
GATES = 3  # rows of a GRU's weights: reset, update, new


class Copies:
    """Which unit of the small layer each large unit copies, and its share of the outgoing weights."""

    def __init__(self, small: int, large: int, rng: np.random.Generator) -> None:
        extra = rng.integers(small, size=large - small)
        self.source = torch.from_numpy(np.concatenate([np.arange(small), extra]))
        shares = 1 + SHARE_SPREAD * rng.standard_normal(large)
        totals = np.bincount(self.source, weights=shares, minlength=small)
        # totals near zero would make huge shares of both signs
        even = np.abs(totals[self.source]) < 0.5
        counts = np.bincount(self.source, minlength=small)[self.source]
        self.share = torch.from_numpy(np.where(even, 1 / counts, shares / totals[self.source])).float()

    def outputs(self, weight: Tensor, blocks: int = 1) -> Tensor:
        """Copy rows: what enters the units, for each of `blocks` groups of rows."""
        return torch.cat([part[self.source] for part in weight.chunk(blocks)])


def inputs(weight: Tensor, *parts: Copies) -> Tensor:
    """Copy and share out columns: what leaves the units of the layers whose outputs stand side by side."""
    sizes = [int(part.source.max()) + 1 for part in parts]
    pieces = torch.split(weight, sizes, dim=1)
    return torch.cat([w[:, c.source] * c.share for w, c in zip(pieces, parts, strict=True)], dim=1)


def widths(config: PercepNetConfig) -> tuple[int, int, int, int]:
    """Units of the layers."""
    return config.dense, config.convolution, config.gru, config.strength_gru


def grow(small: PercepNet, config: PercepNetConfig, seed: int = 0) -> PercepNet:
    """Return a network of the layer sizes in `config`, none below `small`'s, with the same outputs."""
    rng = np.random.default_rng(seed)
    old, large = small.config, PercepNet(config)
    if old.kernels != config.kernels or any(
        new < had for new, had in zip(widths(config), widths(old), strict=True)
    ):
        raise BandwiseError(
            f"got layers of {widths(config)} to grow {widths(old)} into; no layer may shrink; train anew"
        )
    if old.filter_units not in {0, config.filter_units}:
        raise BandwiseError(
            f"got a deep filter of {config.filter_units} units to go on from one of {old.filter_units}; "
            "it must be the same; ask for that or start from another checkpoint"
        )
    dense = Copies(old.dense, config.dense, rng)
    conv1, conv2 = (Copies(old.convolution, config.convolution, rng) for _ in range(2))
    gru1, gru2, gru3, gains = (Copies(old.gru, config.gru, rng) for _ in range(4))
    strengths = Copies(old.strength_gru, config.strength_gru, rng)
    state = dict(small.state_dict())

    def widen(layer: str, into: Copies | None, blocks: int, *sources: Copies) -> None:
        for name in [n for n in state if n.startswith(layer + ".")]:
            value = state[name]
            if value.ndim > 1:
                value = inputs(value, *((into,) if name.endswith("weight_hh_l0") and into else sources))
            state[name] = value if into is None else into.outputs(value, blocks)

    state["dense.weight"], state["dense.bias"] = (
        dense.outputs(state[f"dense.{n}"]) for n in ("weight", "bias")
    )
    widen("convolution1", conv1, 1, *[dense] * old.kernels[0])
    widen("convolution2", conv2, 1, *[conv1] * old.kernels[1])
    widen("gru1", gru1, GATES, conv2)
    widen("gru2", gru2, GATES, gru1)
    widen("gru3", gru3, GATES, gru2)
    widen("gains_gru", gains, GATES, gru3)
    widen("strengths_gru", strengths, GATES, gru3, conv2)
    widen("gains_head", None, 1, conv2, gru1, gru2, gru3, gains)
    widen("strengths_head", None, 1, strengths)
    fresh = {n: v for n, v in large.state_dict().items() if n.startswith(FILTER)}
    large.load_state_dict({**fresh, **state})
    return large


def with_filter_of(donor: PercepNet, network: PercepNet) -> PercepNet:
    """Return `network` with the deep filter of another, which asks only for what any PercepNet says."""
    if donor.filter is None:
        raise BandwiseError("got a run without a deep filter to take one from; name one with --deep-filter")
    whole = PercepNet(replace(network.config, filter_units=donor.config.filter_units))
    taken = {n: v for n, v in donor.state_dict().items() if n.startswith(FILTER)}
    whole.load_state_dict({**network.state_dict(), **taken})
    return whole
