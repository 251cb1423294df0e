"""The Linkwitz-Riley crossover at rest, against its closed form and against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from bandwise.bands.crossover import Crossover
from bandwise.errors import BandwiseError

HZ = np.geomspace(10.0, 23_900.0, 400)
FIVE = (120.0, 400.0, 1_500.0, 5_000.0)


def measured(crossover, frames=1 << 16):
    """(bands, HZ) response of each band, from an impulse."""
    impulse = np.zeros(frames)
    impulse[0] = 1.0
    bands = crossover.split(impulse)[:, :, 0]
    steps = np.exp(-2j * np.pi * np.outer(np.arange(frames), HZ[::8]) / crossover.sample_rate)
    return bands @ steps


def scipy_split(x, hz, order, rate):
    """(low, high, allpass) of one split from SciPy's Butterworth filters."""
    low = signal.butter(order // 2, hz, "low", fs=rate, output="sos")
    high = signal.butter(order // 2, hz, "high", fs=rate, output="sos")
    low_out = signal.sosfilt(low, signal.sosfilt(low, x))
    high_out = signal.sosfilt(high, signal.sosfilt(high, x)) * (-1 if order == 2 else 1)
    return low_out, high_out


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize("cutoffs", [(), (200.0,), (200.0, 2_000.0), FIVE])
def test_bands_equal_closed_form(order, cutoffs):
    """An impulse through the kernel has the response that `response` states, in magnitude and phase."""
    crossover = Crossover(cutoffs, 48_000, order=order)
    np.testing.assert_allclose(measured(crossover), crossover.response(HZ[::8]), atol=1e-9)


@pytest.mark.parametrize("order", [2, 4, 8])
def test_bands_equal_scipy(order):
    """The cascade equals one made of SciPy's Butterworth filters, all-passes as the sum of two branches."""
    x = np.random.default_rng(1).standard_normal(4_000)
    bands = [x]
    for hz in FIVE:
        low, high = scipy_split(bands.pop(), hz, order, 48_000)
        bands = [sum(scipy_split(band, hz, order, 48_000)) for band in bands] + [low, high]
    np.testing.assert_allclose(Crossover(FIVE, 48_000, order=order).split(x)[:, :, 0], bands, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([2, 4, 8]),
    st.sampled_from([8_000, 44_100, 48_000, 192_000]),
    st.lists(st.floats(10.0, 3_900.0), min_size=1, max_size=15, unique=True),
)
def test_sum_is_flat_at_any_cutoffs(order, rate, cutoffs):
    """The sum of all bands is flat within 0.001 dB from 10 Hz to Nyquist and is the stated all-pass."""
    crossover = Crossover(sorted(cutoffs), rate, order=order)
    hz = np.geomspace(10.0, 0.499 * rate, 200)
    assert np.abs(20 * np.log10(np.abs(crossover.sum_response(hz)))).max() < 1e-3
    impulse = np.zeros(256)
    impulse[0] = 1.0
    total = crossover.split(impulse).sum(axis=0)[:, 0]
    expected = impulse
    for corner in sorted(cutoffs):
        expected = sum(scipy_split(expected, corner, order, rate))
    np.testing.assert_allclose(total, expected, atol=1e-8)


@pytest.mark.parametrize("order", [2, 4, 8])
def test_measured_sum_is_flat(order):
    """The kernel's own sum, five bands, ripples less than 0.001 dB."""
    level = 20 * np.log10(np.abs(measured(Crossover(FIVE, 48_000, order=order)).sum(axis=0)))
    assert np.abs(level).max() < 1e-3


def test_exact_at_20_hz_and_192_khz():
    """A 20 Hz split at 192 kHz keeps its closed form: double-precision states do not wear out."""
    crossover = Crossover([20.0], 192_000)
    frames = 1 << 18
    impulse = np.zeros(frames)
    impulse[0] = 1.0
    hz = np.array([20.0, 40.0, 1_000.0])
    steps = np.exp(-2j * np.pi * np.outer(np.arange(frames), hz) / 192_000)
    np.testing.assert_allclose(crossover.split(impulse)[:, :, 0] @ steps, crossover.response(hz), atol=1e-8)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("block", [1, 17, 128, 480, 4_799])
def test_any_blocks_give_the_same_bits(block, channels):
    """Blocks of any length give what one block gives, also across a change of the bands."""
    x = np.random.default_rng(2).standard_normal((9_000, channels))
    x[2_000:5_000] = 0.0

    def run(step):
        crossover = Crossover([200.0, 2_000.0], 8_000, channels=channels)
        parts = [crossover.process(x[i : min(i + step, 1_000)]).sum(0) for i in range(0, 1_000, step)]
        crossover.retune([200.0])
        parts += [crossover.process(x[i : i + step]).sum(0) for i in range(1_000, 9_000, step)]
        assert crossover.glide_ms == 0.0  # the change is in the test from its start to its end
        return np.concatenate(parts)

    assert np.array_equal(run(block), run(9_000))


def test_silence_falls_to_exact_zero():
    """After a signal the states reach zero instead of denormal numbers."""
    crossover = Crossover([20.0, 200.0], 8_000)
    crossover.process(np.random.default_rng(4).standard_normal(800))
    assert not crossover.process(np.zeros(24_000))[:, -800:].any()


@pytest.mark.parametrize(
    ("cutoffs", "word"),
    [([300.0, 200.0], "sort"), ([24_000.0], "higher sample rate"), ([0.0], "0 Hz"), (range(1, 17), "16")],
)
def test_impossible_cutoffs_are_refused(cutoffs, word):
    """Cutoffs that cannot be built name the value, the range and the remedy."""
    with pytest.raises(BandwiseError, match=word):
        Crossover(list(cutoffs), 48_000)


def test_wrong_order_and_shape_are_refused():
    """An unknown order and a block of another layout raise, they are never guessed."""
    for order in (3, "4", [4], None, np.nan):
        with pytest.raises(BandwiseError, match="2, 4 and 8"):
            Crossover([100.0], 48_000, order=order)
    assert Crossover([100.0], 48_000, order=np.array(8)).order == 8
    with pytest.raises(BandwiseError, match="transpose"):
        Crossover([100.0], 48_000, channels=2).process(np.zeros((2, 100)))


def test_a_sample_that_is_no_number_is_silence():
    """With a warning; what comes after is split as if it had been zero."""
    x = np.random.default_rng(0).standard_normal(4_800)
    damaged, silent = x.copy(), x.copy()
    damaged[[100, 200]], silent[[100, 200]] = (np.nan, np.inf), 0.0
    with pytest.warns(UserWarning, match="treated as silence"):
        split = Crossover([200, 2_000], 48_000).process(damaged)
    np.testing.assert_array_equal(split, Crossover([200, 2_000], 48_000).process(silent))


@pytest.mark.parametrize("way", ["split", "process"])
def test_the_warning_of_bad_samples_names_the_callers_line(way):
    """Also where a whole signal is split by a crossover of its own."""
    with pytest.warns(UserWarning, match="NaN") as told:
        getattr(Crossover([200.0], 48_000), way)(np.full(480, np.nan))
    assert told[0].filename == __file__


def test_whole_numbers_have_their_full_scale_at_1():
    """Samples of 16 bits are split as the same sound in floats."""
    x = np.random.default_rng(0).integers(-(2**15), 2**15, 4_800).astype(np.int16)
    crossover = Crossover([200, 2_000], 48_000)
    np.testing.assert_array_equal(crossover.split(x), crossover.split(x / 2**15))


@pytest.mark.parametrize("settings", [{"sample_rate": 0}, {"sample_rate": -1.0}, {"channels": 1.5}])
def test_impossible_rates_and_channels_are_refused(settings):
    """Also where there is no cutoff to compare with."""
    with pytest.raises(BandwiseError):
        Crossover([], **{"sample_rate": 48_000, **settings})


def test_cutoffs_may_come_one_by_one():
    """From a generator as from a list; what is no list of numbers is told."""
    assert Crossover((float(hz) for hz in (100, 1_000)), 48_000).cutoffs_hz == (100.0, 1_000.0)
    for wrong in (100.0, np.array(100.0), "200", None):
        with pytest.raises(BandwiseError, match=r"write \[200, 2000\]"):
            Crossover(wrong, 48_000)


def test_a_sample_beyond_all_sound_is_silence():
    """As in every processor: 300 dB above full scale is damage."""
    x = np.zeros(480)
    x[100] = 1e308
    with pytest.warns(UserWarning, match="far too loud"):
        assert not Crossover([200.0], 48_000).process(x).any()
