"""Closed forms and invariants of the perceptual losses."""

import pytest

torch = pytest.importorskip("torch")

from bandwise.training.loss import (  # noqa: E402
    LossConfig,
    band_mask,
    band_weights,
    gain_errors,
    gain_loss,
    perceptual_loss,
    strength_loss,
)

SONES, PLAIN = (LossConfig(gain_form=form, fourth_power_weight=10.0) for form in ("sones", "plain"))
LEVELS = torch.linspace(-8, -2, 34).expand(2, 3, 34)


def _losses(gains, strengths, targets, valid, levels, config):
    return perceptual_loss(gains, strengths, targets, band_weights(levels, valid, config), config)


def _weights(levels, share):
    valid = torch.full((len(levels),), levels.shape[-1])
    return band_weights(levels, valid, LossConfig(loudness_share=share))


def _example(batch=2, frames=3):
    torch.manual_seed(0)
    gains, strengths = torch.rand(2, batch, frames, 34)
    return gains, strengths, torch.cat([gains, strengths], dim=-1)


@pytest.mark.parametrize("config", [SONES, PLAIN])
def test_perfect_outputs_cost_nothing(config):
    """The loss is zero at the targets, zero and one included."""
    gains, strengths, targets = _example()
    gains[0, 0, :5], gains[0, 0, 5:9] = 0, 1
    targets[..., :34] = gains
    for loss in _losses(gains, strengths, targets, torch.tensor([34, 34]), LEVELS, config):
        assert loss.item() == 0


def test_plain_form_is_that_of_the_paper():
    """(g^1/2 - ghat^1/2)^2 + 10 (...)^4 at g = 0.81, ghat = 0.25: 0.4^2 + 10 * 0.4^4."""
    loss = gain_loss(torch.tensor(0.25), torch.tensor(0.81), PLAIN)
    assert loss.item() == pytest.approx(0.4**2 + 10 * 0.4**4, rel=1e-3)


def test_sones_form_is_that_of_the_paper():
    """D = (a - b)^2 / (max(a, b) + eps), loss D + 10 D^2, with a = g^0.6."""
    config = LossConfig(gain_form="sones", sones_epsilon=1e-9, fourth_power_weight=10.0)
    wanted, got = 0.9, 0.2
    d = (wanted**0.6 - got**0.6) ** 2 / wanted**0.6
    loss = gain_loss(torch.tensor(got), torch.tensor(wanted), config)
    assert loss.item() == pytest.approx(d + 10 * d**2, rel=1e-3)


def test_strength_form_is_that_of_the_paper():
    """((1 - r)^1/2 - (1 - rhat)^1/2)^2 at r = 0.19, rhat = 0.75: 0.4^2."""
    assert strength_loss(torch.tensor(0.75), torch.tensor(0.19)).item() == pytest.approx(0.4**2, rel=1e-3)


def test_sones_form_weighs_a_leak_into_silence_more():
    """Against the plain form, a leak of -30 dB costs more relative to a slight loss of speech."""
    silence, leak, speech, damped = (torch.tensor(v) for v in (0.0, 0.03, 1.0, 0.7))
    ratios = [gain_errors(leak, silence, c) / gain_errors(damped, speech, c) for c in (SONES, PLAIN)]
    assert ratios[0] > 1.3 * ratios[1]


@pytest.mark.parametrize("config", [SONES, PLAIN])
def test_gradients_are_tame_everywhere(config):
    """Through the sigmoid no gradient exceeds 100 per band, not even with outputs and targets at 0 and 1."""
    logits = torch.tensor([-200.0, -20.0, -5.0, 0.0, 5.0, 20.0, 200.0], requires_grad=True)
    for target in (0.0, 1e-6, 0.1, 1.0):
        targets = torch.full_like(logits, target)
        outputs = torch.sigmoid(logits)
        (gain_loss(outputs, targets, config) + strength_loss(outputs, targets)).sum().backward()
        assert torch.isfinite(logits.grad).all()
        assert logits.grad.abs().max() < 100
        logits.grad = None


