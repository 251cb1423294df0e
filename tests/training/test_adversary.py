"""The adversary: a critic learns what sets enhanced voices apart, and says which way is out."""

import pytest

torch = pytest.importorskip("torch")

from bandwise.training.adversary import GROWTH_UPDATES, Adversary, in_proportion  # noqa: E402
from bandwise.training.critic import Critic  # noqa: E402
from bandwise.training.listener import Listener  # noqa: E402
from bandwise.training.pictures import FLOOR, PER_BIN, Exhibit, Pictures, picture  # noqa: E402
from bandwise.training.spectral_loss import POWER  # noqa: E402

CPU = torch.device("cpu")
FRAMES = 40


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(1)


def voices(count):
    """Spectra [count, FRAMES, 100, 2] with a tone in every eighth bin, each voice with levels of its own."""
    x = 0.01 * torch.randn(count, FRAMES, 100, 2)
    x[:, :, ::8] += torch.randn(count, 1, 13, 2)
    return x


def pictures_of(enhanced, gains, clean, noisy):
    """With an even hiss above 5 kHz, of which the gains leave a part."""
    hiss = 0.01 * torch.ones(len(clean), FRAMES, 8)
    low = (v.square().sum(-1) / 26 for v in (enhanced, clean, noisy))
    return Pictures(*map(picture, low, (hiss * gains[..., 24:32] ** 2, 0 * hiss, hiss)))


def exhibit_of(enhanced, gains, clean, noisy):
    """These, of copies."""
    copies = enhanced.detach().requires_grad_(), gains.detach().requires_grad_()
    return Exhibit(pictures_of(*copies, clean, noisy), (enhanced, gains), copies)


def quieter(count, gain=0.5):
    """Voices enhanced to `gain` times what they are."""
    clean = voices(count)
    enhanced, gains = (
        (gain * clean).requires_grad_(),
        torch.full((count, FRAMES, 34), 0.1, requires_grad=True),
    )
    return exhibit_of(enhanced, gains, clean, clean + 0.3 * torch.randn_like(clean))


def taught(updates):
    """An adversary that has seen quieter voices."""
    adversary = Adversary(0.5, CPU, torch.float32)
    for _ in range(updates):
        adversary.learn(quieter(4).pictures)
    return adversary


def test_a_picture_is_compressed_power():
    """(30 P + 3e-5)^0.15 of bins; of bands above, as many as there are, behind them."""
    low, high = torch.rand(2, 3, 100), torch.zeros(2, 3, 8)
    seen = picture(low, high)
    assert seen.shape == (2, 1, 3, 108)
    assert torch.allclose(seen[:, 0, :, :100], (30 * low + 3e-5) ** 0.15)
    assert torch.allclose(seen[..., 100:], torch.tensor(FLOOR**0.15))


def test_pictures_do_not_know_how_loud_a_recording_is():
    """Ten times the amplitude, the same pictures; who says nothing is not in them."""
    clean = torch.cat([voices(2), torch.zeros(1, FRAMES, 100, 2)])
    gains, targets = torch.rand(3, FRAMES, 34), torch.rand(3, FRAMES, 34)

    def seen(louder):
        x, levels = louder * clean, torch.full((3, FRAMES, 34), 2.0) + 2 * torch.log10(torch.tensor(louder))
        listener = Listener(x, torch.full((3,), 30.0), levels, targets, torch.full((3,), 34))
        return listener.pictures(0.5 * x, gains, 2 * x, slice(0, FRAMES))

    once, ten_times = seen(1.0), seen(10.0)
    assert all(len(v) == 2 for v in once)
    assert all(torch.allclose(a, b, atol=1e-5) for a, b in zip(once, ten_times, strict=True))
    assert (once.enhanced[..., :100] <= once.clean[..., :100]).all()


def test_the_same_sound_leaves_no_gap():
    """And what is gained from one side is lost from the other."""
    critic, pictures = Critic(), quieter(2).pictures
    enhanced, clean, noisy = pictures
    assert not critic.gap(Pictures(clean, clean, noisy)).any()
    assert torch.allclose(critic.gap(pictures), -critic.gap(Pictures(clean, enhanced, noisy)), atol=1e-6)


def test_a_critic_learns_to_tell():
    """Of voices it never heard, nearly every piece of the clean picture scores higher."""
    adversary = taught(100)
    pictures = quieter(8).pictures
    gap = adversary.critic.gap(pictures)
    assert (gap > 0).float().mean() > 0.9
    assert gap.mean() > 0.5


def test_a_critic_says_what_would_deceive_it():
    """Voices that came out too quiet are told to be louder."""
    adversary = taught(100)
    exhibit = quieter(4)
    enhanced = exhibit.originals[0]
    others = enhanced.square().sum()
    slope = torch.autograd.grad(adversary.objection(others, exhibit), enhanced)[0]
    assert (slope * enhanced).sum() < 0


