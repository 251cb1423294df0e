"""Recoloured features are those of another microphone."""

import numpy as np

from bandwise.training.colour import recolour


def _features():
    return np.random.default_rng(0).uniform(-6, 0, (3, 5, 70)).astype(np.float32)


def test_a_colour_is_one_smooth_curve_for_a_whole_sequence():
    """All frames of a sequence move by the same curve over the bands; its neighbours by others."""
    before = _features()
    curves = recolour(before.copy(), np.random.default_rng(1), 0.2)[..., :34] - before[..., :34]
    assert np.allclose(curves, curves[:, :1], atol=1e-6)
    assert not np.allclose(curves[0], curves[1], atol=0.05)
    assert np.abs(np.diff(curves[:, 0], 2)).max() < 0.1


def test_spread_is_that_of_the_curves():
    """Over many sequences a band varies by 1.5^2 and three squared cosines, times spread^2."""
    silence = np.zeros((20_000, 1, 70), np.float32)
    moved = recolour(silence, np.random.default_rng(2), 0.1)[:, 0, :34]
    expected = 1.5**2 + sum(np.cos(k * np.linspace(0, np.pi, 34)) ** 2 for k in (1, 2, 3))
    assert np.allclose(moved.var(axis=0), 0.01 * expected, rtol=0.05)


def test_silence_and_the_other_features_stay():
    """Digital silence has no colour; coherences and pitch know nothing of microphones."""
    before = _features()
    before[0, :, :34] = -12
    after = recolour(before.copy(), np.random.default_rng(3), 0.3)
    assert (after[0] == before[0]).all()
    assert (after[..., 34:] == before[..., 34:]).all()


def test_no_spread_no_change():
    """At 0 the same bits come back."""
    assert (recolour(_features(), np.random.default_rng(4), 0.0) == _features()).all()
