"""Loudness and distortion meters against closed forms, a standard's figures and an independent meter."""

import numpy as np
import pytest
from dynamics_signals import RATE, tone

from bandwise.measure.distortion import (
    ccif_intermodulation,
    harmonic_distortion,
    multitone_distortion,
    programme_distortion,
    smpte_intermodulation,
)
from bandwise.measure.loudness import (
    bass_level_db,
    crest_factor_db,
    integrated_loudness,
    k_weighting,
    true_peak_db,
)
from bandwise.measure.residual import gain_residual


def test_k_weighting_is_the_table_of_the_standard():
    """At 48 kHz the filters equal the coefficients printed in BS.1770-4, tables 1 and 2."""
    table = [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
    np.testing.assert_allclose(k_weighting(48_000), table, atol=1e-8)


@pytest.mark.parametrize("rate", [44_100, 48_000, 96_000])
def test_reference_tone(rate):
    """A 997 Hz sine at 0 dBFS in one channel is -3.01 LUFS, in two channels 0 LUFS (BS.1770-4)."""
    x = tone(997, 3.0, rate=rate)
    assert integrated_loudness(x, rate) == pytest.approx(-3.01, abs=0.02)
    assert integrated_loudness(np.stack([x, x], axis=1), rate) == pytest.approx(0.0, abs=0.02)


def test_gate_leaves_silence_out():
    """Silence beside a tone does not lower its loudness, and nothing but silence has none."""
    x = np.concatenate([tone(1_000, 5.0, -20), np.zeros(20 * RATE)])
    assert integrated_loudness(x, RATE) == pytest.approx(-23.0, abs=0.15)
    assert integrated_loudness(np.zeros(RATE), RATE) == -np.inf


def test_loudness_agrees_with_an_independent_meter():
    """Stereo noise with pauses reads as pyloudnorm reads it, within 0.1 LU."""
    meter = pytest.importorskip("pyloudnorm").Meter(RATE)
    rng = np.random.default_rng(1)
    x = rng.standard_normal((6 * RATE, 2)) * 0.1 * (np.arange(6 * RATE) // RATE % 2 + 0.1)[:, None]
    assert integrated_loudness(x, RATE) == pytest.approx(meter.integrated_loudness(x), abs=0.1)


def test_true_peak_crest_and_bass_of_sines():
    """The quarter-rate sine peaks between its samples, a sine's crest is 3.01 dB, its bass level its RMS."""
    x = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)
    x *= np.hanning(RATE)
    assert 20 * np.log10(np.abs(x).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_db(x, RATE) == pytest.approx(0.0, abs=0.02)
    assert crest_factor_db(tone(1_000)) == pytest.approx(3.01, abs=0.01)
    assert bass_level_db(tone(60, level_db=-6) + tone(500), RATE) == pytest.approx(-9.03, abs=0.05)


def test_polynomials_have_their_distortion():
    """X + a x^2 makes the second harmonic a A / 2 and the products that the identities of sines give."""
    a, level = 0.01, -6.0
    amplitude = 10 ** (level / 20)

    def square(x):
        return x + a * x**2

    thd, thdn = harmonic_distortion(square, 60, level)
    assert thd == pytest.approx(100 * a * amplitude / 2, rel=1e-6)
    assert thdn == pytest.approx(thd, rel=1e-6)
    # 2 a A1 sin times A2 sin: the tone of A2 is modulated by 2 a A1.
    low = amplitude * 0.8
    assert smpte_intermodulation(square, level) == pytest.approx(100 * 2 * a * low, rel=1e-6)
    # A each: the product at 1 kHz is a A^2 over 2 A.
    assert ccif_intermodulation(square, level) == pytest.approx(100 * a * amplitude / 4, rel=1e-6)


def test_a_wire_has_none():
    """Nothing distorts nothing, whatever is measured."""
    assert max(harmonic_distortion(np.copy, 1_000, 0.0)) < 1e-9
    assert max(smpte_intermodulation(np.copy, 0.0), ccif_intermodulation(np.copy, 0.0)) < 1e-9
    assert multitone_distortion(np.copy, 0.0) < 1e-9


def test_clipping_a_multitone_shows():
    """Clipping 6 dB below the peak makes more than 1 % of multitone distortion."""
    assert multitone_distortion(lambda x: np.clip(x, -0.5, 0.5), 0.0) > 1.0


def test_programme_distortion_ignores_gain_and_sees_clipping():
    """A slow gain is no distortion, clipping is; added noise reads as its level against the recording."""
    rng = np.random.default_rng(2)
    x, noise = rng.standard_normal((2, 4 * RATE)) * 0.2
    slow = 1.0 + 0.3 * np.sin(2 * np.pi * 0.5 * np.arange(len(x)) / RATE)
    assert programme_distortion(lambda y: 0.5 * y, x, RATE) < 1e-6
    assert programme_distortion(lambda y: slow * y, x, RATE) < 0.2
    assert programme_distortion(lambda y: np.clip(y, -0.2, 0.2), x, RATE) > 10.0
    assert programme_distortion(lambda y: y + 0.01 * noise, x, RATE) == pytest.approx(1.0, rel=0.1)


def test_gain_residual_ignores_gains_and_sees_what_moves_fast():
    """A gain, one per band or a slow one leaves little; noise its share of the sum; 20 Hz tremolo a lot."""
    rng = np.random.default_rng(3)
    x, noise = rng.standard_normal((2, 4 * RATE)) * 0.2
    seconds = np.arange(len(x)) / RATE
    steps = np.fft.irfft(
        np.fft.rfft(x) * np.where(np.fft.rfftfreq(len(x), 1 / RATE) < 640, 1.0, -0.3), len(x)
    )
    assert gain_residual(-0.5 * x, x, RATE) < 1e-6
    assert gain_residual(steps, x, RATE) < 1.0
    assert gain_residual((1.0 + 0.3 * np.sin(np.pi * seconds)) * x, x, RATE) < 2.0
    assert gain_residual(x + 0.1 * noise, x, RATE) == pytest.approx(100 * 0.1 / np.sqrt(1.01), rel=0.05)
    assert gain_residual((1.0 + 0.3 * np.sin(40 * np.pi * seconds)) * x, x, RATE) > 10.0


def test_meters_leave_the_sound_alone():
    """Measuring does not change what is measured."""
    x = tone(1_000)
    before = x.copy()
    integrated_loudness(x, RATE)
    true_peak_db(x, RATE)
    assert np.array_equal(x, before)
