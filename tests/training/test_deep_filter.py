"""What the deep filter can do, what it cannot hear, and where its weights are shared."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandwise.bands.erb import BAND_WEIGHTS  # noqa: E402
from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.suppress.places import FRAMES_SEEN, LOW_BINS, PLACES, TAPS  # noqa: E402
from bandwise.training.deep_filter import (  # noqa: E402
    WEIGHTS,
    DeepFilter,
    Memories,
    apply_weights,
    by_bin,
)
from bandwise.training.filter_inputs import FilterInputs  # noqa: E402

BATCH, FRAMES, UNITS, HINTS = 2, 9, 16, 3
HERE = 3
"""Which of the six weights is that of the current frame."""


@pytest.fixture
def sequence():
    """Random spectra, scale, features, gains, strengths and hints of two sequences."""
    torch.manual_seed(1)
    spectra = torch.randn(BATCH, FRAMES, LOW_BINS, 2)
    features = torch.randn(BATCH, FRAMES, 70).clamp(-1, 1)
    estimates = *torch.rand(2, BATCH, FRAMES, 34), 2 * torch.rand(BATCH, FRAMES, PLACES, HINTS) - 1
    return spectra, torch.tensor([3.0, 40.0]), features, *estimates


def _filter():
    """A filter whose weights are of ordinary size, as after training."""
    torch.manual_seed(4)
    network = DeepFilter(UNITS, HINTS)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return network


def _run(network, spectra, scale, features, gains, strengths, hints):
    """Filtered spectra of a whole sequence."""
    inputs = network.inputs_of(spectra, scale, features, torch.float32)
    weights, _ = network(inputs, gains, strengths, hints)
    return apply_weights(weights, network.apply_gains(gains, spectra), spectra)


def test_without_weights_gains_are_all_there_is(sequence):
    """Zero weights: the spectrum times the gains, interpolated between the centres of the bands."""
    network = _filter()
    torch.nn.init.zeros_(network.taps.weight)
    torch.nn.init.zeros_(network.taps.bias)
    spectra, gains = sequence[0], sequence[3]
    per_bin = gains.numpy().astype(np.float64) @ BAND_WEIGHTS[:, :LOW_BINS]
    expected = spectra.numpy() * per_bin[..., None]
    assert np.allclose(_run(network, *sequence).detach(), expected, atol=1e-6)


def test_a_fresh_filter_does_next_to_nothing(sequence):
    """Before it has learnt, the output is that of the gains within a few percent."""
    network = DeepFilter(UNITS, HINTS)
    spectra, gains = sequence[0], sequence[3]
    change = _run(network, *sequence) - network.apply_gains(gains, spectra)
    assert 0 < change.norm() < 0.05 * spectra.norm()


@pytest.mark.parametrize("tap", range(TAPS))
def test_a_unit_weight_picks_its_frame(sequence, tap):
    """1 on one frame alone, nothing left by the gains: that frame of the noisy spectrum, to the bit."""
    spectra = sequence[0]
    weights = torch.zeros(WEIGHTS, 2, BATCH, FRAMES, LOW_BINS)
    weights[1 + tap, 0] = 1
    out = apply_weights(weights, torch.zeros_like(spectra), spectra)
    ahead = HERE - (1 + tap)
    for l in range(FRAMES):
        inside = 0 <= l + ahead < FRAMES
        assert torch.equal(out[:, l], spectra[:, l + ahead] if inside else torch.zeros_like(out[:, l]))


def test_weights_are_complex_numbers():
    """The weighted sum is that of NumPy's complex arithmetic, the gained spectrum counted once more."""
    rng = np.random.default_rng(2)
    weights = rng.standard_normal((WEIGHTS, 2, 1, 5, LOW_BINS)).astype(np.float32)
    spectra, gained = rng.standard_normal((2, 1, 5, LOW_BINS, 2)).astype(np.float32)
    x, z = (v[..., 0] + 1j * v[..., 1] for v in (spectra, gained))
    w = weights[:, 0] + 1j * weights[:, 1]
    expected = z + w[0] * z
    for tap, ahead in enumerate((2, 1, 0, -1, -2)):
        for l in range(5):
            if 0 <= l + ahead < 5:
                expected[:, l] += w[1 + tap][:, l] * x[:, l + ahead]
    out = apply_weights(*(torch.from_numpy(v) for v in (weights, gained, spectra))).numpy()
    assert np.allclose(out[..., 0] + 1j * out[..., 1], expected, atol=1e-5)


def test_two_frames_ahead_are_heard_and_no_more(sequence):
    """Change frame 6 of the spectra: frames 0 to 3 keep their bits, frame 4 does not."""
    network, (spectra, *others) = _filter(), sequence
    changed = spectra.clone()
    changed[:, 6] += 1
    before, after = _run(network, spectra, *others), _run(network, changed, *others)
    assert torch.equal(before[:, :4], after[:, :4])
    assert not torch.equal(before[:, 4], after[:, 4])


def test_features_and_estimates_of_later_frames_are_not_used(sequence):
    """Features, gains, strengths and hints count from their own frame on."""
    network, (spectra, scale, *estimates) = _filter(), sequence
    before = _run(network, spectra, scale, *estimates)
    for index in range(4):
        changed = [v.clone() for v in estimates]
        changed[index][:, 5] *= 0.5
        after = _run(network, spectra, scale, *changed)
        assert torch.equal(before[:, :5], after[:, :5])
        assert not torch.equal(before[:, 5], after[:, 5])


