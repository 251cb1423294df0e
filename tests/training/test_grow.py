"""A grown network is the small one, with room to learn."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.training.grow import grow, with_filter_of  # noqa: E402
from bandwise.training.model import SIZES, PercepNet  # noqa: E402

LARGER = replace(SIZES["toy"], dense=21, convolution=40, gru=60, strength_gru=23)


def _toy():
    torch.manual_seed(3)
    small = PercepNet(SIZES["toy"])
    for parameter in small.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return small


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


def test_copies_of_a_unit_learn_different_things():
    """The gradients that enter two copies of one unit differ, so training can make use of both."""
    large = grow(_toy(), LARGER)
    gains, _, _ = large(torch.randn(2, 20, 70))
    gains.square().mean().backward()
    entering = large.gru2.weight_ih_l0.grad[:60]
    source = grow(_toy(), LARGER).gru2.weight_ih_l0.detach()[:60]
    copies = torch.cdist(source[:24, :1], source[24:, :1]).argmin(0)
    assert not torch.allclose(entering[24:], entering[copies], rtol=0.05)


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


@pytest.mark.parametrize("units", [0, 32])
def test_a_filter_is_neither_dropped_nor_cut(units):
    """Another size, or none, is refused."""
    small = PercepNet(replace(SIZES["toy"], filter_units=16))
    with pytest.raises(BandwiseError, match="deep filter of"):
        grow(small, replace(LARGER, filter_units=units))


def test_a_filter_is_taken_over_as_it_is():
    """The network keeps its own gains, and the donor's filter says the same behind it."""
    torch.manual_seed(1)
    network, donor = PercepNet(SIZES["toy"]), PercepNet(replace(SIZES["small"], filter_units=16))
    whole = with_filter_of(donor, network)
    features = torch.randn(1, 5, 70)
    gains, strengths, _ = whole(features)
    assert torch.equal(gains, network(features)[0])
    heard = donor.filter.listen(torch.randn(1, 5, 100, 2), torch.ones(1), features, torch.float32)
    assert torch.equal(whole.filter(heard, gains, strengths)[0], donor.filter(heard, gains, strengths)[0])


def test_no_filter_cannot_be_taken():
    """A donor without one is a one-line error."""
    with pytest.raises(BandwiseError, match="without a deep filter"):
        with_filter_of(PercepNet(SIZES["toy"]), PercepNet(SIZES["toy"]))
