"""Ideal strengths solve the equation that they come from, and the limits are where they belong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwise.suppress import strength as module

unit = st.floats(0.0, 1.0)
left_over = st.floats(0.125, 0.5)
grid = settings(max_examples=100, deadline=None)


def coherence_of_mixture(alpha, q_y, q_p):
    """Clean part and noise of y + alpha p, noises taken as incoherent, as the target is defined.

    With unit-energy bands, the periodic part of y is q_y and that of p is q_p in amplitude; the noise
    powers 1 - q_y^2 and alpha^2 (1 - q_p^2) add up.
    """
    periodic = q_y + alpha * q_p
    noise = (1 - q_y**2) + alpha**2 * (1 - q_p**2)
    return periodic / np.sqrt(periodic**2 + noise)


@grid
@given(q_y=unit, left=left_over)
def test_comb_raises_the_coherence(q_y, left):
    """Full strength lowers the noise by `left`: q_p is that of the band with so much less noise."""
    reached = module.coherence_after_comb(q_y, left)
    signal_to_noise = q_y**2 / (1 - q_y**2 + 1e-15) / left
    assert reached == pytest.approx(np.sqrt(signal_to_noise / (1 + signal_to_noise)), abs=1e-4)
    assert q_y - 1e-6 <= reached <= 1 + 1e-6


@grid
@given(part=st.floats(0.01, 0.99), q_y=st.floats(0.01, 0.98), left=left_over)
def test_mixture_has_the_clean_coherence(part, q_y, left):
    """Where the comb can reach it, y + alpha p with alpha = r / (1 - r) has the coherence q_x."""
    reached = module.coherence_after_comb(q_y, left)
    q_x = q_y + part * (reached - q_y)
    strength, further = module.ideal_strength(q_x, q_y, left)
    assert further == 1
    assert 0 <= strength < 1
    assert coherence_of_mixture(strength / (1 - strength), q_y, reached) == pytest.approx(q_x, abs=1e-4)


@grid
@given(pair=st.tuples(unit, unit), left=left_over)
def test_no_comb_where_the_noise_does_no_harm(pair, left):
    """A band that is as coherent as the clean one is left alone."""
    q_x, q_y = sorted(pair)
    assert module.ideal_strength(q_x, q_y, left) == (0.0, 1.0)


@grid
@given(part=st.floats(0.01, 1), q_y=st.floats(0.0, 0.98), left=left_over)
def test_rest_is_turned_down_where_the_comb_falls_short(part, q_y, left):
    """All of the comb, and the share of noise above the clean one's taken away, -15.4 dB at most."""
    reached = module.coherence_after_comb(q_y, left)
    q_x = reached + part * (1 - reached)
    strength, further = module.ideal_strength(q_x, q_y, left)
    assert strength == 1
    assert further == pytest.approx(np.sqrt((1.03 - q_x**2) / (1.03 - reached**2)), rel=1e-5)
    assert 10 ** (-15.4 / 20) <= further <= 1


@grid
@given(q_x=unit, more=unit, q_y=unit, left=left_over)
def test_more_coherent_speech_needs_no_less_of_the_comb(q_x, more, q_y, left):
    """Strength rises and the further attenuation falls with q_x."""
    lower, higher = sorted((q_x, more))
    weak, weak_gain = module.ideal_strength(lower, q_y, left)
    strong, strong_gain = module.ideal_strength(higher, q_y, left)
    assert strong >= weak - 1e-6
    assert strong_gain <= weak_gain + 1e-6


@pytest.mark.parametrize("q", [0.3, 0.6, 0.9])
def test_limits_meet(q):
    """Just above q_y the strength starts from 0; where the comb just reaches q_x it is (nearly) all."""
    reached = module.coherence_after_comb(q, 0.125)
    assert module.ideal_strength(q + 1e-7, q, 0.125)[0] < 1e-4
    just_short = module.ideal_strength(reached + 1e-9, q, 0.125)
    assert just_short == (1.0, pytest.approx(1.0, abs=1e-6))


@grid
@given(clean=st.floats(0, 10), noisy=st.floats(0, 10))
def test_gain_is_the_ratio_of_magnitudes(clean, noisy):
    """sqrt(X^2 / Y^2), clipped to [0, 1]."""
    gain = module.ideal_gain(clean, noisy)
    assert 0 <= gain <= 1
    if noisy > 1e-6:
        assert gain == pytest.approx(min(1, np.sqrt(clean / noisy)), abs=1e-3)


def test_silence_is_not_muted():
    """Two silent bands have gain 1, a band of noise alone 0."""
    assert module.ideal_gain(0.0, 0.0) == 1
    assert module.ideal_gain(0.0, 1e-4) < 1e-4
