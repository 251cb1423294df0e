"""Recoloured examples are those of another microphone."""

import numpy as np

from bandwise.bands.erb import CENTRES
from bandwise.training.colour import recolour
from bandwise.training.sources import Batch, LowSpectra


def _batch(features, spectra=None):
    sequences, frames, _ = features.shape
    return Batch(features, np.zeros((sequences, frames, 68), np.float32), np.full(sequences, 34), spectra)


def _features():
    return np.random.default_rng(0).uniform(-6, 0, (3, 5, 70)).astype(np.float32)


def _recoloured(features, rng, spread):
    return recolour(_batch(features), rng, spread).features


def test_a_colour_is_one_smooth_curve_for_a_whole_sequence():
    """All frames of a sequence move by the same curve over the bands; its neighbours by others."""
    before = _features()
    curves = _recoloured(before.copy(), np.random.default_rng(1), 0.2)[..., :34] - before[..., :34]
    assert np.allclose(curves, curves[:, :1], atol=1e-6)
    assert not np.allclose(curves[0], curves[1], atol=0.05)
    assert np.abs(np.diff(curves[:, 0], 2)).max() < 0.1


def test_spread_is_that_of_the_curves():
    """Over many sequences a band varies by 1.5^2 and three squared cosines, times spread^2."""
    silence = np.zeros((20_000, 1, 70), np.float32)
    moved = _recoloured(silence, np.random.default_rng(2), 0.1)[:, 0, :34]
    expected = 1.5**2 + sum(np.cos(k * np.linspace(0, np.pi, 34)) ** 2 for k in (1, 2, 3))
    assert np.allclose(moved.var(axis=0), 0.01 * expected, rtol=0.05)


def test_silence_and_the_other_features_stay():
    """Digital silence has no colour; coherences and pitch know nothing of microphones."""
    before = _features()
    before[0, :, :34] = -12
    after = _recoloured(before.copy(), np.random.default_rng(3), 0.3)
    assert (after[0] == before[0]).all()
    assert (after[..., 34:] == before[..., 34:]).all()


def test_no_spread_no_change():
    """At 0 the same bits come back."""
    assert (_recoloured(_features(), np.random.default_rng(4), 0.0) == _features()).all()


def test_spectra_are_heard_through_the_same_microphone():
    """At a band's centre the energy moves by what its level moves, in the noisy and the clean spectra."""
    rng = np.random.default_rng(5)
    before = rng.standard_normal((2, 3, 5, 100, 2)).astype(np.float32)
    spectra = LowSpectra(before[0].copy(), before[1].copy(), np.ones(3, np.float32))
    features = _features()
    batch = recolour(_batch(features.copy(), spectra), np.random.default_rng(6), 0.3)
    moved = (batch.features - features)[:, 0, :34]
    low = CENTRES < 100
    for after, kept in zip(batch.spectra[:2], before, strict=True):
        energy = np.log10(((after * batch.spectra.scale[:, None, None, None]) ** 2 / kept**2)[:, 0, :, 0])
        assert np.allclose(energy[:, CENTRES[low]], moved[:, low], atol=1e-4)
        assert np.array_equal(np.sign(after), np.sign(kept))
