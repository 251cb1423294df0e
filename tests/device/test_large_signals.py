"""What large signals meet in a loudspeaker: a force that falls, a spring that stiffens, the rail, x_max."""

from dataclasses import replace

import numpy as np
import pytest
import small_signal
from device_signals import tone

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import AIR_STIFFNESS_PA, DRIVERS
from bandwise.device.loudspeaker import Loudspeaker
from bandwise.device.motion import STATES, I, V, X, derivative, make_motion

CENTRED = replace(DRIVERS["nd65-4"], asymmetry=0.0)
X_MAX_M = 1e-3 * CENTRED.xmax_mm


def force_n(x_m, current_a):
    """Force on the cone that stands at x while this current flows."""
    motion = make_motion(CENTRED, Amplifier(), 96_000.0)
    state = np.zeros(STATES)
    state[[I, X]] = current_a, x_m
    slope = derivative(tuple(state), 0.0, motion.parameters, motion.supply)
    return 1e-3 * CENTRED.mms_g * slope[V]


@pytest.mark.parametrize("side", [-1, 1])
def test_the_coil_pulls_82_percent_at_xmax(side):
    """IEC 62458: x_max is where Bl has fallen to 82 % of what it is at rest."""
    at_rest, at_xmax = (force_n(x, 1.0) - force_n(x, 0.0) for x in (0.0, side * X_MAX_M))
    assert at_rest == pytest.approx(CENTRED.bl_tm)
    assert at_xmax == pytest.approx(0.82 * CENTRED.bl_tm)


@pytest.mark.parametrize("side", [-1, 1])
def test_the_suspension_yields_75_percent_at_xmax(side):
    """The force back, less that of the air in the box, is that of a compliance fallen to 75 %."""
    air = AIR_STIFFNESS_PA * (1e-4 * CENTRED.sd_cm2) ** 2 / (1e-3 * CENTRED.box.volume_l)
    stiffness = -force_n(side * X_MAX_M, 0.0) / (side * X_MAX_M) - air
    assert stiffness == pytest.approx(1e3 / (0.75 * CENTRED.cms_mm_per_n))


@pytest.mark.parametrize("over", [1.05, 2.0])
def test_a_sine_over_the_rail_is_clipped_as_long_as_it_is_over_it(over):
    """A sine of amplitude a is above r for (2 / pi) acos(r / a) of the time."""
    played = Loudspeaker(CENTRED, Amplifier(rail_v=5.0, gain_v=5.0)).play(tone(200, over))
    assert played.clipped_share == pytest.approx(2 / np.pi * np.arccos(1 / over), abs=0.005)


@pytest.mark.parametrize("over", [1.05, 1.5, 3.0])
def test_a_cone_is_beyond_xmax_as_long_as_it_is_beyond_it(over):
    """A linear cone swings by a sine of its closed form: beyond x_max for (2 / pi) acos(x_max / X)."""
    metres_per_volt = abs(small_signal.speed(CENTRED, 100)) / (2 * np.pi * 100)
    volts = over * X_MAX_M / metres_per_volt
    twin = Loudspeaker(CENTRED, Amplifier(gain_v=1.0)).linear()
    played = twin.play(tone(100, volts, 4.0))
    assert played.beyond_xmax_share == pytest.approx(2 / np.pi * np.arccos(1 / over), abs=0.01)
