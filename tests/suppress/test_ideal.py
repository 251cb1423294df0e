"""Ideal outputs: right at the ends, in range, aligned with the sound."""

import numpy as np
import pytest
from suppress_signals import noise, periodic

from bandwise.bands.erb import BAND_WEIGHTS
from bandwise.suppress.features import (
    COHERENCE,
    GAIN,
    PITCH_CORRELATION,
    PITCH_PERIOD,
    SIZE,
    STRENGTH,
    TARGETS_SIZE,
    period_of,
)
from bandwise.suppress.ideal import features_and_targets
from bandwise.suppress.stft import analyse
from bandwise.suppress.strength import ideal_gain, ideal_strength


@pytest.mark.parametrize("samples", [0, 479, 480, 4_801])
def test_there_is_a_record_per_hop(samples):
    """As many as whole hops, 70 features and 68 outputs each, float32."""
    x = noise(samples)
    features, targets = features_and_targets(x, x)
    assert features.shape == (samples // 480, SIZE)
    assert targets.shape == (samples // 480, TARGETS_SIZE)
    assert features.dtype == targets.dtype == np.float32


def test_clean_is_to_be_left_alone(voice):
    """Clean in: all gains 1, all strengths 0, silences included."""
    _, targets = features_and_targets(voice, voice)
    assert np.array_equal(targets[:, GAIN], np.ones_like(targets[:, GAIN]))
    assert np.array_equal(targets[:, STRENGTH], np.zeros_like(targets[:, STRENGTH]))


def test_noise_alone_is_to_be_removed():
    """Nothing clean in it: all gains 0 (a band of one bin may be nearly silent by chance)."""
    x = noise(48_000)
    _, targets = features_and_targets(np.zeros_like(x), x)
    assert targets[:, GAIN].max() < 0.05
    assert targets[:, GAIN].mean() < 1e-3


def test_targets_stay_in_range(voice):
    """Between 0 and 1, whatever comes."""
    noisy = voice + noise(len(voice), level=0.3)
    for clean in (voice, -voice, 3 * voice, np.zeros_like(voice)):
        features, targets = features_and_targets(clean.astype(np.float32), noisy)
        assert np.isfinite(features).all()
        assert targets.min() >= 0
        assert targets.max() <= 1


@pytest.mark.parametrize("level", [0.25, 0.5, 0.9])
def test_gain_is_the_ratio_of_levels(level):
    """A clean signal that is `level` of the noisy one wants that gain, and no comb."""
    noisy = noise(24_000)
    _, targets = features_and_targets((level * noisy).astype(np.float32), noisy)
    assert np.allclose(targets[:, GAIN], level, atol=1e-3)
    assert targets[:, STRENGTH].mean() < 0.01


def test_comb_is_wanted_where_noise_lies_between_harmonics():
    """A periodic voice in noise wants strength, the more of it the more noise there is."""
    voiced, hiss = periodic(48_000, 240), noise(48_000, seed=3)
    strengths = [
        features_and_targets(voiced, (voiced + level * hiss).astype(np.float32))[1][20:90, STRENGTH].mean()
        for level in (0.03, 0.3, 1.0)
    ]
    assert strengths[0] < strengths[1] < strengths[2]
    assert strengths[2] > 0.5


def test_frames_are_aligned_with_the_sound():
    """Frame l covers samples 480 l to 480 l + 960: a gap in the clean signal is a gap in those gains."""
    noisy = noise(480 * 40)
    clean = noisy.copy()
    clean[480 * 20 : 480 * 25] = 0
    gains = features_and_targets(clean, noisy)[1][:, GAIN].mean(axis=1)
    # Frames 20 to 23 lie inside the gap, 19 and 24 half in it, all others outside.
    assert gains[20:24].max() < 0.01
    assert np.all((gains[[19, 24]] > 0.4) & (gains[[19, 24]] < 0.9))
    assert np.delete(gains, np.arange(19, 25)).min() > 0.98


def test_noisy_alone_makes_the_features(voice):
    """What the network will see does not know the clean signal."""
    noisy = voice + noise(len(voice))
    one, two = (features_and_targets(clean, noisy)[0] for clean in (voice, np.zeros_like(voice)))
    assert np.array_equal(one, two)
    assert one[:, COHERENCE].max() > 0.8
    assert one[:, PITCH_CORRELATION].max() > 0.8


def test_later_sound_changes_features_within_the_look_ahead_only():
    """Frame l ends at 480 l + 960 and looks 960 further: what comes behind that changes nothing."""
    x, other = noise(480 * 30), noise(480 * 30)
    other[480 * 20 :] = noise(480 * 10, seed=4)
    (one, one_targets), (two, two_targets) = features_and_targets(x, x), features_and_targets(other, other)
    unaffected = 20 - 3
    assert np.array_equal(one[:unaffected], two[:unaffected])
    assert np.array_equal(one_targets[:unaffected], two_targets[:unaffected])
    assert not np.array_equal(one[unaffected], two[unaffected])


def coherent(y, p):
    """Re(p^H y) / (|p| |y|) of each band, in [0, 1]."""
    shared, own, other = (BAND_WEIGHTS @ x for x in ((np.conj(p) * y).real, np.abs(y) ** 2, np.abs(p) ** 2))
    return np.clip(shared / np.sqrt(own * other), 0, 1)


def combed(x, start, period):
    """The frame of x from `start` on, and its mean over 5 periods back and as many ahead as 960 samples hold.

    A Hann window weights them; third, the sum of the squares of the weights.
    """
    periods = np.arange(-min(5, 960 // period), 6)
    weights = np.hanning(13)[periods + 6] / np.hanning(13)[periods + 6].sum()
    frames = [x[start - k * period : start - k * period + 960] for k in periods]
    return x[start : start + 960], weights @ frames, np.sum(weights**2)


@pytest.mark.parametrize("period", [100, 240, 340, 500])
def test_targets_are_the_published_ones_for_the_period_of_the_frame(period):
    """Band by band those of `strength`, with the noise that a comb of that period leaves.

    Both where the comb is enough and where it falls short, so that the rest is turned down; but for band 0,
    a single real bin, whose coherence is 0 or 1 by the sign of next to nothing.
    """
    clean = (periodic(48_000, period, seed=4) + noise(48_000, seed=5, level=0.03)).astype(np.float32)
    noisy = clean + noise(48_000, seed=6, level=0.08)
    features, targets = features_and_targets(clean, noisy)
    for frame in range(30, 90, 10):
        own = round(period_of(features[frame, PITCH_PERIOD]))
        frames = combed(clean.astype(float), 480 * frame, own)
        y, p = (analyse(x.astype(np.float32)).astype(complex) for x in frames[:2])
        noisy_energies = BAND_WEIGHTS @ np.abs(analyse(noisy[480 * frame : 480 * frame + 960])) ** 2
        pairs = zip(coherent(y, p), features[frame, COHERENCE], strict=True)
        strengths, further = np.array([ideal_strength(*pair, frames[2]) for pair in pairs]).T
        gains = [
            ideal_gain(*pair) for pair in zip(BAND_WEIGHTS @ np.abs(y) ** 2, noisy_energies, strict=True)
        ]
        assert targets[frame, STRENGTH][1:] == pytest.approx(strengths[1:], abs=2e-3)
        assert targets[frame, GAIN][1:] == pytest.approx((further * gains)[1:], abs=2e-3)
        assert further.min() < 0.9
        assert np.any((strengths > 0.1) & (strengths < 0.9))
