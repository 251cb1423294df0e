"""Gains above 5 kHz made to decide: what changes, and what does not."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.treble import decide_treble  # noqa: E402


def test_treble_decides_and_the_rest_stays():
    """logit(g') = slope logit(g) + shift from band 24 up; gains below and all strengths keep their bits."""
    torch.manual_seed(2)
    network = PercepNet(SIZES["toy"]).eval()
    features = torch.randn(2, 30, 70)
    with torch.no_grad():
        gains, strengths, *_ = network(features)
        decide_treble(network, 1.5, -0.4)
        after, strengths_after, *_ = network(features)
    assert torch.equal(gains[..., :24], after[..., :24])
    assert torch.equal(strengths, strengths_after)
    wanted = 1.5 * torch.logit(gains[..., 24:]) - 0.4
    assert torch.allclose(torch.logit(after[..., 24:]), wanted, atol=1e-4)


def test_doubtful_gains_close_and_open_ones_stay():
    """A half becomes less; 0.99 stays within a hundredth, with the values that ship."""
    network = PercepNet(SIZES["toy"])
    with torch.no_grad():
        for found, least, most in ((0.5, 0.4, 0.45), (0.99, 0.99, 1.0), (0.1, 0.01, 0.05)):
            network.gains_head.weight.zero_()
            network.gains_head.bias.fill_(torch.logit(torch.tensor(found)))
            decide_treble(network)
            gains, *_ = network(torch.zeros(1, 5, 70))
            assert least <= gains[..., 24:].min() <= gains[..., 24:].max() <= most


def test_hints_are_left_alone():
    """What the same layer tells the deep filter keeps its bits."""
    torch.manual_seed(2)
    network = PercepNet(replace(SIZES["toy"], filter_units=16, filter_hints=2))
    features = torch.randn(2, 5, 70)
    with torch.no_grad():
        before = network(features)[2]
        decide_treble(network, 1.5, -0.4)
        assert torch.equal(before, network(features)[2])
