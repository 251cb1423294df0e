"""What curves, detectors, links and readings have to come to, in closed form."""

from dataclasses import replace

import numpy as np
import pytest
from dynamics_signals import IDLE, RATE, level_db, one_band, tone, true_peak_db

from bandwise.dynamics.compressor import static_curve
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

FOUR = CompressorSettings(threshold_db=-20, ratio=4, knee_db=0)


def settled_db(y):
    """Level of the last 0.1 s; that of a full-scale sine is 0."""
    return level_db(y[-RATE // 10 :])


def two(first_db, second_db, seconds=1.0):
    """The same tone in two channels, (frames, 2)."""
    return np.stack([tone(1_000, seconds, first_db), tone(1_000, seconds, second_db)], axis=1)


def test_the_knee_is_a_parabola():
    """Within the knee x + (1/R - 1)(x - T + W/2)^2 / 2W, of Giannoulis, Massberg and Reiss, eq. 4."""
    settings = CompressorSettings(threshold_db=-24, ratio=3, knee_db=12)
    x = np.array([-29.0, -27.0, -24.0, -21.0, -19.0])
    expected = x + (1 / 3 - 1) * (x + 24 + 6) ** 2 / 24
    np.testing.assert_allclose(static_curve(settings, x), expected, atol=1e-12)


CURVES = {
    "expander": ({"expander_threshold_db": -55, "expander_ratio": 3, "max_reduction_db": 120}, -65, -85),
    "upward": ({"upward_threshold_db": -30, "upward_ratio": 2, "max_boost_db": 6}, -36, -33),
    "the most boost": ({"upward_threshold_db": -30, "upward_ratio": 2, "max_boost_db": 6}, -60, -54),
    "the most reduction": ({"threshold_db": -40, "ratio": 20, "max_reduction_db": 9}, 0, -9),
}


@pytest.mark.parametrize("name", CURVES)
def test_each_line_of_the_curve(name):
    """Below its threshold an expander falls by its ratio, a boost rises by half; both end as told."""
    changes, level, expected = CURVES[name]
    settings = CompressorSettings(**{"ratio": 1, "knee_db": 0, **changes})
    np.testing.assert_allclose(static_curve(settings, [float(level)]), [expected], atol=1e-9)


def test_a_weight_is_one_of_amplitudes():
    """A channel that counts half is 6 dB softer to an RMS detector, too."""
    settings = one_band(replace(FOUR, detector="rms"), link=(0.5, 0.0))
    x = two(0.0, -40.0, 2.0)
    y = MultibandDynamics(settings, channels=2).process(x)
    assert settled_db(x[:, 0]) - settled_db(y[:, 0]) == pytest.approx(
        0.75 * (20 + 20 * np.log10(0.5)), abs=0.05
    )


def test_weights_can_change_while_sound_plays():
    """The loud channel is compressed while it counts, and no longer once only the soft one does."""
    processor, x = MultibandDynamics(one_band(FOUR, link=(1.0, 0.0)), channels=2), two(0.0, -40.0)
    assert settled_db(processor.process(x)[:, 0]) == pytest.approx(-15, abs=0.05)
    processor.update(one_band(FOUR, link=(0.0, 1.0)))
    processor.process(x)
    assert settled_db(processor.process(x)[:, 0]) == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize("lookahead_ms", [0.0, 3.0])
def test_band_limiters_hold_their_ceiling_in_every_channel(lookahead_ms):
    """Noise in a loud second channel comes up to the ceiling and not beyond."""
    settings = one_band(limiter=LimiterSettings(ceiling_dbfs=-12), lookahead_ms=lookahead_ms)
    x = np.random.default_rng(1).standard_normal((RATE, 2)) * [0.01, 1.0]
    peak = np.abs(MultibandDynamics(settings, channels=2).process(x)).max()
    assert 0.99 * 10 ** (-12 / 20) < peak <= 10 ** (-12 / 20)


def test_linked_channels_are_limited_alike():
    """A loud channel 12 dB over the ceiling turns the soft one down by as much."""
    settings = one_band(output=LimiterSettings(ceiling_dbfs=-6), link="all")
    y = MultibandDynamics(settings, channels=2).process(two(-20.0, 6.0))
    assert settled_db(y[:, 0]) == pytest.approx(-32, abs=0.02)


def test_the_plain_part_of_the_mix_has_the_output_gain():
    """With nothing but plain sound in the mix the output gain still counts."""
    y = MultibandDynamics(one_band(mix=0.0, output_gain_db=-12)).process(tone(1_000))
    assert settled_db(y) == pytest.approx(-12, abs=0.01)


def test_a_clipping_output_cuts_at_its_ceiling():
    """The largest sample of a tone 6 dB over is the ceiling itself."""
    settings = one_band(output=LimiterSettings(mode="clip", ceiling_dbfs=-6))
    y = MultibandDynamics(settings).process(tone(100))[RATE // 10 :]
    assert y.max() == pytest.approx(10 ** (-6 / 20), rel=1e-6)


@pytest.mark.parametrize("where", ["band", "output", "compressor"])
def test_a_tone_at_the_low_edge_meets_a_gain_that_stands_still(where):
    """What holds for half a period of the lowest tone makes no harmonics of it, however fast the release."""
    edge_hz, fast = 40.0, LimiterSettings(ceiling_dbfs=-6, release_ms=5, sustained_release_ms=5)
    settings = one_band(
        replace(FOUR, attack_ms=1, release_ms=5) if where == "compressor" else IDLE.compressor,
        fast if where == "band" else IDLE.limiter,
        output=fast if where == "output" else IDLE.limiter,
        low_edge_hz=edge_hz,
    )
    spectrum = np.abs(np.fft.rfft(MultibandDynamics(settings).process(tone(edge_hz, 3.0))[-RATE:]))
    assert np.sqrt(np.square(spectrum[80:401:40]).sum()) / spectrum[40] < 1e-5


def test_a_hold_is_in_milliseconds():
    """One sample 20 dB over the ceiling turns the sound down for as long as the hold says."""
    limiter = LimiterSettings(ceiling_dbfs=-20, hold_ms=50, release_ms=1, sustained_release_ms=1)
    processor, x = MultibandDynamics(one_band(output=limiter, lookahead_ms=1.0)), np.zeros(RATE)
    x[4_800] = 1.0
    held_ms = 0
    for block in x.reshape(-1, 48):
        processor.process(block)
        held_ms += processor.gain_reduction_db["output"] > 19.9
    assert held_ms == pytest.approx(50, abs=4)


def test_the_reading_is_that_of_the_most_reduced_channel():
    """Where channels are not linked, a loud second one decides what is shown."""
    processor = MultibandDynamics(one_band(FOUR, link="none"), channels=2)
    processor.process(two(-60.0, 0.0))
    assert processor.gain_reduction_db["bands"][0] == pytest.approx(15, abs=0.05)


@pytest.mark.parametrize("bands", [1, 2])
def test_a_true_peak_out_of_silence_is_met_in_time(bands):
    """A burst whose samples are 3 dB below its peaks stays under, even if a band comes just then."""
    n = np.arange(9_600) - 4_804
    x = 2 * np.sin(np.pi / 2 * n + np.pi / 4) * np.exp(-0.5 * (n / 6) ** 2)
    limiter = LimiterSettings(ceiling_dbfs=-6, true_peak=True)
    processor = MultibandDynamics(one_band(output=limiter, lookahead_ms=1.0))
    first = processor.process(x[:4_800])
    if bands == 2:
        band = processor.settings.bands[0]
        processor.update(replace(processor.settings, cutoffs_hz=(200.0,), bands=(band, band)))
    assert true_peak_db(np.concatenate([first, processor.process(x[4_800:])])) <= -5.99


def test_a_side_chain_that_listens_follows_the_cutoffs():
    """Once the cutoff is there, a key is compressed in the bands where it would have been from the start."""
    band = BandSettings(
        compressor=replace(FOUR, threshold_db=-40, ratio=10, attack_ms=0, release_ms=10), limiter=IDLE.limiter
    )
    low, high = (
        MultibandSettings(cutoffs_hz=(hz,), bands=(band, band), output=IDLE.limiter)
        for hz in (200.0, 5_000.0)
    )
    moved, fresh, key = MultibandDynamics(low), MultibandDynamics(high), 0.5 * tone(1_000)
    moved.process(0 * key, sidechain=key)
    moved.update(high)
    for processor in (moved, fresh):
        for _ in range(3):
            processor.process(0 * key, sidechain=key)
    expected = fresh.gain_reduction_db["bands"]
    assert moved.gain_reduction_db["bands"] == pytest.approx(expected, abs=0.5)
