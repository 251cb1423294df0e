"""How features are normalised, changed without changing any output."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from bandwise.training.deep_filter import DeepFilter
from bandwise.training.model import PercepNet


@contextmanager
def same_outputs(part: PercepNet | DeepFilter) -> Iterator[None]:
    """Whatever normalisation it is given inside, the layer behind that gives what it gave before.

    W s (f - m) = (W s / s') s' (f - m') + W s (m' - m), for any m' and s' in place of mean and scale.
    """
    mean, scale = part.feature_mean.clone(), part.feature_scale.clone()
    yield
    layer = part.dense if isinstance(part, PercepNet) else part.globe
    with torch.no_grad():
        layer.bias.add_((layer.weight * scale) @ (part.feature_mean - mean))
        layer.weight.mul_(scale / part.feature_scale)


def normalise_as(network: PercepNet, other: PercepNet) -> None:
    """Give a network, and the filter behind it, the normalisation of another; its outputs stay."""
    for part, wanted in ((network, other), (network.filter, other.filter)):
        if part is not None and wanted is not None:
            with same_outputs(part):
                part.feature_mean.copy_(wanted.feature_mean)
                part.feature_scale.copy_(wanted.feature_scale)