def test_its_say_is_a_share_of_the_gradient():
    """0.5 of the norm that all other losses have there, once the critic has learnt; before, less."""
    adversary = Adversary(0.5, CPU, torch.float32)

    def share_of_norm():
        exhibit = quieter(4)
        enhanced = exhibit.originals[0]
        others = (enhanced - 1).square().sum()
        objection = adversary.objection(others, exhibit)
        own, theirs = (torch.autograd.grad(v, enhanced, retain_graph=True)[0] for v in (objection, others))
        return (own.norm() / theirs.norm()).item()

    assert share_of_norm() < 0.001
    adversary.updates = GROWTH_UPDATES
    assert share_of_norm() == pytest.approx(0.5, rel=1e-4)


def test_what_is_said_of_copies_reaches_every_weight_before_the_originals():
    """Through spectra and gains alike: the gradient of the loss itself, as large as that of the others."""
    weight = torch.rand(FRAMES, 1, requires_grad=True)
    clean = voices(2)
    gains = torch.sigmoid(weight).expand(2, FRAMES, 34)
    enhanced = clean * gains[..., :1, None] + 0.1 * weight[..., None]

    def gap(pictures):
        return (pictures.clean - pictures.enhanced).square().mean()

    exhibit = exhibit_of(enhanced, gains, clean, clean)
    others = enhanced.square().sum()
    said = in_proportion(gap(exhibit.pictures), others, exhibit)
    found = torch.autograd.grad(said, weight, retain_graph=True)[0]

    plain = gap(pictures_of(enhanced, gains, clean, clean))
    own, theirs = (torch.autograd.grad(v, enhanced, retain_graph=True)[0].norm() for v in (plain, others))
    wanted = torch.autograd.grad(plain, weight)[0] * theirs / own
    assert torch.allclose(found, wanted, rtol=1e-4)


def test_where_nobody_speaks_nothing_is_said():
    """And nothing is learnt."""
    adversary = Adversary(0.5, CPU, torch.float32)
    before = [p.clone() for p in adversary.critic.parameters()]
    exhibit = quieter(0)
    assert adversary.objection(exhibit.originals[0].sum(), exhibit).item() == 0
    after = adversary.critic.parameters()
    assert all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def test_pictures_are_of_what_they_are_called():
    """The voice itself at its ideal gains is the clean picture; all that came in, at gains of one, the noisy.

    A band at a gain is one whose energy is less by the gain's square; below 5 kHz a voice has a power of one.
    """
    clean, span = voices(2), slice(5, 30)
    noisy = clean + 0.3 * torch.randn_like(clean)
    targets, ones = torch.rand(2, FRAMES, 34), torch.ones(2, FRAMES, 34)
    levels = torch.randn(2, FRAMES, 34)
    scale, valid = torch.full((2,), 30.0), torch.full((2,), 34)
    listener = Listener(clean, scale, levels, targets, valid)
    seen = listener.pictures(clean[:, span], targets[:, span], noisy[:, span], span)
    assert torch.allclose(seen.enhanced, seen.clean)
    open_ = listener.pictures(noisy[:, span], ones[:, span], noisy[:, span], span)
    assert torch.allclose(open_.enhanced, open_.noisy)
    softer = Listener(clean, scale, levels + 2 * torch.log10(targets), ones, valid)
    again = softer.pictures(clean[:, span], ones[:, span], noisy[:, span], span)
    assert torch.allclose(again.clean, seen.clean, atol=1e-5)
    whole = listener.pictures(clean, targets, noisy, slice(0, FRAMES)).clean[:, 0, :, :100]
    power = (whole ** (2 / POWER) - FLOOR) / PER_BIN
    assert torch.allclose(power.sum(-1).mean(-1), torch.ones(2), rtol=1e-3)


def test_what_passes_for_cleaner_than_clean_is_left_alone():
    """Where the enhanced picture scores higher already, nothing is said against it."""
    adversary = Adversary(0.5, CPU, torch.float32)
    adversary.updates, adversary.learn = GROWTH_UPDATES, lambda pictures: None
    for sign in (-1, 1):
        exhibit = quieter(2)
        enhanced = exhibit.originals[0]
        adversary._gap = lambda pictures, sign=sign: sign * pictures.enhanced.square().sum()
        objection = adversary.objection(enhanced.sum(), exhibit)
        (slope,) = torch.autograd.grad(objection, enhanced)
        assert slope.any() == (sign > 0)


def test_what_is_not_finite_teaches_nothing():
    """Pictures with an infinity in them leave the critic as it was, and it learns on from the next."""
    adversary = taught(2)
    before = {name: v.clone() for name, v in adversary.critic.state_dict().items()}
    good = quieter(4).pictures
    adversary.learn(good._replace(enhanced=good.enhanced * float("inf")))
    assert all(torch.equal(v, before[name]) for name, v in adversary.critic.state_dict().items())
    adversary.learn(good)
    assert not all(torch.equal(v, before[name]) for name, v in adversary.critic.state_dict().items())
