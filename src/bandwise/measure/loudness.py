"""Loudness (ITU-R BS.1770-4, EBU R 128), true peak, crest factor and bass level of a recording."""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.kernels import kernel

Doubles = NDArray[np.float64]

BLOCK_SECONDS, STEP_SECONDS = 0.4, 0.1
ABSOLUTE_GATE_LUFS, RELATIVE_GATE_LU = -70.0, -10.0
SURROUND = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}  # 6: the fourth is the LFE
BASS_HZ = (20.0, 120.0)
OVERSAMPLING = 8


def columns(x: ArrayLike) -> Doubles:
    """(frames,) or (frames, channels) -> (frames, channels) float64."""
    samples = np.asarray(x, dtype=np.float64)
    return samples[:, None] if samples.ndim == 1 else samples


def integrated_loudness(x: ArrayLike, sample_rate: float) -> float:
    """Gated loudness in LUFS; minus infinity for silence or less than 0.4 s.

    Args:
        x: (frames,) or (frames, channels) in [-1, 1]; 6 channels are L R C LFE Ls Rs.
        sample_rate: Hz.
    """
    samples = columns(x)
    weights = np.asarray(SURROUND.get(samples.shape[1], (1.0,) * samples.shape[1]))
    power = _block_powers(k_weighted(samples, sample_rate), sample_rate) @ weights
    loud = power[_lufs(power) > ABSOLUTE_GATE_LUFS]
    if loud.size == 0:
        return -math.inf
    gate = float(_lufs(loud.mean())) + RELATIVE_GATE_LU
    return float(_lufs(loud[_lufs(loud) > gate].mean()))


def _lufs(power: ArrayLike) -> Doubles:
    return np.asarray(-0.691 + 10.0 * np.log10(np.maximum(power, 1e-20)))


def _block_powers(weighted: Doubles, sample_rate: float) -> Doubles:
    """(blocks, channels) mean square of blocks of 0.4 s, a new one every 0.1 s."""
    size, step = round(BLOCK_SECONDS * sample_rate), round(STEP_SECONDS * sample_rate)
    total = np.concatenate([np.zeros((1, weighted.shape[1])), np.cumsum(np.square(weighted), axis=0)])
    starts = np.arange(0, len(weighted) - size + 1, step)
    return np.asarray((total[starts + size] - total[starts]) / size)


def k_weighted(samples: Doubles, sample_rate: float) -> Doubles:
    """The two filters of BS.1770 annex 1: a shelf for the head, then a high-pass."""
    out = np.array(samples.T, order="C")
    for coefficients in k_weighting(sample_rate):
        for row in out:
            filter_in_place(row, coefficients)
    return np.ascontiguousarray(out.T)


def k_weighting(sample_rate: float) -> Doubles:
    """(2, 5) b0 b1 b2 a1 a2 at any rate.

    The standard prints coefficients for 48 kHz only; these are the analogue prototypes behind them (a shelf
    of 4 dB at 1,682 Hz, a high-pass at 38.1 Hz), warped to the rate. A test compares both at 48 kHz.
    """
    k, q = math.tan(math.pi * 1681.974450955533 / sample_rate), 0.7071752369554196
    high = 10.0 ** (3.999843853973347 / 20.0)
    middle = high**0.4996667741545416
    a0 = 1.0 + k / q + k * k
    shelf = [high + middle * k / q + k * k, 2.0 * (k * k - high), high - middle * k / q + k * k]
    first = [b / a0 for b in shelf] + [2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0]
    k, q = math.tan(math.pi * 38.13547087602444 / sample_rate), 0.5003270373238773
    a0 = 1.0 + k / q + k * k
    second = [1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / q + k * k) / a0]
    return np.array([first, second])


@kernel
def filter_in_place(row: Doubles, c: Doubles) -> None:
    """One second-order section, transposed direct form: c holds b0 b1 b2 a1 a2."""
    p = q = 0.0
    for n in range(row.shape[0]):
        x = row[n]
        y = c[0] * x + p
        p = c[1] * x - c[3] * y + q
        q = c[2] * x - c[4] * y
        row[n] = y


def true_peak_db(x: ArrayLike, sample_rate: float) -> float:
    """Largest magnitude of the waveform between and at the samples in dBTP, 8 times oversampled."""
    import soxr

    samples = columns(x)
    finer = soxr.resample(samples, sample_rate, OVERSAMPLING * sample_rate, "VHQ")
    return decibels(max(float(np.abs(finer).max(initial=0.0)), float(np.abs(samples).max(initial=0.0))))


def crest_factor_db(x: ArrayLike) -> float:
    """Peak over RMS in dB, over all channels; 3.01 for a sine."""
    samples = columns(x)
    rms = math.sqrt(float(np.mean(np.square(samples)))) if samples.size else 0.0
    return decibels(float(np.abs(samples).max(initial=0.0))) - decibels(rms)


def bass_level_db(x: ArrayLike, sample_rate: float) -> float:
    """RMS level between 20 and 120 Hz in dB, against a full-scale square wave, over all channels."""
    samples = columns(x)
    spectrum = np.fft.rfft(samples, axis=0)
    hz = np.fft.rfftfreq(len(samples), 1.0 / sample_rate)
    inside = (hz >= BASS_HZ[0]) & (hz <= BASS_HZ[1])
    power = 2.0 * float(np.square(np.abs(spectrum[inside])).sum()) / len(samples) ** 2 / samples.shape[1]
    return decibels(math.sqrt(power))


def decibels(amplitude: float) -> float:
    """20 lg of an amplitude; minus infinity for 0."""
    return 20.0 * math.log10(amplitude) if amplitude > 0.0 else -math.inf
