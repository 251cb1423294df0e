"""A grown network is the small one, with room to learn."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.suppress.places import INPUTS  # noqa: E402
from bandwise.training.grow import grow  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES, PercepNetConfig  # noqa: E402
from bandwise.training.pruning import Pruning  # noqa: E402

LARGER = replace(SIZES["toy"], dense=21, convolution=40, gru=60, strength_gru=23)


def _trained(config):
    """A network with weights larger than the usual first ones."""
    torch.manual_seed(3)
    network = PercepNet(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


def _toy():
    return _trained(SIZES["toy"])


def test_a_grown_network_computes_what_the_small_one_did():
    """Gains and strengths agree over 50 frames, states and all."""
    small = _toy()
    large = grow(small, LARGER)
    features = torch.randn(2, 50, 70)
    with torch.no_grad():
        for before, after in zip(small(features)[:2], large(features)[:2], strict=True):
            assert torch.allclose(before, after, atol=1e-5)


def test_growing_to_the_same_size_changes_nothing():
    """Every weight is kept to the bit."""
    small = _toy()
    same = grow(small, SIZES["toy"])
    assert all(torch.equal(a, b) for a, b in zip(small.parameters(), same.parameters(), strict=True))


def test_networks_do_not_shrink():
    """A layer narrower than before is refused."""
    with pytest.raises(BandwiseError, match="shrink"):
        grow(_toy(), replace(LARGER, gru=10))


def test_new_units_take_part_at_once():
    """Every weight that leads from a new unit to an old one is zero, and has a gradient."""
    large = grow(_toy(), LARGER)
    gains, *_ = large(torch.randn(2, 20, 70))
    gains.square().mean().backward()
    leaving = large.gru2.weight_ih_l0[:24, 24:], large.gru2.weight_ih_l0.grad[:24, 24:]
    assert (leaving[0] == 0).all()
    assert (leaving[1] != 0).all()


def test_pruning_spares_what_was_learnt():
    """The least tiles go, which are those of new units: with half of all gone, the outputs are as before."""
    small = _trained(PercepNetConfig(dense=16, convolution=32, gru=32, strength_gru=16))
    large = grow(small, PercepNetConfig(dense=16, convolution=64, gru=64, strength_gru=32))
    pruning = Pruning()
    pruning.tighten(large, 0.5, 1.0)
    pruning.apply(large)
    assert (large.gru2.weight_hh_l0 == 0).float().mean() >= 0.45
    features = torch.randn(1, 30, 70)
    with torch.no_grad():
        for before, after in zip(small(features)[:2], large(features)[:2], strict=True):
            assert torch.allclose(before, after, atol=1e-5)


def test_a_deep_filter_is_taken_over():
    """Whatever else grows, the filter keeps every bit, its normalisation too."""
    small = PercepNet(replace(SIZES["toy"], filter_units=16))
    small.filter.normalise_like(torch.randn(4, 50, 70))
    large = grow(small, replace(LARGER, filter_units=16))
    before, after = small.filter.state_dict(), large.filter.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_network_without_a_filter_gets_a_fresh_one():
    """Bands as before, and a filter that hardly does anything yet."""
    small = _toy()
    large = grow(small, replace(SIZES["toy"], filter_units=16))
    grown = dict(large.named_parameters())
    assert all(torch.equal(p, grown[name]) for name, p in small.named_parameters())
    assert large.filter.taps.weight.abs().max() < 0.01


@pytest.mark.parametrize(("units", "hints"), [(0, 3), (8, 3), (16, 2)])
def test_a_filter_is_neither_dropped_nor_cut(units, hints):
    """Fewer units, none, or fewer hints are refused."""
    small = PercepNet(replace(SIZES["toy"], filter_units=16, filter_hints=3))
    with pytest.raises(BandwiseError, match="deep filter of"):
        grow(small, replace(LARGER, filter_units=units, filter_hints=hints))


@pytest.mark.parametrize(("units", "known"), [(16, 0), (16, 2), (32, 2)])
def test_a_grown_filter_computes_what_the_small_one_did(units, known):
    """Its weights of all bins are what they were; new hints are ignored at first, and have a gradient."""
    small = _trained(replace(SIZES["toy"], filter_units=16, filter_hints=known))
    large = grow(small, replace(LARGER, filter_units=units, filter_hints=5))
    features, spectra = torch.randn(1, 5, 70), torch.randn(1, 5, 100, 2)
    weights = []
    for network in (small, large):
        inputs = network.filter.inputs_of(spectra, torch.ones(1), features, torch.float32)
        weights.append(network.filter(inputs, *network(features)[:3])[0])
    assert torch.allclose(*weights, atol=1e-5)
    weights[1].square().sum().backward()
    assert large.filter.patch.weight.grad[:, INPUTS + known :].any()


def test_new_units_of_a_filter_take_part_at_once():
    """What leads from them to the taps is zero, and has a gradient."""
    large = grow(_trained(replace(SIZES["toy"], filter_units=16)), replace(SIZES["toy"], filter_units=24))
    features, spectra = torch.randn(1, 5, 70), torch.randn(1, 5, 100, 2)
    inputs = large.filter.inputs_of(spectra, torch.ones(1), features, torch.float32)
    large.filter(inputs, *large(features)[:3])[0].square().sum().backward()
    assert not large.filter.taps.weight[:, 16:].any()
    assert large.filter.taps.weight.grad[:, 16:].any(0).sum() > 4
