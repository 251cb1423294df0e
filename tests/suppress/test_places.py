"""What the deep filter sees: phase steps that mean something, and bins that places find where they are."""

import numpy as np
import pytest

from bandwise.suppress.places import BELOW, BINS_PER_PLACE, PLACES, SOUND, describe_bins, lay_out
from bandwise.suppress.stft import HOP_SAMPLES, WINDOW_SAMPLES, analyse


def described(x):
    """Values [100, 5] of the second of two frames that start 480 samples apart."""
    before, now = (analyse(x[at : at + WINDOW_SAMPLES].astype(np.float32)) for at in (0, HOP_SAMPLES))
    values = np.empty((100, 5), np.float32)
    describe_bins(now, before, values)
    return values


@pytest.mark.parametrize("bin_number", [4, 21, 76])
def test_tone_in_the_middle_of_a_bin_steps_by_one_in_time(bin_number):
    """Whatever its phase, cos(2 pi k n / 960) turns by k half circles a hop, which are taken out."""
    n = np.arange(WINDOW_SAMPLES + HOP_SAMPLES)
    values = described(0.1 * np.cos(2 * np.pi * bin_number * n / WINDOW_SAMPLES + 0.7))
    assert values[bin_number, 1:3] == pytest.approx([1, 0], abs=1e-4)


def test_tone_between_bins_steps_by_its_distance():
    """A tone a quarter of a bin above the middle is a quarter of a half circle further after a hop."""
    n = np.arange(WINDOW_SAMPLES + HOP_SAMPLES)
    values = described(0.1 * np.cos(2 * np.pi * 30.25 * n / WINDOW_SAMPLES))
    assert values[30, 1:3] == pytest.approx([np.cos(np.pi / 4), np.sin(np.pi / 4)], abs=1e-2)


def test_click_in_the_middle_of_the_window_steps_by_one_over_frequency():
    """Its spectrum is (-1)^k, and the sign is taken out."""
    x = np.zeros(WINDOW_SAMPLES + HOP_SAMPLES)
    x[HOP_SAMPLES + WINDOW_SAMPLES // 2] = 0.5
    values = described(x)
    assert values[1:, 3] == pytest.approx(1, abs=1e-4)
    assert values[1:, 4] == pytest.approx(0, abs=1e-4)


def test_louder_is_only_a_level():
    """Twenty decibels more are 1 more in every level, and change no phase step."""
    x = 0.01 * np.random.default_rng(0).standard_normal(WINDOW_SAMPLES + HOP_SAMPLES)
    quiet, loud = described(x), described(10 * x)
    assert loud[:, 0] - quiet[:, 0] == pytest.approx(1, abs=1e-3)
    assert np.abs(loud[:, 1:] - quiet[:, 1:]).max() < 1e-3


def test_silence_has_no_phase():
    """Zeros give steps of zero, and the least level there is."""
    values = described(np.zeros(WINDOW_SAMPLES + HOP_SAMPLES))
    assert not values[:, 1:].any()
    assert values[:, 0] == pytest.approx(-3, abs=1e-3)


def test_places_find_their_bins():
    """Place p sees bins 4 p - 2 to 4 p + 5 of three frames, and zeros beyond both ends."""
    bins, frames = np.arange(100), np.arange(3)
    values = np.zeros((3, 100, 5), np.float32)
    values[..., 0] = 1 + bins + 1000 * frames[:, None]
    sound = np.empty((PLACES, SOUND), np.float32)
    lay_out(values, sound)
    for place, seen in enumerate(sound.reshape(PLACES, 3, 8, 5)):
        k = BINS_PER_PLACE * place - BELOW + np.arange(8)
        inside = (k >= 0) & (k < 100)
        assert np.array_equal(seen[..., 0], np.where(inside, 1 + k + 1000 * frames[:, None], 0))
        assert not seen[..., 1:].any()
