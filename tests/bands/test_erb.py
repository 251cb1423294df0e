"""The 34 bands lie as the ear's do, share every bin out completely, and go both ways by one matrix."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from bandwise.bands import erb


def bandwidths_below(hz):
    """ERB number from its definition: bandwidths of 24.7 (1 + 4.37 f / 1000) Hz laid end to end."""
    return quad(lambda f: 1 / (24.7 * (1 + 4.37e-3 * f)), 0, hz)[0]


@pytest.mark.parametrize("hz", [0, 50, 1_000, 4_321, 20_000])
def test_erb_number_counts_bandwidths(hz):
    """The closed form is the integral of 1 / ERB(f), and its inverse leads back."""
    assert erb.erb_number(hz) == pytest.approx(bandwidths_below(hz), rel=1e-3, abs=1e-9)
    assert erb.hz_of_erb_number(erb.erb_number(hz)) == pytest.approx(hz, abs=1e-6)


def test_there_are_34_centres_from_0_to_20_khz():
    """Ascending by a bin or more, the last at 20 kHz."""
    assert erb.CENTRES.shape == (34,)
    assert np.diff(erb.CENTRES).min() >= 1
    assert (erb.CENTRES_HZ[0], erb.CENTRES_HZ[-1]) == (0, 20_000)


def test_centres_are_equally_spaced_for_the_ear():
    """Each centre is within half a bin of its place on the ERB scale, or a bin above the one before."""
    step = bandwidths_below(20_000) / 33
    places = [bandwidths_below(hz) / step for hz in erb.CENTRES_HZ]
    for band in range(1, 34):
        half_bin = 25 / (24.7 * (1 + 4.37e-3 * erb.CENTRES_HZ[band])) / step
        pushed_up = erb.CENTRES[band] == erb.CENTRES[band - 1] + 1
        assert abs(places[band] - band) <= 1.1 * half_bin or (pushed_up and places[band] > band)
    assert np.allclose(np.diff(places[20:]), 1, atol=0.06)


def test_bands_sum_to_one_in_every_bin():
    """Nothing is lost or counted twice, above 20 kHz neither."""
    assert erb.BAND_WEIGHTS.shape == (34, 481)
    assert erb.BAND_WEIGHTS.min() == 0
    assert np.allclose(erb.BAND_WEIGHTS.sum(axis=0), 1, atol=1e-6)


def test_everything_above_20_khz_belongs_to_the_last_band():
    """Its weight there is one, all others' zero."""
    assert (erb.BAND_WEIGHTS[-1, 400:] == 1).all()
    assert (erb.BAND_WEIGHTS[:-1, 400:] == 0).all()


def test_triangles_overlap_by_half():
    """Each band reaches 1 at its centre and 0 at its neighbours' centres, in straight lines."""
    for band, centre in enumerate(erb.CENTRES):
        assert np.array_equal(erb.BAND_WEIGHTS[:, centre], np.eye(34)[band])
    for low, high in zip(erb.CENTRES[:-1], erb.CENTRES[1:], strict=True):
        share = np.linspace(0, 1, high - low + 1)
        band = np.searchsorted(erb.CENTRES, high)
        assert np.allclose(erb.BAND_WEIGHTS[band, low : high + 1], share, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_kernels_are_the_matrix_and_its_transpose(seed):
    """Walking the bins once equals the product with 34 x 481 weights, in both directions."""
    rng = np.random.default_rng(seed)
    per_bin, per_band = rng.random(481, np.float32), rng.standard_normal(34).astype(np.float32)
    summed, spread = np.full(34, 7, np.float32), np.full(481, 7, np.float32)
    erb.sum_into_bands(per_bin, summed)
    erb.spread_over_bins(per_band, spread)
    weights = erb.BAND_WEIGHTS.astype(np.float64)
    assert np.allclose(summed, weights @ per_bin, rtol=1e-5)
    assert np.allclose(spread, per_band @ weights, atol=1e-5)
    # <A x, g> = <x, A' g>
    assert np.dot(summed.astype(float), per_band) == pytest.approx(
        np.dot(per_bin, spread.astype(float)), abs=1e-6 * float(np.dot(summed, np.abs(per_band)))
    )


def test_band_energies_sum_to_the_total():
    """However the energy lies over the bins."""
    per_bin = np.random.default_rng(1).exponential(size=481).astype(np.float32)
    summed = np.empty(34, np.float32)
    erb.sum_into_bands(per_bin, summed)
    assert summed.sum() == pytest.approx(per_bin.sum(), rel=1e-5)


def test_equal_gains_are_one_flat_gain():
    """34 equal numbers interpolate to the same number in every bin."""
    spread = np.empty(481, np.float32)
    erb.spread_over_bins(np.full(34, 0.3, np.float32), spread)
    assert np.array_equal(spread, np.full(481, 0.3, np.float32))


def test_a_bin_touches_two_neighbouring_bands_at_most():
    """A tone counts in the band below and the band above it, nowhere else."""
    touched = erb.BAND_WEIGHTS > 0
    assert touched.sum(axis=0).max() == 2
    for column in touched.T:
        assert np.ptp(np.flatnonzero(column)) <= 1
