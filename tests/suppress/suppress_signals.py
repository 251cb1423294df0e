"""Signals whose answers are known, and the lag of one signal behind another."""

import numpy as np


def noise(samples, seed=0, level=0.1):
    """White Gaussian noise of a given standard deviation, float32 (samples,)."""
    return (level * np.random.default_rng(seed).standard_normal(samples)).astype(np.float32)


def periodic(samples, period, seed=0, level=0.1):
    """Noise of one period, repeated: every harmonic up to half the rate, float32 (samples,)."""
    return np.resize(noise(period, seed, level), samples)


def pulses(samples, period):
    """One sample of 0.5 every period, float32 (samples,)."""
    x = np.zeros(samples, np.float32)
    x[::period] = 0.5
    return x


def tone(samples, hz, level=0.3):
    """A sine, float32 (samples,) at 48 kHz."""
    return (level * np.sin(2 * np.pi * hz * np.arange(samples) / 48_000)).astype(np.float32)


def spectrum(seed=0):
    """A random (481,) spectrum."""
    rng = np.random.default_rng(seed)
    return (rng.standard_normal(481) + 1j * rng.standard_normal(481)).astype(np.complex64)


def lag_of(late, x):
    """The lag of `late` behind x at which their cross-correlation is largest, in samples."""
    size = 1 << int(np.ceil(np.log2(len(late) + len(x))))
    product = np.fft.rfft(late, size) * np.conj(np.fft.rfft(x, size))
    lag = int(np.argmax(np.fft.irfft(product, size)))
    return lag if lag < size // 2 else lag - size


def si_sdr(estimate, reference):
    """Scale-invariant signal-to-distortion ratio in dB (Le Roux et al. 2019)."""
    estimate, reference = estimate.astype(np.float64), reference.astype(np.float64)
    wanted = reference * np.dot(estimate, reference) / np.dot(reference, reference)
    return 10 * np.log10(np.sum(wanted**2) / np.sum((estimate - wanted) ** 2))
