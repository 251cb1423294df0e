"""The network's shape, causality and streaming."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from bandwise.suppress.places import PLACES  # noqa: E402
from bandwise.training.model import PercepNet, States  # noqa: E402
from bandwise.training.network_config import SIZES, PercepNetConfig  # noqa: E402


def _network():
    torch.manual_seed(1)
    return PercepNet(SIZES["toy"])


def test_published_size_has_the_published_number_of_weights():
    """Valin et al. give 8 million weights; the layer sizes of the description sum to 7.96."""
    weights = sum(p.numel() for p in PercepNet().parameters())
    assert weights == pytest.approx(7.96e6, rel=0.005)


def test_outputs_are_shares():
    """Gains and strengths lie in [0, 1], one per band and frame, whatever comes in."""
    gains, strengths, *_ = _network()(100 * torch.randn(2, 11, 70))
    for output in (gains, strengths):
        assert output.shape == (2, 11, 34)
        assert output.dtype == torch.float32
        assert output.min() >= 0
        assert output.max() <= 1


def test_later_frames_never_change_earlier_outputs():
    """Causality: outputs up to frame 6 do not depend on frames from 7 on."""
    network, x = _network(), torch.randn(2, 12, 70)
    changed = x.clone()
    changed[:, 7:] += 1
    for before, after in zip(network(x)[:2], network(changed)[:2], strict=True):
        assert torch.equal(before[:, :7], after[:, :7])
        assert not torch.equal(before[:, 7:], after[:, 7:])


def test_convolutions_reach_as_far_back_as_their_kernels():
    """With all recurrent weights at zero, frame 0 is heard for 4 + 2 frames more and not longer."""
    network = _network()
    for name, parameter in network.named_parameters():
        if "weight_hh" in name or ("gru" in name and "bias" in name):
            parameter.data.zero_()
        if "bias_ih" in name:  # z = sigmoid(-30): the state is replaced in every frame
            units = len(parameter) // 3
            parameter.data[units : 2 * units] = -30
        if "weight_ih" in name:
            units = len(parameter) // 3
            parameter.data[units : 2 * units] = 0
    x = torch.randn(1, 12, 70)
    changed = x.clone()
    changed[:, 0] += 3
    difference = (network(x)[0] - network(changed)[0]).abs().amax(dim=(0, 2))
    assert difference[6] > 1e-6
    assert difference[7:].max() < 1e-6


def test_steps_with_states_equal_the_whole_sequence():
    """Frame by frame with explicit states is the same network as all frames at once."""
    network, x = _network(), torch.randn(3, 10, 70)
    gains, strengths, _, last = network(x)
    states = network.initial_states(3)
    for t in range(10):
        gain, strength, _, states = network.step(x[:, t], states)
        assert torch.allclose(gain, gains[:, t], atol=1e-5)
        assert torch.allclose(strength, strengths[:, t], atol=1e-5)
    assert isinstance(last, States)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(states, last, strict=True))


def test_normalisation_undoes_offset_and_scale_of_the_features():
    """A network normalised on a x + b gives for it what it gives for x when normalised on x."""
    plain, scaled = _network(), _network()
    x = torch.randn(4, 50, 70)
    transformed = 7 * x - 3
    plain.normalise_like(x)
    scaled.normalise_like(transformed)
    assert torch.allclose(plain(x)[0], scaled(transformed)[0], atol=1e-4)


def test_a_constant_feature_is_harmless():
    """A feature that never changes in the first shards does not make the outputs infinite."""
    network, x = _network(), torch.randn(4, 50, 70)
    x[..., 5] = 2
    network.normalise_like(x)
    assert torch.isfinite(network(x)[0]).all()


def test_weight_limit_holds_for_matrices_and_spares_biases():
    """After limit_weights no matrix element is beyond the limit; without a limit nothing changes."""
    network = PercepNet(PercepNetConfig(dense=8, convolution=8, gru=8, strength_gru=8, weight_limit=0.5))
    for parameter in network.parameters():
        parameter.data.fill_(3.0)
    network.limit_weights()
    assert {p.max().item() for p in network.parameters() if p.ndim > 1} == {0.5}
    assert {p.max().item() for p in network.parameters() if p.ndim == 1} == {3.0}


def test_hints_are_those_of_each_place_and_later_frames_do_not_change_them():
    """Some numbers from -1 to 1 for each of 25 places, the same in one pass and frame by frame; else none."""
    network, x = PercepNet(replace(SIZES["toy"], filter_units=16, filter_hints=3)), torch.randn(2, 6, 70)
    hints = network(100 * x)[2]
    assert hints.shape == (2, 6, PLACES, 3)
    assert 0 < hints.abs().max() <= 1
    states = network.initial_states(2)
    for t in range(6):
        _, _, here, states = network.step(100 * x[:, t], states)
        assert torch.allclose(here, hints[:, t], atol=1e-5)
    assert _network()(x)[2].numel() == 0


def test_gains_and_strengths_are_alike_with_and_without_a_filter():
    """The filter stands behind: gains, strengths and states of the same seed are the same bits."""
    torch.manual_seed(1)
    filtered, x = PercepNet(replace(SIZES["toy"], filter_units=16)), torch.randn(2, 7, 70)
    assert filtered.filter is not None
    assert _network().filter is None
    for plain, behind in zip(_network()(x)[:2], filtered(x)[:2], strict=True):
        assert torch.equal(plain, behind)
