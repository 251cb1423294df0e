"""Active speech level on signals whose level is known."""

import numpy as np
import pytest
from scipy.signal import lfilter

from bandwise.measure.levels import active_speech, mean_square_db


def bursts(on_s, off_s, repeats, rate=48_000):
    """White noise of unit power that is on and off by turns, starting with a pause."""
    rng = np.random.default_rng(0)
    gate = np.tile(np.r_[np.zeros(round(off_s * rate)), np.ones(round(on_s * rate))], repeats)
    return gate * rng.standard_normal(len(gate))


def test_steady_noise_is_active_all_the_time():
    """Without pauses, the active level is the mean square."""
    x = bursts(10.0, 0.0, 1)
    level_db, activity = active_speech(x, 48_000)
    assert level_db == pytest.approx(mean_square_db(x), abs=0.1)
    assert activity == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("pause_s", [1.0, 4.0, 8.0])
def test_pauses_do_not_lower_the_active_level(pause_s):
    """Bursts of 2 s stand at their own level whatever is between them; only the 0.2 s of hangover count."""
    level_db, activity = active_speech(bursts(2.0, pause_s, 4), 48_000)
    assert level_db == pytest.approx(-10 * np.log10(1.1), abs=0.4)
    assert activity == pytest.approx(2.2 / (2.0 + pause_s), rel=0.1)


@pytest.mark.parametrize("gain_db", [-40.0, -13.0, 6.0])
def test_level_follows_gain(gain_db, voice):
    """A voice x dB louder has an active level x dB higher and the same activity."""
    level_db, activity = active_speech(voice, 48_000)
    louder_db, same = active_speech(voice * 10 ** (gain_db / 20), 48_000)
    assert louder_db - level_db == pytest.approx(gain_db, abs=1e-3)
    assert same == pytest.approx(activity, abs=1e-3)


def test_silence_has_no_activity():
    """Digital silence is at the bottom of the scale."""
    assert active_speech(np.zeros(48_000), 48_000) == (-120.0, 0.0)


def active_level_db(x, rate):
    """P.56 at every sample: where the level over the active time stands 15.9 dB above the threshold."""
    g = np.exp(-1 / (0.03 * rate))
    envelope = lfilter([1 - g], [1, -g], lfilter([1 - g], [1, -g], np.abs(x)))
    index = np.arange(len(x))

    def level_db(threshold_db):
        above = envelope >= 10 ** (threshold_db / 20)
        last = np.maximum.accumulate(np.where(above, index, -len(x)))
        return 10 * np.log10(np.sum(np.square(x)) / np.sum(index - last <= 0.2 * rate))

    low, high = mean_square_db(x) - 60, 20 * np.log10(envelope.max())
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (middle, high) if level_db(middle) - middle > 15.9 else (low, middle)
    return level_db(low)


@pytest.mark.parametrize("rate", [16_000, 48_000])
def test_levels_are_those_of_the_recommendation(rate, voice):
    """Swells, words that die within 30 ms and a voice read as P.56, method B, reads them at every sample."""
    time = np.arange(8 * rate) / rate
    noise = np.random.default_rng(1).standard_normal(8 * rate)
    swells, dying = np.sin(0.7 * np.pi * time) ** 40 * noise, np.exp(-(time % 1) / 0.03) * noise
    for x in (swells, dying, voice[:: 48_000 // rate].astype(np.float64)):
        assert active_speech(x, rate)[0] == pytest.approx(active_level_db(x, rate), abs=0.05)
