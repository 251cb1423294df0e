"""The Linkwitz-Riley crossover against its closed form, against SciPy and against its own promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from bandwise.bands.crossover import Crossover
from bandwise.bands.gliding import travel_slope
from bandwise.bands.linkwitz_riley import DAMPING
from bandwise.bands.retuning import DELAY_CHANGE, SWING
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


CHANGES = [(300.0, 900.0), (100.0,), (), (60.0, 200.0, 2_000.0, 9_000.0), (5_000.0,)]
FLAT_DB = 10 * np.log10(1 + DELAY_CHANGE)


def moving_gain_db(hz, order, changes, start=(200.0, 2_000.0), part=1.0):
    """Level of a steady tone in the sum at every sample while the cutoffs go through `changes`.

    The crossover is linear, so that the outputs for cosine and sine are the two parts of one turning vector,
    whose length is the gain at that moment. Each change but the last is left after a part of its time.
    """
    crossover = Crossover(start, 48_000, order=order, channels=2)
    made, parts = 0, []

    def play(frames):
        nonlocal made
        phase = 2 * np.pi * hz * np.arange(made, made + frames) / 48_000
        made += frames
        return crossover.process(np.stack([np.cos(phase), np.sin(phase)], axis=1)).sum(axis=0)

    play(48_000)
    for i, new in enumerate(changes):
        crossover.retune(new)
        last = i == len(changes) - 1
        parts.append(play(round(crossover.glide_ms * 48 * (1.0 if last else part)) + 4_800 * last))
    y = np.concatenate(parts)
    return 20 * np.log10(np.hypot(y[:, 0], y[:, 1]))


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize("hz", [20.0, 50.0, 97.0, 500.0, 3_000.0, 10_000.0])
def test_sum_is_flat_at_every_moment(hz, order):
    """Any tone keeps its level within 10 log10(1.01) dB at every sample of glides, also broken off ones."""
    assert np.abs(moving_gain_db(hz, order, CHANGES, part=0.4)).max() < 1.02 * FLAT_DB


@pytest.mark.parametrize("order", [2, 4])
def test_bound_of_moving_sum_is_reached(order):
    """One corner through the whole range brings some tone to the derived bound: it is no loose one."""
    worst = max(
        np.abs(moving_gain_db(hz, order, [(20_000.0,)], (40.0,))).max() for hz in (50.0, 200.0, 1_000.0)
    )
    assert 0.9 * FLAT_DB < worst < 1.02 * FLAT_DB


@pytest.mark.parametrize("order", [2, 4, 8])
def test_swing_is_the_largest_change_of_delay(order):
    """`SWING` bounds what a moving corner does to the delay of any tone up to 0.45 of the sample rate."""
    u = np.geomspace(1e-4, 1e4, 100_001)
    damping = np.asarray(DAMPING[order])[:, None]
    delay = (2 * damping * (1 + u**2) / ((1 - u**2) ** 2 + (damping * u) ** 2)).sum(axis=0)
    swing = np.abs(np.gradient(u * (delay / 2 if order == 2 else delay), u))
    tones = np.tan(np.pi * np.linspace(0.0, 0.45, 1_000))
    worst = max(
        ((1 + tones**2) * np.interp(tones * period, u, swing)).max() / travel_slope(period)
        for period in np.geomspace(1e-3, 1e3, 300)
    )
    assert 0.99 * SWING[order] < max(worst, swing.max()) < SWING[order]


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize("new", CHANGES)
def test_retuning_never_clicks(order, new):
    """While cutoffs move and bands come and go, the sum of a sine steps hardly more than the sine.

    A moving all-pass bends the frequency by the change of its delay, 1 %.
    """
    x = np.sin(2 * np.pi * 97.0 * np.arange(48_000) / 48_000)
    y = retuned(x, order, new)[8_000:]
    assert np.abs(np.diff(y)).max() < 1.02 * np.abs(np.diff(x)).max()


def retuned(x, order, new):
    """The summed bands of x while a 200 Hz / 2 kHz crossover goes to the cutoffs `new` after a quarter."""
    crossover = Crossover([200.0, 2_000.0], 48_000, order=order)
    before = crossover.process(x[: len(x) // 4]).sum(axis=0)
    crossover.retune(new)
    return np.concatenate([before, crossover.process(x[len(x) // 4 :]).sum(axis=0)])[:, 0]


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize("new", CHANGES)
def test_moving_sum_is_lossless(order, new):
    """The sum of the bands keeps the energy of the signal also while cutoffs move: still an all-pass."""
    x = np.random.default_rng(5).standard_normal(96_000)
    x[30_000:] = 0.0
    y = retuned(x, order, new)
    np.testing.assert_allclose(np.square(y).sum(), np.square(x).sum(), rtol=1e-8)


@pytest.mark.parametrize("order", [2, 4, 8])
def test_retuned_bank_becomes_the_new_one(order):
    """After the glide the crossover equals one that was built with the new cutoffs."""
    x = np.random.default_rng(3).standard_normal(48_000)
    crossover = Crossover([200.0, 900.0, 2_000.0], 8_000, order=order)
    crossover.process(x[:800])
    crossover.retune([60.0, 1_200.0])
    got = crossover.process(x[800:])
    want = Crossover([60.0, 1_200.0], 8_000, order=order).process(x)[:, 800:]
    assert got.shape == want.shape
    assert crossover.glide_ms == 0.0
    np.testing.assert_allclose(got[:, -5_000:], want[:, -5_000:], atol=1e-6)


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
    with pytest.raises(BandwiseError, match="2, 4 and 8"):
        Crossover([100.0], 48_000, order=3)
    with pytest.raises(BandwiseError, match="transpose"):
        Crossover([100.0], 48_000, channels=2).process(np.zeros((2, 100)))
