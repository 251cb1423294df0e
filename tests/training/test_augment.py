"""What the augmentations do to tones, noise and impulses."""

import numpy as np
import pytest
from scipy import signal

from bandwise.training import augment, synthetic_noise
from bandwise.training.signals import SAMPLE_RATE
from bandwise.training.synthetic_calls import calls


def tone(hz, seconds=1.0):
    """A sine of amplitude 1."""
    return np.sin(2 * np.pi * hz * np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE).astype(np.float32)


def strongest_hz(samples):
    """Frequency of the highest spectral peak."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(spectrum) * SAMPLE_RATE / len(samples)


@pytest.mark.parametrize("speed", [0.85, 1.0, 1.18])
def test_speed_moves_pitch_and_length_together(speed):
    """A tone of 1 kHz becomes 1 kHz times speed and lasts 1 / speed as long."""
    faster = augment.change_speed(tone(1_000), speed)
    assert strongest_hz(faster) == pytest.approx(1_000 * speed, rel=2e-3)
    assert len(faster) == pytest.approx(SAMPLE_RATE / speed, abs=2)


def test_tilts_are_always_stable():
    """Poles lie inside the unit circle for every coefficient within +-3/8."""
    rng = np.random.default_rng(0)
    corners = [np.array([[1, 0, 0, 1, a1, a2]]) for a1 in (-0.375, 0.375) for a2 in (-0.375, 0.375)]
    for sections in [*corners, *(augment.tilt(rng) for _ in range(200))]:
        assert np.abs(np.roots(sections[0, 3:])).max() < 0.9


def test_microphones_are_gentle():
    """Between 400 Hz and 12 kHz no microphone departs by more than two filters of 6 dB allow."""
    rng = np.random.default_rng(1)
    for _ in range(50):
        _, response = signal.sosfreqz(
            augment.microphone(rng), worN=np.geomspace(400, 12_000, 64), fs=SAMPLE_RATE
        )
        assert np.abs(20 * np.log10(np.abs(response))).max() < 12.5


@pytest.mark.parametrize("cutoff_hz", [3_000.0, 7_520.0, 16_000.0])
def test_low_pass_passes_below_and_stops_above(cutoff_hz):
    """Within 0.2 dB up to 95 % of the cutoff, 50 dB down from 120 % on."""
    _, response = signal.sosfreqz(
        augment.low_pass(cutoff_hz),
        worN=[0.5 * cutoff_hz, 0.95 * cutoff_hz, 1.2 * cutoff_hz],
        fs=SAMPLE_RATE,
    )
    low, near, above = 20 * np.log10(np.abs(response))
    assert abs(low) < 0.2
    assert abs(near) < 0.2
    assert above < -50


def test_filters_treat_a_pair_like_two_singles():
    """What passes the line together passes it alike: the difference of clean and noisy is filtered noise."""
    pair = np.random.default_rng(2).standard_normal((2, 4_800)).astype(np.float32)
    sections = augment.microphone(np.random.default_rng(3))
    both = augment.apply(sections, pair)
    np.testing.assert_array_equal(both[1], augment.apply(sections, pair[1]))
    np.testing.assert_allclose(both[1] - both[0], augment.apply(sections, pair[1] - pair[0]), atol=1e-4)


def test_clipping_flattens_only_peaks():
    """6.02 dB over: the ceiling is half the peak and what lies under it is untouched."""
    clipped = augment.clip_peaks(tone(100), 6.0206)
    assert np.abs(clipped).max() == pytest.approx(0.5, rel=1e-4)
    low = np.abs(tone(100)) < 0.49
    np.testing.assert_array_equal(clipped[low], tone(100)[low])


@pytest.mark.parametrize("compression", [0.4, 0.98])
def test_codec_keeps_time_and_level(compression):
    """What went through Opus correlates best with the original at lag 0 and is about as loud."""
    chirp = 0.2 * signal.chirp(np.arange(48_000) / SAMPLE_RATE, 200, 1, 3_000).astype(np.float32)
    coded = augment.through_opus(chirp, compression)
    assert coded.shape == chirp.shape
    lag = np.argmax(signal.correlate(coded, chirp)) - (len(chirp) - 1)
    assert abs(lag) <= 3
    assert coded.std() == pytest.approx(chirp.std(), rel=0.1)


def test_lost_packets_are_lost_from_both():
    """The same stretches of both channels are zero, at most 6 times 60 ms, and the rest is untouched."""
    pair = np.ones((2, 96_000), np.float32)
    dropped = augment.drop_packets(np.random.default_rng(1), pair)
    np.testing.assert_array_equal(dropped[0], dropped[1])
    assert set(np.unique(dropped)) == {0, 1}
    assert 480 <= (dropped[0] == 0).sum() <= 6 * 2_880


def test_unit_warp_changes_nothing():
    """Formant factor 1 is the identity: the short-time transform reconstructs."""
    noise = np.random.default_rng(4).standard_normal(20_000).astype(np.float32)
    np.testing.assert_allclose(augment.warp_formants(noise, 1.0), noise, atol=1e-5)


def test_warp_moves_the_formant_and_leaves_the_pitch():
    """Pulses at 120 Hz through a resonance at 1.5 kHz: harmonics stay, their maximum goes up by 14 %."""
    pulses = np.zeros(SAMPLE_RATE, np.float32)
    pulses[::400] = 1
    b, a = signal.iirpeak(1_500, 3, fs=SAMPLE_RATE)
    voice = signal.lfilter(b, a, pulses).astype(np.float32)
    warped = augment.warp_formants(voice, 1.14)
    assert strongest_hz(voice) == pytest.approx(1_500, abs=121)
    assert strongest_hz(warped) == pytest.approx(1_710, abs=121)
    assert strongest_hz(warped) % 120 == pytest.approx(0, abs=1)


@pytest.mark.parametrize("maker", list(synthetic_noise.MAKERS), ids=lambda maker: maker.__name__)
def test_synthetic_noises_are_sound(maker):
    """Finite float32 of the length asked for, with little at 0 Hz, and the same for the same seed."""
    noise = maker(np.random.default_rng(6), 96_000)
    assert noise.dtype == np.float32
    assert noise.shape == (96_000,)
    assert np.isfinite(noise).all()
    assert noise.std() > 0
    assert abs(noise.mean()) < 0.1 * noise.std()
    np.testing.assert_array_equal(noise, maker(np.random.default_rng(6), 96_000))


def test_synthetic_draw_is_of_unit_level():
    """Whatever is drawn has RMS 1."""
    rng = np.random.default_rng(7)
    for _ in range(20):
        noise, _ = synthetic_noise.draw(rng, 48_000)
        assert np.sqrt(np.mean(np.square(noise))) == pytest.approx(1, rel=1e-3)


def test_hum_is_of_the_mains():
    """The strongest line is a multiple of 50 or 60 Hz."""
    hz = strongest_hz(synthetic_noise.hum(np.random.default_rng(8), 96_000))
    assert min(hz % 50, 50 - hz % 50, hz % 60, 60 - hz % 60) < 1.5


def test_calls_come_and_go():
    """Over a minute of them some tenths of the time are silent and some are not."""
    rng = np.random.default_rng(10)
    frames = np.concatenate([calls(rng, 240_000) for _ in range(12)]).reshape(-1, 480)
    level = np.sqrt(np.mean(np.square(frames), axis=1))
    assert 0.2 < np.mean(level > 0.1) < 0.8
    assert np.mean(level < 0.01) > 0.2


def test_white_noise_is_flat():
    """Each of four equal parts has its share of the energy within 0.3 dB."""
    spectrum = np.square(np.abs(np.fft.rfft(synthetic_noise.white(np.random.default_rng(9), 480_000))))
    quarters = [part.mean() for part in np.array_split(spectrum, 4)]
    assert 10 * np.log10(max(quarters) / min(quarters)) < 0.3
