"""Tones, distortion and settings that the tests of the dynamics share."""

import numpy as np

from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

RATE = 48_000
IDLE = BandSettings(compressor=CompressorSettings(enabled=False), limiter=LimiterSettings(enabled=False))


def tone(hz, seconds=1.0, level_db=0.0, rate=RATE):
    """A sine, (frames,) float64; 0 dB is full scale."""
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def thd_percent(y, hz, rate=RATE):
    """Harmonics 2 to 10 against the fundamental of a windowed steady tone, in percent."""
    spectrum = np.abs(np.fft.rfft(y * np.blackman(len(y))))

    def level(harmonic):
        centre = round(harmonic * hz * len(y) / rate)
        return np.sqrt(np.square(spectrum[centre - 4 : centre + 5]).sum())

    return 100 * np.sqrt(sum(level(h) ** 2 for h in range(2, 11) if h * hz < rate / 2)) / level(1)


def one_band(compressor=IDLE.compressor, limiter=IDLE.limiter, **settings):
    """Settings of a single band with these stages, and the output limiter off unless given."""
    band = BandSettings(compressor=compressor, limiter=limiter)
    return MultibandSettings(bands=(band,), **{"output": LimiterSettings(enabled=False), **settings})


def level_db(y):
    """Level of a steady tone against a full-scale sine, in dB."""
    return 10 * np.log10(2 * np.mean(np.square(y)))


def true_peak_db(y, edge=0):
    """Largest magnitude of the waveform through the samples, interpolated 32 times by the FFT.

    `edge` samples at either end do not count.
    """
    finer = np.fft.irfft(np.fft.rfft(y), 32 * len(y)) * 32
    return 20 * np.log10(np.abs(finer[32 * edge : len(finer) - 32 * edge]).max())
