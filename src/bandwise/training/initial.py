"""What a fresh run begins with: random weights, or those of a network that was trained before."""

from contextlib import nullcontext

import numpy as np
import torch

from bandwise.training.fit_config import FitConfig
from bandwise.training.grow import grow
from bandwise.training.model import PercepNet
from bandwise.training.normalisation import same_answers
from bandwise.training.sources import TrainingData
from bandwise.training.trained import trained


def initial_network(
    config: FitConfig, train: TrainingData, rng: np.random.Generator
) -> tuple[PercepNet, bool]:
    """A random network, or a trained one, grown if it is smaller; each expects features as the data has them.

    Second, whether it grew: then zeros in it are there to become something, else they were pruned.
    """
    features = torch.from_numpy(train.batch(rng, 256, config.frames).features)
    if not config.initial:
        network = PercepNet(config.network)
        network.normalise_like(features)
        if network.filter:
            network.filter.normalise_like(features)
        return network, False
    known = trained(config.initial).network
    network = grow(known, config.network, config.seed)
    with same_answers(network):
        network.normalise_like(features)
    if network.filter:
        with same_answers(network.filter) if known.filter else nullcontext():
            network.filter.normalise_like(features)
    return network, network.config != known.config