def test_bands_above_the_files_bandwidth_do_not_count():
    """Whatever is put out in masked bands, loss and gradient are the same and zero there."""
    gains, strengths, targets = _example()
    gains.requires_grad_()
    valid = torch.tensor([20, 34])
    loss = sum(_losses(gains, strengths, 1 - targets, valid, LEVELS, SONES))
    loss.backward()
    assert gains.grad[0, :, 20:].abs().max() == 0
    assert gains.grad[0, :, :20].abs().min() > 0
    changed = gains.detach().clone()
    changed[0, :, 20:] = 0.5
    assert sum(_losses(changed, strengths, 1 - targets, valid, LEVELS, SONES)).item() == pytest.approx(
        loss.item()
    )
    assert band_mask(valid, 34).sum(dim=-1).flatten().tolist() == [20, 34]


def test_loss_is_a_mean_over_sequences_and_frames():
    """Repeating the batch leaves both losses as they are."""
    gains, strengths, targets = _example()
    once = _losses(gains, strengths, 1 - targets, torch.tensor([34, 30]), LEVELS, SONES)
    twice = _losses(
        gains.repeat(2, 1, 1),
        strengths.repeat(2, 1, 1),
        1 - targets.repeat(2, 1, 1),
        torch.tensor([34, 30] * 2),
        LEVELS.repeat(2, 1, 1),
        SONES,
    )
    assert [v.item() for v in once] == pytest.approx([v.item() for v in twice])


def test_loudness_counts_by_its_share_and_level_does_not():
    """Ten times the energy weighs 10^0.3 as much at share 1, the same at 0; the level weighs nothing."""
    levels = torch.tensor([[[-6.0, -5.0]]])
    quiet, loud = _weights(levels, 1.0).flatten().tolist()
    assert loud / quiet == pytest.approx(10**0.3)
    assert quiet + loud == pytest.approx(2)
    assert _weights(levels, 0.0).flatten().tolist() == [1, 1]
    assert torch.allclose(_weights(levels + 3, 0.5), _weights(levels, 0.5))


def test_no_band_outweighs_all_others():
    """One loud frame among a thousand quiet ones counts as eight, not as hundreds."""
    levels = torch.full((1, 1000, 1), -10.0)
    levels[0, 500] = 0.0
    assert _weights(levels, 1.0).max().item() == pytest.approx(8)


def test_what_lies_above_the_bandwidth_weighs_nothing_anywhere():
    """However loud masked bands are, the others weigh the same; strengths there have no gradient either."""
    valid, config = torch.tensor([20, 34]), LossConfig()
    louder = LEVELS.clone()
    louder[0, :, 20:] += 5
    assert torch.equal(band_weights(louder, valid, config), band_weights(LEVELS, valid, config))
    gains, strengths, targets = _example()
    strengths.requires_grad_()
    sum(_losses(gains, strengths, 1 - targets, valid, LEVELS, config)).backward()
    assert strengths.grad[0, :, 20:].abs().max() == 0
    assert strengths.grad[0, :, :20].abs().min() > 0


def test_each_loss_goes_by_its_weights():
    """Both are linear in the weights of the bands; the strengths' share is a factor of theirs alone."""
    gains, strengths, targets = _example()
    weights = torch.rand(2, 3, 34)
    one, heavy = LossConfig(strength_weight=1.0), LossConfig(strength_weight=3.0)
    once, twice = (perceptual_loss(gains, strengths, 1 - targets, k * weights, one) for k in (1, 2))
    assert [v.item() for v in twice] == pytest.approx([2 * v.item() for v in once])
    thrice = perceptual_loss(gains, strengths, 1 - targets, weights, heavy)
    assert [v.item() for v in thrice] == pytest.approx([once[0].item(), 3 * once[1].item()])


def test_sequences_are_weighed_apart():
    """A loud sequence beside it takes nothing from a soft one: each is relative to its own mean."""
    levels = torch.stack([LEVELS[0], LEVELS[1] + 4])
    levels[1, :, :17] += 1
    both = _weights(levels, 0.7)
    apart = torch.cat([_weights(one[None], 0.7) for one in levels])
    assert torch.allclose(both, apart, rtol=1e-5)
