"""The mean of networks: what a mean is, what it keeps, what it refuses."""

import copy
from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from runs import all_weights  # noqa: E402

from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.training.averaging import mean_network  # noqa: E402
from bandwise.training.grow import grow  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.normalisation import same_outputs  # noqa: E402


def network(seed, size="toy"):
    """A random network."""
    torch.manual_seed(seed)
    return PercepNet(SIZES[size])


def test_mean_of_one_is_itself():
    """One run is exported as it is, to the bit; so are two runs that agree."""
    one = network(1)
    for mean in (mean_network([one]), mean_network([one, one])):
        assert torch.equal(all_weights(mean), all_weights(one))


def test_every_weight_is_the_mean():
    """Three networks count alike, whatever their order; the networks themselves stay as they were."""
    three = [network(seed) for seed in range(3)]
    expected = sum(all_weights(each).double() for each in three) / 3
    for order in (three, three[::-1]):
        torch.testing.assert_close(all_weights(mean_network(order)).double(), expected, rtol=0, atol=1e-7)
    assert torch.equal(all_weights(three[0]), all_weights(network(0)))


def test_networks_of_other_normalisations_are_brought_to_the_first():
    """One network in two forms that compute alike has itself for a mean, in the form that came first."""
    one, other = network(1), network(1)
    one.normalise_like(torch.randn(100, 70) + 3)
    other.load_state_dict(one.state_dict())
    with same_outputs(other):
        other.normalise_like(5 * torch.randn(100, 70))
    assert not torch.allclose(all_weights(one), all_weights(other), atol=0.1)
    mean = mean_network([one, other])
    torch.testing.assert_close(mean.feature_mean, one.feature_mean)
    torch.testing.assert_close(all_weights(mean), all_weights(one), rtol=1e-4, atol=1e-5)


def test_what_all_have_pruned_stays_zero():
    """A weight that is zero in every run costs nothing after the mean either."""
    two = [network(1), network(2)]
    with torch.no_grad():
        for each in two:
            each.gru1.weight_hh_l0[:8, :4] = 0
    assert not mean_network(two).gru1.weight_hh_l0[:8, :4].any()


def test_a_smaller_network_counts_as_what_it_grows_into():
    """Of a network and itself grown, larger first, the mean computes what both do."""
    small = network(1)
    large = grow(small, SIZES["small"])
    mean, x = mean_network([large, small]), torch.randn(1, 20, 70)
    assert mean.config == SIZES["small"]
    for before, after in zip(small(x)[:2], mean(x)[:2], strict=True):
        assert torch.allclose(before, after, atol=1e-5)


def test_a_smaller_network_is_pruned_as_the_first():
    """What the larger one has dropped is zero in the mean as well."""
    large = network(2, "small")
    with torch.no_grad():
        large.gru2.weight_hh_l0[:64, :8] = 0
    assert not mean_network([large, network(1)]).gru2.weight_hh_l0[:64, :8].any()


def test_the_first_must_be_the_largest():
    """Nothing shrinks: a larger one after a smaller one is a one-line error that says what to do."""
    filtered = PercepNet(replace(SIZES["toy"], filter_units=16))
    for larger in (network(1, "small"), filtered):
        with pytest.raises(BandwiseError, match="largest first"):
            mean_network([network(1), larger])


def test_filters_of_other_normalisations_are_brought_to_the_first():
    """The deep filter in two forms that compute alike has itself for a mean, too."""
    torch.manual_seed(1)
    one = PercepNet(replace(SIZES["toy"], filter_units=16))
    one.filter.normalise_like(torch.randn(100, 70) + 3)
    other = copy.deepcopy(one)
    with same_outputs(other.filter):
        other.filter.normalise_like(5 * torch.randn(100, 70))
    assert not torch.allclose(all_weights(one), all_weights(other), atol=0.1)
    mean = mean_network([one, other])
    torch.testing.assert_close(mean.filter.feature_mean, one.filter.feature_mean)
    torch.testing.assert_close(all_weights(mean), all_weights(one), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("changes", [{"gru": 32}, {"filter_units": 16}])
@pytest.mark.parametrize("seed", [0, 4])
def test_what_a_run_began_at_may_take_part(seed, changes):
    """Of a network that grew, or got a filter, and has learnt nothing yet, and what it was before: itself."""
    small = network(1)
    large = grow(small, replace(SIZES["toy"], **changes), seed)
    torch.testing.assert_close(all_weights(mean_network([large, small])), all_weights(large))