def test_windows_with_memories_equal_one_long_pass(sequence):
    """Four frames, then five with the memories of the first: the same weights and spectra as in one pass."""
    network, (spectra, scale, features, *said) = _filter(), sequence
    whole = _run(network, *sequence)
    inputs = network.inputs_of(spectra, scale, features, torch.float32)
    memories, parts = None, []
    for span in (slice(0, 4), slice(4, 9)):
        weights, memories = network(inputs.of(span), *(v[:, span] for v in said), memories)
        gained = network.apply_gains(said[0][:, span], spectra[:, span])
        parts.append(apply_weights(weights, gained, spectra, span.start))
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-5)
    assert isinstance(memories, Memories)
    assert memories.gru1.shape == (BATCH * PLACES, UNITS)


def test_places_share_their_weights():
    """Without names of their own, places that see the same in the middle of the spectrum decide the same.

    What a place decides hangs on those up to 1 + 6 + 6 away, so of 25 none is free of the ends.  With the
    last exchange switched off 8 to 16 are.
    """
    network = _filter()
    torch.nn.init.zeros_(network.place)
    torch.nn.init.zeros_(network.mix2.back.weight)
    sound = torch.randn(FRAMES, 1, 1, FRAMES_SEEN * 40).expand(-1, -1, PLACES, -1)
    same = torch.full((1, FRAMES, 34), 0.3)
    inputs = FilterInputs(sound, torch.zeros(FRAMES, 1, LOW_BINS), torch.randn(FRAMES, 1, 70))
    hints = torch.randn(1, FRAMES, 1, HINTS).expand(-1, -1, PLACES, -1)
    weights = network(inputs, same, same, hints)[0].unflatten(-1, (PLACES, 4))
    assert torch.allclose(weights[..., 8:17, :], weights[..., 8:9, :], atol=1e-5)
    assert not torch.allclose(weights[..., 7, :], weights[..., 8, :], atol=1e-5)


def test_a_fresh_filter_ignores_hints(sequence):
    """So one that is put behind a network, or gets hints later, starts from what it did without."""
    network, (*others, hints) = DeepFilter(UNITS, HINTS), sequence
    assert torch.equal(_run(network, *others, hints), _run(network, *others, -hints))
    assert not torch.equal(_run(_filter(), *others, hints), _run(_filter(), *others, -hints))


def test_units_are_shared_out_evenly_among_neighbours():
    """A number that eight does not divide is refused."""
    with pytest.raises(BandwiseError, match="multiple of 8"):
        DeepFilter(20)


def test_places_hear_of_those_up_to_thirteen_away(sequence):
    """Places 0 and 1 see bins 0 to 3; a change there reaches place 1 + 1 + 6 + 6 and stops."""
    network, (spectra, *others) = _filter(), sequence
    changed = spectra.clone()
    changed[:, :, :4] *= 30
    before, after = _run(network, spectra, *others), _run(network, changed, *others)
    moved = (before - after).abs().amax(dim=(0, 1, 3)).view(PLACES, 4).amax(1) > 0
    assert moved.tolist() == [place <= 14 for place in range(PLACES)]


def test_a_louder_recording_is_another_scale(sequence):
    """Spectra twice as large at half the scale sound the same: only their product is heard."""
    network, (spectra, scale, *others) = _filter(), sequence
    once = network.inputs_of(spectra, scale, others[0], torch.float32)
    again = network.inputs_of(2 * spectra, scale / 2, others[0], torch.float32)
    assert torch.allclose(once.sound, again.sound, atol=1e-5)


def test_outputs_are_laid_out_by_weight_part_and_bin():
    """Output 8 w + 4 part + i of place p is weight w of bin 4 p + i."""
    outputs = torch.arange(PLACES * 48.0).view(1, 1, PLACES, 48)
    weights = by_bin(outputs)
    assert weights.shape == (WEIGHTS, 2, 1, 1, LOW_BINS)
    assert weights[3, 1, 0, 0, 4 * 7 + 2] == 7 * 48 + 3 * 8 + 4 + 2


def test_gradients_reach_every_weight_and_the_gains(sequence):
    """One backward pass touches all parameters, and the gains by both ways: estimate and spectrum."""
    network, (*sounds, gains, strengths) = _filter(), sequence
    gains.requires_grad_()
    strengths.requires_grad_()
    _run(network, *sounds, gains, strengths).square().mean().backward()
    for name, parameter in [*network.named_parameters(), ("gains", gains), ("strengths", strengths)]:
        assert parameter.grad.abs().max() > 0, name


def test_normalisation_makes_features_ordinary():
    """Over what it was set to, mean 0 and deviation 1; a constant feature stays finite."""
    network = DeepFilter(UNITS, HINTS)
    features = 5 + 3 * torch.randn(4, 50, 70)
    features[..., 3] = 2
    network.normalise_like(features)
    silence = torch.zeros(4, 50, LOW_BINS, 2)
    seen = network.inputs_of(silence, torch.ones(4), features, torch.float32).features
    assert torch.allclose(seen.mean(dim=(0, 1)), torch.zeros(70), atol=1e-5)
    spread = seen.std(dim=(0, 1))
    assert torch.allclose(spread[4:], torch.ones(66), atol=1e-2)
    assert spread[3] == 0
