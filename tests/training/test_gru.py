"""The fast GRU layer against torch.nn.GRU, its specification."""

import pytest

torch = pytest.importorskip("torch")

from bandwise.training.gru import GRU  # noqa: E402

FRAMES, BATCH, INPUTS, UNITS = 9, 5, 24, 32


def _pair():
    """The layer of torch and ours with the same weights."""
    torch.manual_seed(3)
    reference, own = torch.nn.GRU(INPUTS, UNITS), GRU(INPUTS, UNITS)
    own.load_state_dict(reference.state_dict())
    return reference, own


def _gradients(layer, call, x, state):
    """Outputs and the gradients of a fixed random functional of outputs and last state."""
    x, state = x.clone().requires_grad_(), state.clone().requires_grad_()
    outputs, last = call(layer, x, state)
    weights = torch.randn(outputs.shape, generator=torch.Generator().manual_seed(5))
    ((outputs.float() * weights).sum() + last.float().square().sum()).backward()
    return outputs.detach().float(), [x.grad, state.grad, *(p.grad for p in layer.parameters())]


def _call_reference(layer, x, state):
    outputs, last = layer(x, state[None])
    return outputs, last[0]


def _call_own(layer, x, state):
    return layer(x, state)


def _call_bfloat16(layer, x, state):
    with torch.autocast("cpu", torch.bfloat16):
        return layer(x, state)


@pytest.mark.parametrize(("call", "tolerance"), [(_call_own, 1e-4), (_call_bfloat16, 2e-2)])
def test_outputs_and_all_gradients_equal_torch(call, tolerance):
    """Outputs, and gradients of input, first state and every weight, agree in relative norm."""
    reference, own = _pair()
    x, state = torch.randn(FRAMES, BATCH, INPUTS), torch.randn(BATCH, UNITS)
    expected, expected_gradients = _gradients(reference, _call_reference, x, state)
    outputs, gradients = _gradients(own, call, x, state)
    assert (outputs - expected).abs().max() < tolerance
    for gradient, truth in zip(gradients, expected_gradients, strict=True):
        assert (gradient - truth).norm() < tolerance * truth.norm()


def test_saturated_gates_stay_finite_and_right():
    """Inputs of a thousand drive all gates to their ends without overflow."""
    reference, own = _pair()
    x, state = 1000 * torch.randn(FRAMES, BATCH, INPUTS), torch.randn(BATCH, UNITS)
    expected, _ = _gradients(reference, _call_reference, x, state)
    outputs, gradients = _gradients(own, _call_own, x, state)
    assert (outputs - expected).abs().max() < 1e-4
    assert all(torch.isfinite(gradient).all() for gradient in gradients)


def test_two_halves_with_the_state_between_are_one_whole():
    """Going on from a returned state gives the same outputs as one long sequence, bit for bit."""
    _, own = _pair()
    x = torch.randn(FRAMES, BATCH, INPUTS)
    whole, last = own(x)
    first, state = own(x[:4])
    second, end = own(x[4:], state)
    assert torch.equal(torch.cat([first, second]), whole)
    assert torch.equal(end, last)


def test_state_is_not_written_to():
    """The caller's state tensor keeps its values."""
    _, own = _pair()
    state = torch.randn(BATCH, UNITS)
    kept = state.clone()
    own(torch.randn(FRAMES, BATCH, INPUTS), state)
    assert torch.equal(state, kept)


def test_bfloat16_outputs_are_rounded_to_nearest():
    """The last output is the last state, which is float32, as torch rounds it: no bit is cut off."""
    _, own = _pair()
    outputs, last = _call_bfloat16(own, torch.randn(FRAMES, BATCH, INPUTS), torch.randn(BATCH, UNITS))
    assert last.dtype == torch.float32
    assert torch.equal(outputs[-1], last.to(torch.bfloat16))
