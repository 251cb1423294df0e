"""Confidence intervals against SciPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bandwise.measure.intervals import mean_of, percentile_interval, redrawn, t_quantile, wilson_interval

stats = pytest.importorskip("scipy.stats")


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 7, 15, 59, 100, 1001])
@pytest.mark.parametrize("share", [0.5, 0.9, 0.95, 0.99])
def test_t_quantile_matches_scipy(degrees, share):
    """Odd and even degrees of freedom, near and far from the middle."""
    assert t_quantile(degrees, share) == pytest.approx(stats.t.ppf((1 + share) / 2, degrees), rel=1e-8)


@given(st.lists(st.floats(-50, 50), min_size=2, max_size=30))
def test_interval_matches_scipy(values):
    """Mean and half width are those of scipy.stats.t.interval."""
    mean = mean_of(values)
    assert mean.value == pytest.approx(np.mean(values), abs=1e-9)
    low, high = stats.t.interval(0.95, len(values) - 1, loc=0, scale=max(stats.sem(values), 1e-300))
    assert mean.half_width == pytest.approx((high - low) / 2, rel=1e-6, abs=1e-12)


def test_interval_holds_the_truth_as_often_as_it_says():
    """Of 2000 samples of 8, 95 % hold the true mean; 3 standard errors of that share are 1.5 %."""
    rng = np.random.default_rng(0)
    hits = [abs(m.value) <= m.half_width for m in (mean_of(rng.standard_normal(8)) for _ in range(2000))]
    assert np.mean(hits) == pytest.approx(0.95, abs=0.015)


def test_undefined_values_are_left_out():
    """NaN and infinity do not count; one value has no interval, none has no mean."""
    assert mean_of([1.0, np.nan, 3.0, np.inf]).count == 2
    assert np.isnan(mean_of([2.0]).half_width)
    assert np.isnan(mean_of([np.nan]).value)


def test_wilson_interval_holds_the_share():
    """Against the textbook: 0 of 10 is 0 to 27.8 %, 5 of 10 is 23.7 to 76.3 %."""
    assert wilson_interval(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-3)
    assert wilson_interval(5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-3)
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_a_bootstrap_agrees_with_scipy():
    """The interval of a mean, by percentiles of means of what was drawn again."""
    values = np.random.default_rng(0).exponential(1.0, 200)
    ours = percentile_interval(values[redrawn(len(values), 4_000, seed=1)].mean(axis=1))
    theirs = stats.bootstrap((values,), np.mean, method="percentile", n_resamples=4_000)
    assert ours == pytest.approx(theirs.confidence_interval, abs=0.02)
