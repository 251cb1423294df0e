"""Measures of quality against what is known about them in closed form."""

import numpy as np
import pytest

from bandwise.measure import quality
from bandwise.measure.voices import SAMPLE_RATE


def noise_orthogonal_to(x, snr_db, rng):
    """Zero-mean noise without any part along x, `snr_db` below it."""
    noise = rng.standard_normal(len(x))
    noise -= noise.mean()
    centred = x - x.mean()
    noise -= (noise @ centred) / (centred @ centred) * centred
    return noise * np.linalg.norm(centred) / np.linalg.norm(noise) * 10 ** (-snr_db / 20)


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 7.5, 30.0])
def test_si_sdr_of_orthogonal_noise_is_its_snr(snr_db, voice):
    """Noise without any part along the speech, x dB below it, gives x dB."""
    x = voice.astype(np.float64)
    noisy = 0.3 * (x + noise_orthogonal_to(x, snr_db, np.random.default_rng(0)))
    assert quality.si_sdr_db(x, noisy) == pytest.approx(snr_db, abs=1e-4)


@pytest.mark.parametrize("scale", [1.0, -0.5, 1e-3])
def test_si_sdr_of_scaled_copy_is_infinite(scale, voice):
    """A scaled copy, inverted or not, with an offset or not, is no distortion."""
    assert quality.si_sdr_db(voice, scale * (voice.astype(np.float64) + 0.1)) == np.inf


def test_si_sdr_of_silence_is_minus_infinite_and_without_reference_undefined(voice):
    """Silence keeps nothing of the speech; a silent reference defines nothing."""
    silence = np.zeros_like(voice)
    assert quality.si_sdr_db(voice, silence) == -np.inf
    assert np.isnan(quality.si_sdr_db(silence, voice))


def test_pesq_of_identity_is_its_highest_score(voice):
    """P.862.2 maps a raw score of 4.5 to 4.644."""
    pytest.importorskip("pesq")
    assert quality.pesq_wb(voice, voice, SAMPLE_RATE) == pytest.approx(4.644, abs=1e-3)


def test_pesq_of_silence_is_its_lowest_score(voice):
    """A system that mutes everything is not left out of the mean; without a reference there is no score."""
    pytest.importorskip("pesq")
    silence = np.zeros_like(voice)
    assert quality.pesq_wb(voice, silence, SAMPLE_RATE) == quality.LOWEST_PESQ
    assert np.isnan(quality.pesq_wb(silence, silence, SAMPLE_RATE))


def test_si_sdr_of_nan_is_undefined(voice):
    """A broken system never looks perfect."""
    assert np.isnan(quality.si_sdr_db(voice, np.full_like(voice, np.nan)))


def test_stoi_and_estoi_of_identity_are_one(voice):
    """Perfect intelligibility is 1 by definition."""
    pytest.importorskip("pystoi")
    assert quality.stoi(voice, voice, SAMPLE_RATE) == pytest.approx(1, abs=1e-6)
    assert quality.estoi(voice, voice, SAMPLE_RATE) == pytest.approx(1, abs=1e-6)


def test_estoi_minds_modulated_noise_more_than_stoi(voice):
    """What the extended form is for (Jensen and Taal 2016): noise that comes and goes lowers it further."""
    pytest.importorskip("pystoi")
    noise = np.random.default_rng(1).standard_normal(len(voice)) * np.std(voice)
    gated = voice + noise * (np.arange(len(voice)) // 4800 % 2)
    assert quality.estoi(voice, gated, SAMPLE_RATE) < quality.stoi(voice, gated, SAMPLE_RATE) - 0.05


@pytest.mark.parametrize("metric", [m for m in quality.METRICS if m.installed], ids=lambda m: m.key)
def test_more_noise_is_worse_by_every_measure(metric, voice):
    """Every measure ranks 20 dB of SNR above 0 dB."""
    noise = np.random.default_rng(1).standard_normal(len(voice)).astype(np.float32) * np.sqrt(
        np.mean(voice**2)
    )
    little, much = (metric.measure(voice, voice + scale * noise, SAMPLE_RATE) for scale in (0.1, 1.0))
    assert (little > much) == metric.rises


@pytest.mark.parametrize("gain_db", [-6.0, 3.0])
def test_spectral_distance_of_a_gain_is_the_gain(gain_db):
    """White noise, made louder or softer everywhere, differs by exactly that many decibels."""
    x = np.random.default_rng(2).standard_normal(48_000)
    assert quality.high_band_distance_db(x, x * 10 ** (gain_db / 20), SAMPLE_RATE) == pytest.approx(
        abs(gain_db), abs=1e-3
    )


def test_spectral_distance_ignores_what_happens_below_8_khz():
    """A tone of 3 kHz added to noise does not count."""
    x = np.random.default_rng(2).standard_normal(48_000)
    tone = np.sin(2 * np.pi * 3000 * np.arange(48_000) / SAMPLE_RATE)
    assert quality.high_band_distance_db(x, x + tone, SAMPLE_RATE) < 0.01


def test_spectral_distance_without_a_high_band_is_undefined():
    """Speech that ends at 8 kHz, whatever its sample rate, has no high band to compare."""
    t = np.arange(48_000) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * 440 * t)
    assert np.isnan(quality.high_band_distance_db(tone, tone, SAMPLE_RATE))
    assert np.isnan(quality.high_band_distance_db(tone, tone, 16_000))


def test_spectral_distance_of_silence_is_that_to_the_floor():
    """Bins of noise are exponential: 2.51 dB below their mean, 5.57 dB apart, 40 dB above the floor."""
    x = np.random.default_rng(2).standard_normal(96_000)
    expected = np.hypot(40 - 2.507, 5.570)
    assert quality.high_band_distance_db(x, np.zeros(96_000), SAMPLE_RATE) == pytest.approx(expected, abs=0.2)


def test_spectral_distance_ends_where_the_clean_recording_ends():
    """What appears above a recording that ends at 12 kHz is not compared, however loud."""
    noise = np.fft.rfft(np.random.default_rng(2).standard_normal(96_000))
    hz = np.fft.rfftfreq(96_000, 1 / SAMPLE_RATE)
    clean, above = (np.fft.irfft(np.where(part, noise, 0.0)) for part in (hz < 12_000, hz > 13_000))
    assert quality.high_band_distance_db(clean, clean + above, SAMPLE_RATE) < 0.01


def test_stoi_of_next_to_no_speech_is_undefined(voice):
    """It needs 30 frames of speech; silence has none, and a quarter of a second has not enough."""
    pytest.importorskip("pystoi")
    short = voice[:12_000]
    assert np.isnan(quality.stoi(short, short, 48_000))
    assert np.isnan(quality.stoi(np.zeros(96_000, np.float32), voice[:96_000], 48_000))
