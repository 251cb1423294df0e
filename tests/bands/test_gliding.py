"""Corners on the move cover the way that was derived, at an even pace."""

import numpy as np
import pytest

from bandwise.bands.bank import make_bank
from bandwise.bands.gliding import advance_glide
from bandwise.bands.retuning import start_glide, travel

START_HZ, END_HZ = 200.0, 12_000.0


def period_of(hz):
    """1 / tan(pi f / f_s) at 48 kHz."""
    return 1 / np.tan(np.pi * np.asarray(hz) / 48_000)


def glided(pace, samples):
    """The period of one split after so many samples of a glide that is not over yet."""
    bank = make_bank(period_of([START_HZ]), 4, 1)
    bank.target[:], bank.pace[:], bank.gliding[:] = period_of(END_HZ), pace, samples + 1
    for _ in range(samples):
        advance_glide(bank)
    return bank.period[0]


def error_of(steps):
    """Relative error of the period half way to the end, reached in so many steps."""
    way = 0.5 * (travel(period_of(END_HZ)) - travel(period_of(START_HZ)))
    low, high = period_of(END_HZ), period_of(START_HZ)
    for _ in range(60):  # the way grows with the period, so that halving finds where it is half covered
        middle = 0.5 * (low + high)
        beyond = travel(middle) > travel(period_of(START_HZ)) + way
        low, high = (low, middle) if beyond else (middle, high)
    return abs(glided(way / steps, steps) / low - 1)


def test_steps_of_half_the_size_err_a_quarter():
    """The pace is integrated to second order."""
    errors = np.array([error_of(steps) for steps in (1_000, 2_000, 4_000, 8_000)])
    assert errors[1:] / errors[:-1] == pytest.approx(0.25, rel=0.1)


@pytest.mark.parametrize("order", [2, 4, 8])
@pytest.mark.parametrize(("start", "end"), [(200.0, 12_000.0), (12_000.0, 200.0), (60.0, 5_000.0)])
def test_corner_is_where_the_even_pace_brings_it(start, end, order):
    """At every moment of a real glide the way covered is that share of the whole, to a millionth."""
    bank = make_bank(period_of([start]), order, 1)
    start_glide(bank, [end], 48_000, order)
    samples, ways = int(bank.gliding[0]), []
    while bank.gliding[0] > 0:
        advance_glide(bank)
        ways.append(float(travel(bank.period[0])))
    whole = travel(period_of(end)) - travel(period_of(start))
    shares = (np.array(ways) - travel(period_of(start))) / whole
    assert shares == pytest.approx(np.arange(1, samples + 1) / samples, abs=1e-6)
