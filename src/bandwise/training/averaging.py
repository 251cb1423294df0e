"""The mean of several trained networks: what wanders from run to run cancels, what all of them learnt stays.

It works for runs that began at the same weights, or for one run before and after another leg, since these lie
in one valley of the loss; of networks that began apart the mean is worth nothing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from bandwise.errors import BandwiseError
from bandwise.training.grow import grow_into, widths
from bandwise.training.normalisation import normalise_as
from bandwise.training.pruning import Pruning

if TYPE_CHECKING:
    from bandwise.training.model import PercepNet
    from bandwise.training.network_config import PercepNetConfig


@torch.no_grad()
def mean_network(networks: list[PercepNet]) -> PercepNet:
    """The network whose weights are the means of theirs; a weight pruned in all of them stays zero.

    It has the form of the first: its layer sizes and its normalisation.  A smaller network gets the units, or
    the filter, that it lacks from the first, and loses what the first has pruned, so that the mean costs no
    more than the first.

    Raises BandwiseError for a network that is larger than the first.
    """
    first, *others = networks
    states = [first.state_dict(), *(_like(first, other).state_dict() for other in others)]
    mean = copy.deepcopy(first)
    mean.load_state_dict({name: torch.stack([s[name] for s in states]).mean(0) for name in states[0]})
    return mean


def _like(first: PercepNet, other: PercepNet) -> PercepNet:
    """`other` in the form of the first, itself left as it was."""
    sizes, others = _sizes(first.config), _sizes(other.config)
    if any(its > own for own, its in zip(sizes, others, strict=True)):
        raise BandwiseError(
            f"got runs with layers of {sizes} and {others}; of the mean of both the smaller grows to the "
            "size of the first; name the largest first"
        )
    if other.config == first.config:
        other = copy.deepcopy(other)
    else:
        other = grow_into(other, copy.deepcopy(first))
        pruned = Pruning()
        pruned.keep_zeros(first)
        pruned.apply(other)
    normalise_as(other, first)
    return other


def _sizes(config: PercepNetConfig) -> tuple[int, ...]:
    """Units of the layers that grow, those of the deep filter and its hints behind them."""
    return *widths(config), config.filter_units, config.filter_hints
