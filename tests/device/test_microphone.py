"""The microphone: what full scale is, and how much it hears in silence."""

import numpy as np
import pytest
from device_signals import tone

from bandwise.device.microphone import Microphone


@pytest.mark.parametrize(("db_spl", "peak"), [(80.0, 0.01), (100.0, 0.1), (114.0, 0.501), (120.0, 1.0)])
def test_a_sine_of_120_db_spl_is_full_scale(db_spl, peak):
    """RMS of 20 Pa, that is 28.3 Pa at its peaks, is a sample of 1; softer ones are in proportion."""
    rms_pa = 20.0 * 10 ** ((db_spl - 120) / 20)
    heard = Microphone(noise_db_spl=-60.0).hear(np.sqrt(2) * rms_pa * tone(997), np.random.default_rng(0))
    assert np.abs(heard).max() == pytest.approx(peak, rel=2e-3)
    assert np.std(heard) == pytest.approx(peak / np.sqrt(2), rel=2e-3)


def test_silence_sounds_like_33_db_spl():
    """Its own noise has the RMS of that pressure, 20 uPa being 0 dB."""
    heard = Microphone().hear(np.zeros(200_000), np.random.default_rng(0))
    rms_pa = 20.0 * np.sqrt(2) * np.std(heard)
    assert 20 * np.log10(rms_pa / 20e-6) == pytest.approx(33.0, abs=0.1)


def test_nothing_is_beyond_full_scale():
    """Ten decibels too much are cut."""
    heard = Microphone().hear(28.3 * 10**0.5 * tone(997), np.random.default_rng(0))
    assert (heard.min(), heard.max()) == (-1.0, 1.0)
