"""The exchange between places."""

import pytest

torch = pytest.importorskip("torch")

from bandwise.suppress.places import FAR, NEAR  # noqa: E402
from bandwise.training.mix import Mix, shifted  # noqa: E402


def _padded(x, offsets):
    """`shifted` with padding in place of index arithmetic, differentiable by torch alone."""
    reach = max(abs(offset) for offset in offsets)
    wide = torch.nn.functional.pad(x, (0, 0, reach, reach))
    parts = wide.chunk(len(offsets), dim=-1)
    return torch.cat(
        [part[:, :, reach + o : reach + o + x.shape[2]] for part, o in zip(parts, offsets, strict=True)], -1
    )


@pytest.mark.parametrize("offsets", [NEAR, FAR])
def test_shift_equals_padding(offsets):
    """Each part of the units comes from its neighbour, zeros from beyond the ends."""
    x = torch.randn(3, 2, 25, 16)
    assert torch.equal(shifted(x, offsets), _padded(x, offsets))


@pytest.mark.parametrize("offsets", [NEAR, FAR])
def test_shifting_back_is_the_adjoint(offsets):
    """<shift x, y> = <x, shift back y>."""
    x, y = torch.randn(2, 3, 2, 25, 16, dtype=torch.float64)
    back = tuple(-offset for offset in offsets)
    assert torch.isclose((shifted(x, offsets) * y).sum(), (x * shifted(y, back)).sum())


@pytest.mark.parametrize("offsets", [NEAR, FAR])
def test_gradients_equal_those_of_padding(offsets):
    """Output and all gradients of the layer are those that torch finds for the same with padding."""
    torch.manual_seed(3)
    layer = Mix(16, offsets)
    x = torch.randn(3, 2, 25, 16, requires_grad=True)
    wanted = torch.randn(3, 2, 25, 16)
    variables = [x, *layer.parameters()]
    own = layer(x)
    reference = x + layer.back(_padded(torch.relu(layer.lin(x)), offsets))
    assert torch.allclose(own, reference, atol=1e-6)
    gradients = [torch.autograd.grad((out * wanted).sum(), variables) for out in (own, reference)]
    for got, truth in zip(*gradients, strict=True):
        assert torch.allclose(got, truth, atol=1e-4)


def test_all_places_far_and_near_hear_of_a_place():
    """What one place says reaches those its offsets name, and itself, and no other."""
    layer = Mix(16, FAR)
    torch.nn.init.ones_(layer.back.weight)
    x = torch.rand(1, 1, 25, 16)
    changed = x.clone()
    changed[:, :, 12] += 5
    moved = (layer(changed) - layer(x)).abs().amax(dim=(0, 1, 3)) > 1e-4
    assert set(torch.nonzero(moved).flatten().tolist()) <= {12, *(12 - offset for offset in FAR)}
    assert moved.sum() > 5
