"""Ideal answers: right at the ends, in range, aligned with the sound."""

import numpy as np
import pytest
from suppress_signals import noise, periodic

from bandwise.suppress.features import COHERENCE, GAIN, PITCH_CORRELATION, SIZE, STRENGTH, TARGETS_SIZE
from bandwise.suppress.ideal import features_and_targets


@pytest.mark.parametrize("samples", [0, 479, 480, 4_801])
def test_there_is_a_record_per_hop(samples):
    """As many as whole hops, 70 features and 68 answers each, float32."""
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


def test_answers_stay_in_range(voice):
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
    (one, one_answers), (two, two_answers) = features_and_targets(x, x), features_and_targets(other, other)
    unaffected = 20 - 3
    assert np.array_equal(one[:unaffected], two[:unaffected])
    assert np.array_equal(one_answers[:unaffected], two_answers[:unaffected])
    assert not np.array_equal(one[unaffected], two[unaffected])
