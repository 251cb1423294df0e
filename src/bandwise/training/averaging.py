"""The mean of several trained networks: what wanders from run to run cancels, what all of them learnt stays.

It works for runs that began at the same weights, or for one run before and after another leg, since these lie
in one valley of the loss; of networks that began apart the mean is worth nothing.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch

from bandwise.errors import BandwiseError
from bandwise.training.normalisation import normalise_as

if TYPE_CHECKING:
    from bandwise.training.model import PercepNet


@torch.no_grad()
def mean_network(networks: list[PercepNet]) -> PercepNet:
    """The network whose weights are the means of theirs; a weight pruned in all of them stays zero.

    All are first brought to the normalisation of the first one, and so is the mean.

    Raises BandwiseError for networks of different layer sizes.
    """
    first, *others = networks
    if any(other.config != first.config for other in others):
        raise BandwiseError(
            "got runs of different layer sizes; a mean needs the same in all; name runs of one --size"
        )
    mean = copy.deepcopy(first)
    others = [copy.deepcopy(other) for other in others]
    for other in others:
        normalise_as(other, first)
    states = [network.state_dict() for network in (first, *others)]
    mean.load_state_dict({name: torch.stack([s[name] for s in states]).mean(0) for name in states[0]})
    return mean
