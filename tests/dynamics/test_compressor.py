"""The compressor: its stated curve, its time constants, its distortion, its detectors."""

import numpy as np
import pytest
from dynamics_signals import RATE, level_db, one_band, thd_percent, tone

from bandwise.dynamics.compressor import static_curve
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import CompressorSettings
from bandwise.stream import whole

CURVES = {
    "hard": CompressorSettings(threshold_db=-20, ratio=4, knee_db=0),
    "soft": CompressorSettings(threshold_db=-24, ratio=3, knee_db=12, makeup_db=5),
    "rms": CompressorSettings(threshold_db=-30, ratio=2, detector="rms"),
    "range": CompressorSettings(
        threshold_db=-20, ratio=4, upward_threshold_db=-35, upward_ratio=2, max_boost_db=6,
        expander_threshold_db=-55, expander_ratio=2,
    ),
    "limited": CompressorSettings(threshold_db=-40, ratio=20, max_reduction_db=9),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVES)
def test_steady_tones_meet_the_stated_curve(name):
    """A steady 1 kHz tone comes out within 0.05 dB of the static curve, for levels from -70 to 0 dB."""
    processor = MultibandDynamics(one_band(CURVES[name]))
    for level in range(-70, 1, 10):
        y = processor.process(tone(1_000, 1.5, level), reset=True)[-RATE // 4 :]
        assert level_db(y) == pytest.approx(static_curve(CURVES[name], level), abs=0.05)


def test_static_curve_in_closed_form():
    """Hard knee: slope 1 below and 1 / ratio above the threshold; the soft knee joins both at its edges."""
    levels = np.array([-60.0, -20.0, -10.0, 0.0])
    np.testing.assert_allclose(static_curve(CURVES["hard"], levels), [-60, -20, -17.5, -15], atol=1e-12)
    hard = CompressorSettings(threshold_db=-24, ratio=3, knee_db=0, makeup_db=5)
    edges = np.array([-50.0, -30.0, -18.0, 0.0])
    np.testing.assert_allclose(static_curve(CURVES["soft"], edges), static_curve(hard, edges), atol=1e-12)
    assert np.all(np.diff(static_curve(CURVES["soft"], np.linspace(-60, 0, 500))) > 0)


def test_range_pair_keeps_a_level_inside():
    """Downward above, upward below: 60 dB of input become less than 30 dB of output."""
    keep = CompressorSettings(
        threshold_db=-20, ratio=4, knee_db=0, upward_threshold_db=-30, upward_ratio=4, max_boost_db=30
    )
    out = static_curve(keep, np.array([-60.0, 0.0]))
    assert out[1] - out[0] == pytest.approx(22.5)


def reduction_over_time(settings, x):
    """Reduction in dB per millisecond of a band around a 2 kHz carrier."""
    processor = MultibandDynamics(one_band(settings, lookahead_ms=1, low_edge_hz=2_000))
    return np.array(
        [
            processor.process(block) is None or processor.gain_reduction_db["bands"][0]
            for block in x.reshape(-1, 48)
        ]
    )


@pytest.mark.parametrize(("attack", "release"), [(5.0, 100.0), (20.0, 200.0), (50.0, 300.0)])
def test_time_constants(attack, release):
    """63 % of a step takes attack_ms down; up it takes the follower's release and attack in series."""
    settings = CompressorSettings(threshold_db=-40, ratio=4, knee_db=0, attack_ms=attack, release_ms=release)
    x = tone(2_000, 2.5, -40.0)
    x[RATE // 2 : RATE * 3 // 2] *= 100.0
    curve = reduction_over_time(settings, x)
    assert curve[1_499] == pytest.approx(30.0, abs=0.05)
    down = np.argmax(curve[500:] > 30 * (1 - np.exp(-1)))
    assert down == pytest.approx(attack, abs=1.5)
    # y(t) of two one-poles in series from their common end: (tr e^(-t/tr) - ta e^(-t/ta)) / (tr - ta)
    t = np.arange(0, 1_000, 0.1)
    expected = (release * np.exp(-t / release) - attack * np.exp(-t / attack)) / (release - attack)
    up = np.argmax(curve[1_502:] < 30 * np.exp(-1))
    assert up == pytest.approx(t[np.argmax(expected < np.exp(-1))], abs=4.0)


@pytest.mark.parametrize("hz", [60, 100, 1_000])
def test_compressed_tone_stays_pure(hz):
    """A full-scale tone, 4:1 over -20 dB, 5/100 ms: under 0.001 % THD (peers: 0.6 to 3.7 % at 60 Hz)."""
    settings = CompressorSettings(threshold_db=-20, ratio=4, attack_ms=5, release_ms=100)
    y = MultibandDynamics(one_band(settings)).process(tone(hz, 3.0))
    assert thd_percent(y[-RATE:], hz) < 1e-3


def test_disabled_and_bypassed_are_the_delayed_input():
    """A compressor that is off and a band that is bypassed change nothing but the time."""
    x = np.random.default_rng(1).standard_normal(4_800).astype(np.float32) * 0.2
    for settings in (one_band(), one_band(CURVES["soft"]).with_bands(bypass=True)):
        np.testing.assert_allclose(whole(MultibandDynamics(settings), x), x, atol=1e-7)


def test_sidechain_drives_the_gain():
    """With a loud side chain a quiet signal is turned down by the reduction that the key asks for."""
    processor = MultibandDynamics(one_band(CURVES["hard"]))
    x, key = tone(1_000, 1.0, -40.0), tone(1_000, 1.0, 0.0)
    y = processor.process(x, sidechain=key)
    assert level_db(y[-4_800:]) == pytest.approx(-55.0, abs=0.05)
    assert level_db(processor.process(x, reset=True)[-4_800:]) == pytest.approx(-40.0, abs=0.05)
    with pytest.raises(ValueError, match="same shape"):
        processor.process(x, sidechain=key[:-1])


@pytest.mark.parametrize(
    ("link", "reduced"),
    [("all", [1, 1, 1, 1]), ("pairs", [1, 1, 0, 0]), ("none", [1, 0, 0, 0]), ((0.0, 1.0, 1.0, 1.0), [0] * 4)],
)
def test_links(link, reduced):
    """A loud first channel turns down those that are linked to it, and none where its weight is 0."""
    x = np.stack([tone(1_000, 1.0, level) for level in (0, -40, -40, -40)], axis=1)
    y = MultibandDynamics(one_band(CURVES["hard"], link=link), channels=4).process(x)
    drop = [level_db(x[-4_800:, c]) - level_db(y[-4_800:, c]) for c in range(4)]
    np.testing.assert_allclose(drop, 15.0 * np.array(reduced), atol=0.05)


@pytest.mark.parametrize("switch", ["enabled", "bypass"])
def test_switching_off_releases_instead_of_jumping(switch):
    """A compressor that is switched off at 15 dB of reduction lets go by its release, under 1 dB per ms."""
    on = one_band(CURVES["hard"])
    off = one_band() if switch == "enabled" else on.with_bands(bypass=True)
    processor = MultibandDynamics(on)
    processor.process(tone(1_000, 0.5))
    processor.update(off)
    curve = [15.0]
    for block in tone(1_000, 2.0).reshape(-1, 48):
        processor.process(block)
        curve.append(processor.gain_reduction_db["bands"][0])
    assert np.abs(np.diff(curve)).max() < 1.0
    assert curve[-1] < 1e-3
