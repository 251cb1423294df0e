"""What a fresh run begins with: random weights, or those of a network that was trained before."""

from contextlib import nullcontext

import numpy as np
import torch

from bandwise.training.fit_config import FitConfig
from bandwise.training.grow import grow, widths
from bandwise.training.model import PercepNet
from bandwise.training.normalisation import same_outputs
from bandwise.training.sources import TrainingData
from bandwise.training.trained import trained


def initial_network(
    config: FitConfig, train: TrainingData, rng: np.random.Generator
) -> tuple[PercepNet, bool]:
    """A random network, or a trained one, grown if it is smaller; each expects features as the data has them.

    Second, whether it grew: then zeros in it are there to become something, else they were pruned.
    """
    features = torch.from_numpy(train.batch(rng, 256, config.frames).features)
    known = trained(config.initial).network if config.initial else None
    network = grow(known, config.network, config.seed) if known else PercepNet(config.network)
    for part, learnt in ((network, known), (network.filter, known and known.filter)):
        if part:
            with same_outputs(part) if learnt else nullcontext():
                part.normalise_like(features)
    return network, known is not None and widths(known.config) != widths(config.network)
