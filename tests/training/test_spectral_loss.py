"""The loss of filtered spectra: what it rewards and what it ignores."""

import math

import pytest

torch = pytest.importorskip("torch")

from bandwise.training import spectral_loss as module  # noqa: E402
from bandwise.training.loss_config import LossConfig  # noqa: E402
from bandwise.training.spectral_loss import POWER  # noqa: E402

COMPLEX_WEIGHT = LossConfig().complex_weight


def spectral_loss(estimate, truth, complex_weight=COMPLEX_WEIGHT):
    """The loss with the weight of a training run."""
    return module.spectral_loss(estimate, truth, complex_weight)


def _pair(seed=0):
    torch.manual_seed(seed)
    return torch.randn(2, 3, 5, 100, 2)


def _turned(spectrum, angle):
    """Every number times e^(j angle)."""
    re, im = spectrum.unbind(-1)
    cosine, sine = math.cos(angle), math.sin(angle)
    return torch.stack([re * cosine - im * sine, re * sine + im * cosine], -1)


def test_the_truth_costs_nothing():
    """Zero at equality, with no gradient, silence included; more than zero elsewhere."""
    estimate, truth = _pair()
    truth[:, 0] = 0
    same = truth.clone().requires_grad_()
    loss = spectral_loss(same, truth)
    loss.backward()
    assert loss == 0
    assert same.grad.abs().max() == 0
    assert spectral_loss(estimate, truth) > 0


def test_equals_its_formula():
    """Against complex arithmetic in double precision, where nothing is near the floor."""
    y, s = (torch.view_as_complex(v.double() + 2) for v in _pair())
    c = POWER
    squared = (y.abs() ** c * torch.sgn(y) - s.abs() ** c * torch.sgn(s)).abs() ** 2
    expected = COMPLEX_WEIGHT * squared + (1 - COMPLEX_WEIGHT) * (y.abs() ** c - s.abs() ** c) ** 2
    got = spectral_loss(torch.view_as_real(y), torch.view_as_real(s))
    assert got.item() == pytest.approx(expected.mean().item(), rel=1e-4)


def test_a_step_down_the_gradient_comes_closer():
    """Louder than the truth: the gradient points outwards; softer: inwards; turned: along the turn."""
    truth = _pair()[1]
    for factor in (0.5, 2.0):
        estimate = (factor * truth).requires_grad_()
        spectral_loss(estimate, truth).backward()
        outwards = (estimate.grad * truth).sum(-1)
        assert (outwards * (factor - 1) > 0).all()
    turned = _turned(truth, 0.3).requires_grad_()
    spectral_loss(turned, truth).backward()
    along = (turned.grad * _turned(truth, 0.3 + math.pi / 2)).sum(-1)
    assert (along > 0).all()


def test_a_common_phase_changes_nothing():
    """Estimate and truth turned by the same angle cost the same."""
    estimate, truth = _pair()
    turned = spectral_loss(_turned(estimate, 1.1), _turned(truth, 1.1))
    assert turned.item() == pytest.approx(spectral_loss(estimate, truth).item(), rel=1e-5)


def test_phase_alone_costs_the_complex_share():
    """Turned by half a circle: 4 |s|^(2 c) times the weight of the complex term, nothing from magnitudes."""
    truth = _pair()[1] + 3
    expected = COMPLEX_WEIGHT * 4 * truth.square().sum(-1).pow(POWER).mean()
    assert spectral_loss(-truth, truth).item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.parametrize("weight", [0.1, 0.5, 1.0])
def test_unknown_phases_shrink_magnitudes_by_the_complex_share(weight):
    """With truths all around the circle, best is |y|^c = 1 - m, as derived: silence for m = 1."""
    angles = torch.arange(64) * (2 * math.pi / 64)
    truths = torch.stack([angles.cos(), angles.sin()], -1)
    magnitudes = torch.linspace(0, 1.2, 241)
    costs = []
    for magnitude in magnitudes:
        estimate = torch.tensor([1.0, 0.0]) * magnitude ** (1 / POWER)
        costs.append(spectral_loss(estimate.expand_as(truths), truths, weight).item())
    best = magnitudes[torch.tensor(costs).argmin()].item()
    # the floor of the loss holds small magnitudes up to 1e-6 ** 0.15
    assert best == pytest.approx(1 - weight, abs=0.02 if weight < 1 else 0.13)
