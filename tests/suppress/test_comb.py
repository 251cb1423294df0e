"""The comb filter is the weighted mean over periods that it claims, and never looks too far ahead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suppress_signals import noise, periodic

from bandwise.suppress import comb as module
from bandwise.suppress.analysis import FRAME_START, HISTORY_SAMPLES
from bandwise.suppress.pitch import MAX_PERIOD, MIN_PERIOD

LOOKAHEAD = 960
PERIODS = [96, 160, 192, 193, 240, 320, 321, 480, 481, 767, 768]
any_period = st.integers(MIN_PERIOD, MAX_PERIOD)


def combed(history, period):
    """The frame of `history`, comb-filtered."""
    out = np.full(960, np.nan, np.float32)
    module.comb(history, FRAME_START, period, out)
    return out


def weights(period):
    """(k, w_k): Hann without its zero ends over -5..5, cut to the look-ahead, scaled to sum to one."""
    k = np.arange(-min(5, LOOKAHEAD // period), 6)
    hann = np.hanning(13)[1:-1][k + 5]
    return k, hann / hann.sum()


@pytest.mark.parametrize(("period", "future"), [(96, 5), (192, 5), (193, 4), (240, 4), (241, 3), (480, 2)])
def test_future_taps_are_those_that_fit(period, future):
    """The periods of all taps fit into 960 samples; no more than five are wanted."""
    assert module.future_taps(period) == future


def test_full_window_sums_to_one():
    """(1 + cos(2 pi k / 12)) / 12 over k = -5..5 is a Hann window of unit sum."""
    assert module.TAPS.sum() == pytest.approx(1, abs=1e-6)
    assert np.allclose(module.TAPS, np.hanning(13)[1:-1] / 6, atol=1e-7)


@pytest.mark.parametrize("period", PERIODS)
def test_comb_is_the_sum_over_periods(period):
    """p(n) = sum_k w_k y(n - k T), written with NumPy slices in double precision."""
    history = noise(HISTORY_SAMPLES, seed=period)
    frame = np.arange(FRAME_START, FRAME_START + 960)
    expected = sum(
        w * history[frame - k * period].astype(float) for k, w in zip(*weights(period), strict=True)
    )
    assert np.allclose(combed(history, period), expected, atol=1e-7)


@settings(max_examples=40, deadline=None)
@given(period=any_period)
def test_constant_passes(period):
    """Weights sum to one after every truncation."""
    assert np.allclose(combed(np.ones(HISTORY_SAMPLES, np.float32), period), 1, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(period=any_period)
def test_signal_of_that_period_passes(period):
    """Whatever repeats itself every period comes out unchanged."""
    history = periodic(HISTORY_SAMPLES, period, seed=period)
    frame = history[FRAME_START : FRAME_START + 960]
    assert np.allclose(combed(history, period), frame, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(period=any_period)
def test_nothing_beyond_the_look_ahead_is_heard(period):
    """Samples after the look-ahead, and those more than five periods back, may be anything."""
    reach = module.future_taps(period) * period
    assert reach <= LOOKAHEAD
    history = noise(HISTORY_SAMPLES + 500)
    changed = history.copy()
    changed[FRAME_START + 960 + reach :] = np.nan
    changed[: FRAME_START - 5 * period] = np.nan
    assert np.array_equal(combed(changed, period), combed(history, period))


def test_noise_left_has_the_closed_form():
    """-9.03 dB with all eleven taps; the sum of squares of what is left otherwise."""
    assert module.noise_left(192) == pytest.approx(0.125, abs=1e-6)
    for period in PERIODS:
        assert module.noise_left(period) == pytest.approx(np.sum(weights(period)[1] ** 2), abs=1e-6)


@pytest.mark.parametrize("period", [97, 190, 333, 701])
def test_white_noise_is_lowered_by_noise_left(period):
    """Measured over many frames of noise that does not repeat itself."""
    x = noise(HISTORY_SAMPLES + 960 * 300, seed=1)
    pieces = [combed(x[960 * i : 960 * i + HISTORY_SAMPLES], period) for i in range(300)]
    left = np.mean(np.square(pieces, dtype=np.float64)) / np.mean(np.square(x, dtype=np.float64))
    assert left == pytest.approx(module.noise_left(period), rel=0.05)


def test_longer_periods_leave_more_noise():
    """Fewer future taps fit, so the mean is over fewer periods."""
    left = [module.noise_left(period) for period in range(MIN_PERIOD, MAX_PERIOD + 1)]
    assert np.diff(left).min() >= 0
    assert left[-1] > left[0]
