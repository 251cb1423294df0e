"""Relief gives back its part of what a neighbourhood of bins lost, and nothing else."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwise.suppress.relief import LOST_DB, NEAR, RELIEF, relieve

RNG = np.random.default_rng(0)
NOISY = (RNG.standard_normal(481) + 1j * RNG.standard_normal(481)).astype(np.complex64)
PLACE = np.arange(100) // 4
IS_NEAR = np.abs(np.subtract.outer(np.arange(25), np.arange(25))) <= NEAR


def relieved(out, noisy=NOISY, relief=RELIEF):
    """The kernel on a copy."""
    out = out.astype(np.complex64)
    relieve(noisy.astype(np.complex64), np.float32(relief), out)
    return out


def energies(x):
    """Of each place."""
    return (np.abs(x[:100].astype(complex)) ** 2).reshape(25, 4).sum(1)


def lost_db(out, noisy=NOISY):
    """By the bins near each place, and by all."""
    near, whole = (10 * np.log10((w @ energies(noisy)) / (w @ energies(out))) for w in (IS_NEAR, np.ones(25)))
    return near, whole


def raised_db(out, noisy=NOISY):
    """What relief adds to each low bin."""
    return 20 * np.log10(np.abs(relieved(out, noisy)[:100] / out[:100]))


def test_what_lost_nothing_stays():
    """The noisy spectrum itself, to the bit."""
    assert np.array_equal(relieved(NOISY), NOISY)


def test_no_relief_changes_nothing():
    """Whatever was lost, to the bit."""
    assert np.array_equal(relieved(NOISY / 7, relief=0), (NOISY / 7).astype(np.complex64))


@pytest.mark.parametrize("flat_db", [1, 6, 12, 20, 21, 40, 80])
def test_its_share_of_the_decibels_comes_back(flat_db):
    """Where all bins lost alike, RELIEF of it, and beyond LOST_DB no more than there."""
    raised = raised_db(NOISY * 10 ** (-flat_db / 20))
    assert raised == pytest.approx(RELIEF * min(flat_db, LOST_DB), abs=1e-4)


def test_neighbours_and_the_whole_count_half_each():
    """Places that lost more than the whole: the mean of both, in decibels."""
    filtered = NOISY * np.where(np.arange(481) < 40, 0.2, 0.9)
    near, whole = lost_db(filtered)
    more = near > whole
    wanted = RELIEF * np.minimum((near + whole) / 2, LOST_DB)
    assert more.any()
    assert raised_db(filtered)[more[PLACE]] == pytest.approx(np.repeat(wanted[more], 4), abs=1e-4)


def test_a_hum_that_goes_raises_nothing_far_from_it():
    """Places whose neighbourhood kept everything stay, however much energy went elsewhere."""
    hum, filtered = NOISY.copy(), NOISY.copy()
    hum[:4] *= 1000
    far = PLACE > NEAR
    assert lost_db(filtered, hum)[1] > 40
    assert raised_db(filtered, hum)[far] == pytest.approx(0, abs=1e-5)


def test_higher_bins_are_left_alone():
    """The filter ends at 5 kHz, and so does its relief."""
    assert np.array_equal(relieved(NOISY / 2)[100:], (NOISY / 2)[100:].astype(np.complex64))


@given(st.lists(st.floats(0, 1), min_size=25, max_size=25))
@settings(max_examples=100, deadline=None)
def test_no_neighbourhood_gets_more_than_it_lost(kept):
    """Whatever the filter does: nothing is turned down, and no place raised above RELIEF of its loss."""
    filtered = NOISY * np.append(np.repeat(kept, 4), np.zeros(381))
    gains = np.abs(relieved(filtered)[:100]) / np.maximum(np.abs(filtered[:100]), 1e-30)
    heard = np.abs(filtered[:100]) > 1e-15
    near = -10 * np.log10(np.maximum(IS_NEAR @ energies(filtered), 1e-30) / (IS_NEAR @ energies(NOISY)))
    most = np.repeat(10 ** (RELIEF * np.clip(near, 0, LOST_DB) / 20), 4)
    assert np.all(gains[heard] >= 1 - 1e-6)
    assert np.all(gains[heard] <= most[heard] * (1 + 1e-5))


def test_silence_stays_silent():
    """Where nothing came in and nothing is left, and where the filter left nothing."""
    silence = np.zeros(481)
    assert not relieved(silence, silence).any()
    assert not relieved(silence).any()
