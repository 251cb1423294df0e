"""The crossover while it is moved: flat, lossless, without a click, and at last what it was moved to."""

import numpy as np
import pytest

from bandwise.bands.crossover import Crossover
from bandwise.bands.gliding import travel_slope
from bandwise.bands.linkwitz_riley import DAMPING
from bandwise.bands.retuning import DELAY_CHANGE, SWING

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


@pytest.mark.parametrize("order", [2, 4, 8])
def test_broken_off_glides_stay_close_to_flat(order):
    """Changes at random, mostly before the last is over: where the pace jumps, 0.07 dB is not exceeded."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        hz = float(np.exp(rng.uniform(np.log(30), np.log(400))))
        crossover = Crossover((), 48_000, order=order, channels=2)
        made, worst = 0, 0.0
        for _ in range(14):
            frames = int(rng.integers(48, 6 * 48_000 / hz))
            phase = 2 * np.pi * hz * np.arange(made, made + frames) / 48_000
            y = crossover.process(np.stack([np.cos(phase), np.sin(phase)], axis=1)).sum(axis=0)
            worst = max(worst, np.abs(20 * np.log10(np.hypot(y[:, 0], y[:, 1]))).max())
            made += frames
            cutoffs = np.unique(np.round(np.exp(rng.uniform(np.log(30), np.log(2_000), rng.integers(0, 4)))))
            crossover.retune(cutoffs.tolist())
        assert worst < 0.07
