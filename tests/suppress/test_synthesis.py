"""Mixing in the comb keeps every band's energy, and gains scale what is left."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suppress_signals import spectrum

from bandwise.bands.erb import BAND_WEIGHTS
from bandwise.suppress.synthesis import MOST_MAKE_UP, mix_in_comb

ONES, ZEROS = np.ones(34, np.float32), np.zeros(34, np.float32)


def energies_of(values):
    """Band energies by the matrix."""
    return (BAND_WEIGHTS @ np.abs(values) ** 2).astype(np.float32)


def mixed(y, p, strengths, gains):
    """The kernel with y's own energies."""
    return mix_in_comb(y, p, energies_of(y), strengths, gains)


def smooth(seed):
    """Random strengths that change little from band to band."""
    knots = np.random.default_rng(seed).random(5)
    return np.interp(np.arange(34), np.linspace(0, 33, 5), knots).astype(np.float32)


def test_no_comb_and_no_gain_is_the_identity():
    """Strengths 0 and gains 1 leave the spectrum as it is, whatever the comb holds."""
    y = spectrum(0)
    assert np.allclose(mixed(y, spectrum(1), ZEROS, ONES), y, rtol=1e-5)


def test_inputs_are_left_alone():
    """The spectra of the current frame are needed again."""
    y, p, strengths = spectrum(0), spectrum(1), smooth(0)
    before = y.copy(), p.copy(), strengths.copy()
    mixed(y, p, strengths, ONES)
    for was, now in zip(before, (y, p, strengths), strict=True):
        assert np.array_equal(was, now)


@pytest.mark.parametrize("strength", [0.2, 0.5, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_comb_keeps_the_energy_of_the_frame(seed, strength):
    """With a comb spectrum that is y, tilted and weaker, and noise: every band within half a decibel.

    Make-up is interpolated between centres, so a band is kept up to what its neighbours need otherwise.
    """
    y = spectrum(seed) * np.linspace(3, 1, 481, dtype=np.float32)
    p = y * np.linspace(0.6, 0.9, 481, dtype=np.float32) + 0.15 * spectrum(seed + 10)
    out = mixed(y, p.astype(np.complex64), np.full(34, strength, np.float32), ONES)
    assert np.max(np.abs(10 * np.log10(energies_of(out) / energies_of(y)))) < 0.5
    assert np.sum(np.abs(out) ** 2) == pytest.approx(np.sum(np.abs(y) ** 2), rel=0.025)


@given(scale=st.floats(0.51, 3), strength=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_a_weaker_comb_is_made_up_for_exactly(scale, strength):
    """A comb of p = s y differs in level alone, so y comes back for all strengths within the limit."""
    y = spectrum(2)
    out = mixed(y, (scale * y).astype(np.complex64), np.full(34, strength, np.float32), ONES)
    assert np.allclose(out, y, rtol=1e-3, atol=1e-4)


def test_make_up_has_a_limit():
    """A comb that cancels the band is raised by 6 dB, not by what is missing."""
    y = spectrum(3)
    out = mixed(y, (0.01 * y).astype(np.complex64), ONES, ONES)
    assert np.allclose(out, 0.01 * np.sqrt(MOST_MAKE_UP) * y, rtol=1e-4, atol=1e-6)
    assert np.sqrt(MOST_MAKE_UP) == pytest.approx(10 ** (6.02 / 20), rel=1e-3)


@given(gain=st.floats(0, 1))
@settings(max_examples=50, deadline=None)
def test_gains_scale_what_comes_out(gain):
    """The same factor on all gains is a factor on the spectrum, comb or none."""
    y, p, gains = spectrum(4), spectrum(5), smooth(1)
    full = mixed(y, p, smooth(2), gains)
    assert np.allclose(mixed(y, p, smooth(2), np.float32(gain) * gains), gain * full, atol=1e-5)


def test_gains_are_interpolated_between_centres():
    """Without a comb, bin k is multiplied by the transpose of the band matrix."""
    y, gains = spectrum(6), np.random.default_rng(6).random(34, np.float32)
    assert np.allclose(mixed(y, spectrum(7), ZEROS, gains), y * (gains @ BAND_WEIGHTS), atol=1e-5)


def test_full_strength_takes_the_phase_of_the_comb():
    """With r = 1 in all bands nothing of y's phase is left."""
    y, p = spectrum(8), spectrum(9)
    assert np.allclose(np.angle(mixed(y, p, ONES, ONES) / p), 0, atol=1e-4)


def test_silence_stays_silent():
    """No division by the energy of nothing."""
    silent = np.zeros(481, np.complex64)
    assert np.array_equal(mixed(silent, silent, ONES, ONES), silent)
