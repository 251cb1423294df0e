"""The deep filter's arithmetic, and what becomes of it under limits and the postfilter."""

import numpy as np
import pytest

from bandwise.bands.erb import BAND_WEIGHTS
from bandwise.suppress.deep_filter import filter_low_bins, fresh_low_bins, limit_low_bins, push_spectrum

RNG = np.random.default_rng(0)
GAINS = RNG.uniform(0.1, 1, 34).astype(np.float32)


def spectra(frames, bins=100):
    """Complex noise."""
    return (RNG.standard_normal((frames, bins)) + 1j * RNG.standard_normal((frames, bins))).astype(
        np.complex64
    )


def filtered(heard, gains, taps):
    """All bins after the filter, from ones."""
    out = np.ones(481, np.complex64)
    filter_low_bins(heard, gains, taps, out)
    return out


def test_formula_in_numpy():
    """(1 + c_0) g y_l + sum c_i y_(l + 3 - i), with the c of each bin as the places hold them."""
    heard, taps = spectra(5), RNG.standard_normal((25, 48)).astype(np.float32)
    parts = taps.reshape(25, 6, 2, 4)
    c = (parts[:, :, 0] + 1j * parts[:, :, 1]).transpose(1, 0, 2).reshape(6, 100)
    wanted = (1 + c[0]) * (GAINS @ BAND_WEIGHTS[:, :100]) * heard[2] + np.sum(c[1:] * heard[::-1], axis=0)
    assert filtered(heard, GAINS, taps)[:100] == pytest.approx(wanted, rel=1e-5)


def test_higher_bins_are_left_alone():
    """From 5 kHz on nothing is touched."""
    taps = RNG.standard_normal((25, 48)).astype(np.float32)
    assert np.all(filtered(spectra(5), GAINS, taps)[100:] == 1)


def test_no_taps_are_gains_alone():
    """With zeros for taps the low bins are the gained ones."""
    heard = spectra(5)
    out = filtered(heard, GAINS, np.zeros((25, 48), np.float32))
    assert out[:100] == pytest.approx((GAINS @ BAND_WEIGHTS[:, :100]) * heard[2], rel=1e-6)


@pytest.mark.parametrize("ahead", [-2, -1, 0, 1, 2])
def test_one_tap_takes_one_frame(ahead):
    """Without gains and with one tap at 1 the output is that frame, to the bit."""
    heard, taps = spectra(5), np.zeros((25, 6, 2, 4), np.float32)
    taps[:, 1 + 2 - ahead, 0] = 1.0
    out = filtered(heard, np.zeros(34, np.float32), taps.reshape(25, 48))
    assert np.array_equal(out[:100], heard[2 + ahead])


def test_frames_are_remembered_in_order():
    """After seven spectra the last five are there, oldest first."""
    low, frames = fresh_low_bins(), spectra(7, 481)
    for spectrum in frames:
        push_spectrum(spectrum, low)
    assert np.array_equal(low.spectra, frames[2:, :100])


def test_full_limit_gives_the_input_back():
    """Where all is kept, the filtered bins become the noisy ones, to the bit."""
    noisy, out = spectra(1, 481)[0], spectra(1, 481)[0]
    limit_low_bins(GAINS, np.ones(34, np.float32), True, np.float32(1), noisy, out)
    assert np.array_equal(out[:100], noisy[:100])


def test_no_limit_and_no_postfilter_change_nothing():
    """Where the gains stay as they were estimated, so do the filtered bins, to the bit."""
    before = spectra(1, 481)[0]
    out = before.copy()
    limit_low_bins(GAINS, GAINS, True, np.float32(0), spectra(1, 481)[0], out)
    assert np.array_equal(out, before)


def test_sharper_gains_turn_filtered_bins_down_as_much():
    """Half the gain in every band halves them, and a share kept is kept of the noisy bin."""
    noisy, before = spectra(1, 481)[0], spectra(1, 481)[0]
    kept, out = np.float32(0.25), before.copy()
    limit_low_bins(GAINS, kept + (1 - kept) * GAINS / 2, True, kept, noisy, out)
    expected = 0.25 * noisy[:100] + 0.75 * before[:100] / 2
    louder = np.abs(expected) > 0.25 * np.abs(noisy[:100])
    assert 50 < louder.sum() < 100
    assert out[:100][louder] == pytest.approx(expected[louder], rel=1e-4)


@pytest.mark.parametrize("sharpened", [False, True])
def test_no_bin_falls_below_the_share_that_is_kept(sharpened):
    """Not even where the filtered bin is as large as the noisy one and against it."""
    noisy, kept = spectra(1, 481)[0], np.float32(0.25)
    out = -noisy / 3
    limit_low_bins(GAINS, kept + (1 - kept) * GAINS, sharpened, kept, noisy, out)
    np.testing.assert_allclose(np.abs(out[:100]), 0.25 * np.abs(noisy[:100]), rtol=1e-4)


def test_a_gain_of_next_to_nothing_makes_no_jump():
    """A filtered bin that sharpening mutes stays muted where the gain that was estimated vanishes."""
    noisy, before = spectra(1, 481)[0], spectra(1, 481)[0]
    for estimated in (1.01e-6, 0.99e-6, 0.0):
        out, gains = before.copy(), np.full(34, estimated, np.float32)
        limit_low_bins(gains, gains**2, True, np.float32(0), noisy, out)
        assert np.abs(out[:100]).max() < 1e-5 * np.abs(before).max()
