"""How far the pitch goes: voices that jump over octaves, and sound that is next to none."""

import numpy as np
import pytest
from suppress_signals import noise, periodic, pulses

from bandwise.suppress import pitch as module
from bandwise.suppress.track import pitch_track


@pytest.mark.parametrize("voice", [pulses, periodic])
@pytest.mark.parametrize(("before", "after"), [(640, 96), (96, 640), (760, 100), (100, 760)])
def test_voice_that_jumps_is_followed_within_three_frames(voice, before, after):
    """A change by nearly three octaves at once, as from one speaker to the next, is no glide in between."""
    track = pitch_track(np.concatenate([voice(480 * 40, before), voice(480 * 20, after)]))
    assert np.abs(48_000 / track[20:37] - before).max() <= 1
    assert np.abs(48_000 / track[43:57] - after).max() <= 1


@pytest.mark.parametrize("db", [-60, -80, -100, -120, -140])
def test_correlation_fades_below_100_db(db):
    """A signal that repeats itself has 1 / (1 + s) at its period, s the ratio of -100 dB to its power."""
    low = np.resize(noise(60), module.TRACK_HISTORY).astype(np.float64)
    low *= 10 ** (db / 20) / np.sqrt(np.mean(low[-480:] ** 2))
    correlation = np.empty(module.LAGS, np.float32)
    module.correlate(low.astype(np.float32), correlation)
    assert correlation[60 - module.MIN_LAG] == pytest.approx(1 / (1 + 10 ** (-(100 + db) / 10)), rel=1e-3)
