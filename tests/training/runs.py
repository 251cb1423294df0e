"""Training runs of tests: reported records kept, weights in a row."""

from dataclasses import replace

import torch

from bandwise.training.fit import fit


def train(config, data, folder, **changes):
    """The network of a run on `data`, with some of `config` changed, and the records it reported."""
    records = []
    network = fit(replace(config, **changes), data, data, folder, records.append)
    return network, records


def all_weights(network):
    """Every parameter of a network, one behind the other."""
    return torch.cat([p.flatten() for p in network.parameters()])
