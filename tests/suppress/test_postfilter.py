"""The postfilter deepens what is small and gives the loudness back by its formula."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suppress_signals import noise

from bandwise.suppress.postfilter import BETA, sharpen

ENERGIES = np.exp(noise(34, seed=1, level=2.0))


def sharpened(gains, energies=ENERGIES):
    """The kernel with a fresh output."""
    out = np.full(34, np.nan, np.float32)
    sharpen(np.asarray(gains, np.float32), energies, out)
    return out


@pytest.mark.parametrize("gain", [1.0, 0.0])
def test_whole_and_gone_stay(gain):
    """All ones and all zeros are unchanged."""
    assert np.allclose(sharpened(np.full(34, gain)), gain, atol=1e-6)


def test_formula_is_the_published_one():
    """That is g sin(pi g / 2) times sqrt((1 + b) q / (1 + b q^2)), q = E0 / E1, in double precision."""
    gains = np.random.default_rng(0).random(34)
    warped = gains * np.sin(np.pi * gains / 2)
    q = np.sum(gains**2 * ENERGIES) / np.sum(warped**2 * ENERGIES)
    expected = warped * np.sqrt((1 + 0.02) * q / (1 + 0.02 * q**2))
    assert BETA == 0.02
    assert np.allclose(sharpened(gains), expected, rtol=1e-4)


@given(lower=st.floats(0.01, 0.98), step=st.floats(0.01, 0.5))
@settings(max_examples=50, deadline=None)
def test_smaller_gains_are_lowered_more(lower, step):
    """Relative to what they were, in one frame of all gains up to 1."""
    gains = np.linspace(lower, min(1.0, lower + step), 34)
    assert np.diff(sharpened(gains) / gains).min() >= -1e-6


@given(weak=st.floats(0.0, 0.2))
@settings(max_examples=50, deadline=None)
def test_frame_of_speech_keeps_its_energy(weak):
    """Where strong bands dominate, E1 with the factor is E0 to 0.1 dB."""
    gains = np.full(34, weak)
    gains[:12] = 0.8
    energies = np.where(gains > 0.5, 1.0, 0.01).astype(np.float32)
    before, after = np.sum(gains**2 * energies), np.sum(sharpened(gains, energies) ** 2 * energies)
    assert 10 * np.log10(after / before) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("gain", [0.01, 0.05, 0.1])
def test_frame_of_noise_is_turned_down_further(gain):
    """With nothing but small gains the factor gives little back: the frame ends below where it began."""
    assert sharpened(np.full(34, gain)).max() < 0.7 * gain


def test_factor_peaks_at_5_6_db():
    """At q = 1 / sqrt(beta) = 7.07, and nowhere higher."""
    gains = np.linspace(0.01, 1, 1000)
    factors = [sharpened(np.full(34, g))[0] / (g * np.sin(np.pi * g / 2)) for g in gains]
    assert 20 * np.log10(max(factors)) == pytest.approx(5.6, abs=0.05)
    at_peak = 1 / np.sin(np.pi * gains[np.argmax(factors)] / 2) ** 2
    assert at_peak == pytest.approx(7.07, rel=0.02)
