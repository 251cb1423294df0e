"""Which optimiser moves which weight, and how."""

from dataclasses import replace

import pytest

torch = pytest.importorskip("torch")

from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.optimisers import EDGE_LAYERS, make_optimisers  # noqa: E402

FILTERED = replace(SIZES["toy"], filter_units=16)


def _one_step(rate, filter_rate=None):
    """Gradient and change of every weight in one step, the gradients of very unlike sizes."""
    torch.manual_seed(2)
    network = PercepNet(FILTERED)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.randn_like(parameter)
        if parameter.ndim > 1:
            parameter.grad *= torch.logspace(0, -2, parameter.shape[1])
    optimisers = make_optimisers(network, weight_decay=0.0)
    optimisers.set_learning_rate(rate, filter_rate)
    optimisers.step()
    return {name: (p.grad, p.detach() - before[name]) for name, p in network.named_parameters()}


def _lopsided(matrix):
    """Largest singular value over the median one: 1 for an orthogonal matrix."""
    values = torch.linalg.svdvals(matrix)
    return (values.max() / values.median()).item()


def test_every_weight_moves_once():
    """One step moves each weight by about the rate: none is forgotten, none is in both optimisers."""
    for name, (_, change) in _one_step(1e-3).items():
        assert 5e-5 < change.abs().mean() < 1.5e-3, name


def test_matrices_inside_move_by_orthogonal_steps():
    """All directions of an inner matrix are stepped along alike, however unlike the gradient's sizes."""
    for name, (gradient, change) in _one_step(1e-3).items():
        if gradient.ndim > 1 and not name.startswith(EDGE_LAYERS):
            assert _lopsided(gradient) > 1.9, name
            assert _lopsided(change) < 1.7, name


def test_the_filter_has_a_rate_of_its_own():
    """Three times the rate moves the filter three times as far, and the rest as before."""
    once, thrice = _one_step(1e-3), _one_step(1e-3, filter_rate=3e-3)
    for name in once:
        factor = 3 if name.startswith("filter.") else 1
        assert torch.allclose(factor * once[name][1], thrice[name][1], rtol=1e-2, atol=1e-6), name


def test_decay_of_the_filter_is_its_own():
    """Without gradients only decay moves weights: matrices by their share, biases not at all."""
    network = PercepNet(FILTERED)
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    for parameter in network.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimisers = make_optimisers(network, weight_decay=0.1, filter_weight_decay=0.2)
    optimisers.set_learning_rate(0.01)
    optimisers.step()
    for name, parameter in network.named_parameters():
        decay = 0 if parameter.ndim < 2 else 0.2 if name.startswith("filter.") else 0.1
        assert torch.allclose(parameter, (1 - 0.01 * decay) * before[name], atol=1e-6), name


def test_state_goes_on_where_it_was_left():
    """Optimisers made anew that take over the state make the same next step."""
    networks = []
    for resumed in (False, True):
        torch.manual_seed(2)
        network = PercepNet(FILTERED)
        optimisers = make_optimisers(network, weight_decay=1e-2)
        generator = torch.Generator().manual_seed(5)
        for _ in range(2):
            for parameter in network.parameters():
                parameter.grad = torch.randn(parameter.shape, generator=generator)
            optimisers.set_learning_rate(1e-3)
            optimisers.step()
            if resumed:
                state = optimisers.state_dict()
                optimisers = make_optimisers(network, weight_decay=1e-2)
                optimisers.load_state_dict(state)
        networks.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    assert torch.equal(*networks)
