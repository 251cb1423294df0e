"""Limits of steady tones: what counts as distortion, and how far the cone goes."""

import numpy as np
import pytest
from numpy.polynomial.chebyshev import Chebyshev

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import DRIVERS
from bandwise.device.loudspeaker import Loudspeaker
from bandwise.lab.limits import harmonic_percent, simulated_limits

RATE = 48_000


def tone(hz, seconds):
    """A full-scale sine."""
    return np.sin(2.0 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("order", range(2, 10))
def test_harmonics_2_to_8_are_the_distortion_of_a_tone(order):
    """A Chebyshev polynomial makes one harmonic of a full-scale sine; the ninth is beyond."""
    x = tone(100, 0.25)
    found = harmonic_percent(x + 0.02 * Chebyshev.basis(order)(x), 100, RATE)
    assert found == pytest.approx(2.0 if order <= 8 else 0.0, abs=1e-6)


def test_excursion_is_limited_to_xmax():
    """A tone at a limit whose reason is excursion moves the cone to x_max, within a step of the search."""
    speaker = Loudspeaker(DRIVERS["nd65-4"], Amplifier(30.0, 30.0))
    limits = simulated_limits(speaker, 1000.0)
    found = [
        speaker.play(10 ** (level_db / 20) * tone(hz, 0.5)).peak_excursion_mm
        for hz, level_db, reason in zip(limits.hz, limits.level_db, limits.reasons, strict=True)
        if reason == "excursion"
    ]
    assert len(found) > 3
    assert found == pytest.approx([speaker.driver.xmax_mm] * len(found), rel=0.06)
