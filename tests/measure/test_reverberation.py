"""Measures of reverberation on sounds whose decay and modulation are known."""

import numpy as np
import pytest
from scipy.signal import fftconvolve, freqz, iirpeak

from bandwise.measure.reverberation import (
    STEP_S,
    decay_curves_db,
    decay_time_s,
    modulation_energies,
    modulations_within,
    srmr,
    word_ends,
)

RATE = 16_000


def bursts(count=4):
    """Words of 0.4 s of noise every 1.2 s: `(samples, where they end)`."""
    rng = np.random.default_rng(0)
    x = np.zeros(int((count + 0.5) * 1.2 * RATE))
    ends = (np.arange(count) * 1.2 + 0.9) * RATE
    for end in ends.astype(int):
        x[end - int(0.4 * RATE) : end] = rng.standard_normal(int(0.4 * RATE))
    return x, ends.astype(int)


def in_decay(x, rt60_s):
    """X through noise that decays by 60 dB in rt60_s."""
    t = np.arange(int(1.5 * rt60_s * RATE)) / RATE
    response = np.random.default_rng(1).standard_normal(len(t)) * 10 ** (-3 * t / rt60_s)
    return fftconvolve(x, response)[: len(x)]


def test_word_ends_are_found():
    """Each burst ends where it ends, within the 50 ms that a word may take to fade."""
    x, ends = bursts()
    found = word_ends(x, RATE)
    assert len(found) == len(ends)
    assert np.abs(found - ends).max() <= 0.05 * RATE


@pytest.mark.parametrize("rt60_s", [0.3, 0.6, 1.0])
def test_decay_time_is_that_of_the_room(rt60_s):
    """Bursts through an exponential decay: the slope after their ends is the decay's."""
    x, ends = bursts(12)
    curve = np.median(decay_curves_db(in_decay(x, rt60_s), ends, RATE), axis=0)
    assert decay_time_s(curve) == pytest.approx(rt60_s, rel=0.1)


def test_what_never_falls_has_no_decay_time():
    """A steady level is not a long decay."""
    assert np.isnan(decay_time_s(np.zeros(100)))


def test_decay_is_the_line_from_5_to_25_db_below():
    """A bulge that is even about the middle does not tilt the line, nor do a slow start or a floor below."""
    below_db = 0.5 * np.arange(100)
    phase = np.clip((below_db - 5) / 20, 0, 1)
    curve = -np.minimum(below_db, 26.0) + 3 * np.sin(np.pi * phase) ** 2
    curve[1:10] = -0.1
    assert decay_time_s(curve) == pytest.approx(0.6)


def test_curve_starts_at_the_word():
    """Half a second in steps of 5 ms, in dB re the word: silence after it is at the floor."""
    x, ends = bursts()
    curves = decay_curves_db(x, ends, RATE)
    assert curves.shape == (len(ends), round(0.5 / STEP_S))
    assert curves.max() < -80


@pytest.mark.parametrize("hz", [4.0, 22.0])
def test_modulation_is_found_in_its_filter(hz):
    """Noise whose level swings at the centre of a filter has most energy there."""
    t = np.arange(4 * RATE) / RATE
    x = np.random.default_rng(2).standard_normal(len(t)) * (1 + 0.9 * np.sin(2 * np.pi * hz * t))
    energies = modulation_energies(x).sum(axis=0)
    centres = 4.0 * 2.0 ** (np.arange(8) * 5 / 7)
    assert np.argmin(np.abs(np.log(centres / hz))) == np.argmax(energies)


@pytest.mark.parametrize("filters", [6, 7, 8])
def test_a_band_is_modulated_as_fast_as_it_is_wide(filters):
    """A filter counts from about where its pass band begins, at half power."""
    hz = np.linspace(1.0, 200.0, 2_000)
    _, gain = freqz(*iirpeak(4.0 * 2.0 ** ((filters - 1) * 5 / 7), 2.0, fs=1_000), hz, fs=1_000)
    begin_hz = hz[np.argmax(np.abs(gain) ** 2 >= 0.5)]
    assert modulations_within(0.93 * begin_hz) == filters - 1
    assert modulations_within(1.03 * begin_hz) == filters


def test_srmr_falls_with_the_room():
    """The longer the decay, the lower the ratio, at any level and rate."""
    x, _ = bursts(2)
    ratios = [srmr(in_decay(x, rt60_s), RATE) for rt60_s in (0.1, 0.4, 1.0)]
    assert ratios[0] > ratios[1] > ratios[2]
    assert srmr(5 * in_decay(x, 0.4), RATE) == pytest.approx(ratios[1])


def test_silence_has_no_ratio():
    """A suppressor that mutes everything leaves nothing to measure."""
    assert np.isnan(srmr(np.zeros(48_000, np.float32), 48_000))
