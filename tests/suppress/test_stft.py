"""The transform is NumPy's, scaled so that energies mean something, and leaves no trace."""

import numpy as np
import pytest

from bandwise.suppress import stft


def frames_of(x):
    """Every frame that a stream sees: 960 samples each 480, the first half of the first in silence."""
    padded = np.concatenate([np.zeros(480, np.float32), x])
    return [padded[start : start + 960] for start in range(0, len(x) - 479, 480)]


def round_trip(x):
    """Analyse and put together again, hop by hop: 480 samples late."""
    overlap, out = np.zeros(480, np.float32), np.empty(len(x), np.float32)
    for hop, frame in enumerate(frames_of(x)):
        stft.resynthesise(stft.analyse(frame), overlap, out[480 * hop : 480 * (hop + 1)])
    return out


def test_window_is_power_complementary():
    """w(n)^2 + w(n + 480)^2 = 1, and the window is symmetric: analysis and synthesis may share it."""
    window = stft.WINDOW.astype(np.float64)
    assert len(window) == 960
    assert np.allclose(window[:480] ** 2 + window[480:] ** 2, 1, atol=1e-6)
    assert np.allclose(window, window[::-1], atol=1e-7)


def test_nothing_decided_changes_nothing():
    """The signal comes back one hop late, to 1e-6 of full scale."""
    x = np.random.default_rng(0).uniform(-1, 1, 48_000).astype(np.float32)
    late = round_trip(x)
    assert np.max(np.abs(late[480:] - x[:-480])) < 1e-6
    assert np.max(np.abs(late[:480])) < 1e-6


def test_spectrum_is_that_of_numpy():
    """It is rfft of the windowed frame in double precision, over sqrt(960 x window energy / 2)."""
    frame = np.random.default_rng(1).standard_normal(960).astype(np.float32)
    window = np.sin(np.pi / 2 * np.sin(np.pi * (np.arange(960) + 0.5) / 960) ** 2)
    expected = np.fft.rfft(frame * window) / np.sqrt(960 * np.sum(window**2) / 2)
    spectrum = stft.analyse(frame)
    assert spectrum.shape == (481,)
    assert spectrum.dtype == np.complex64
    assert np.allclose(spectrum, expected, atol=1e-6 * np.abs(expected).max())


def test_energies_obey_parseval():
    """The sum of |Y|^2, the unpaired bins by half, is the mean square under the squared window."""
    frame = np.random.default_rng(2).standard_normal(960).astype(np.float32)
    power = np.abs(stft.analyse(frame).astype(np.complex128)) ** 2
    weights = stft.WINDOW.astype(np.float64) ** 2
    mean_square = np.sum(weights * frame**2) / np.sum(weights)
    assert power.sum() - (power[0] + power[-1]) / 2 == pytest.approx(mean_square, rel=1e-5)


def test_white_noise_has_its_mean_square():
    """Averaged over frames, the bins of noise of variance 0.25 sum to 0.25."""
    x = 0.5 * np.random.default_rng(3).standard_normal(480_000).astype(np.float32)
    total = np.mean([np.sum(np.abs(stft.analyse(frame)) ** 2) for frame in frames_of(x)[1:]])
    assert total == pytest.approx(0.25, rel=0.01)


@pytest.mark.parametrize("k", [4, 100, 470])
def test_tone_lies_in_its_bin(k):
    """A sine of amplitude a at k x 50 Hz peaks in bin k, and its energy is a^2 / 2."""
    tone = (0.5 * np.sin(2 * np.pi * k * np.arange(960) / 960)).astype(np.float32)
    power = np.abs(stft.analyse(tone)) ** 2
    assert np.argmax(power) == k
    assert power.sum() == pytest.approx(0.125, rel=1e-3)


def test_latency_is_30_ms():
    """A window of 20 ms overlaps by 10 ms, and 20 ms of look-ahead wait behind it."""
    assert stft.LATENCY_SAMPLES == (stft.WINDOW_SAMPLES - stft.HOP_SAMPLES) + stft.LOOKAHEAD_SAMPLES == 1440
