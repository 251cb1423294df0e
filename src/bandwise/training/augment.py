"""Small random changes that make one recording a thousand: speed, colour, microphone, band limit, clipping.

Every function takes its randomness from the generator given and returns new float32 arrays; those that model
the microphone or the line accept [..., samples], so that clean and noisy pass through the same thing.
"""

from __future__ import annotations

import io

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from scipy import signal

from bandwise.training.signals import SAMPLE_RATE, Signal, as_signal

TILT_LIMIT = 3 / 8
Sections = NDArray[np.float64]


def change_speed(samples: Signal, speed: float) -> Signal:
    """Faster and higher for speed > 1; the length becomes len / speed, frequencies grow by speed."""
    return as_signal(soxr.resample(samples, SAMPLE_RATE * speed, SAMPLE_RATE, "MQ"))


def tilt(rng: np.random.Generator) -> Sections:
    """RNNoise's random spectral tilt: (1 + b1 z^-1 + b2 z^-2) / (1 + a1 z^-1 + a2 z^-2), each within +-3/8.

    Stable whatever is drawn: |a2| < 1 and |a1| < 1 + a2.
    """
    b1, b2, a1, a2 = rng.uniform(-TILT_LIMIT, TILT_LIMIT, 4)
    return np.array([[1.0, b1, b2, 1.0, a1, a2]])


def microphone(rng: np.random.Generator) -> Sections:
    """A gentle response: two peaks or dips of up to 6 dB, half the time a high-pass at 20 to 160 Hz."""
    sections = [_peak(float(rng.uniform(-6, 6)), _log_uniform(rng, 80, 12_000), rng) for _ in range(2)]
    if rng.random() < 0.5:
        corner_hz = _log_uniform(rng, 20, 160)
        sections.append(signal.butter(2, corner_hz, "highpass", fs=SAMPLE_RATE, output="sos")[0])
    return np.array(sections)


def low_pass(cutoff_hz: float) -> Sections:
    """A steep low-pass (60 dB), as a codec or a slow sampling rate makes it."""
    return np.asarray(signal.ellip(8, 0.1, 60, cutoff_hz, fs=SAMPLE_RATE, output="sos"))


def apply(sections: Sections, samples: Signal) -> Signal:
    """Second-order sections [sections, 6] along the last axis.

    Computed in float64: in float32 a high-pass at 20 Hz rounds to an audible rumble.
    """
    return as_signal(signal.sosfilt(sections, samples.astype(np.float64)))


def draw_cutoff_hz(rng: np.random.Generator) -> float:
    """Half the time the edge of a usual sampling rate, else anything between 3 and 20 kHz."""
    if rng.random() < 0.5:
        return float(rng.choice([8_000, 11_025, 16_000, 22_050, 24_000, 32_000])) * 0.47
    return _log_uniform(rng, 3_000, 20_000)


def clip_peaks(samples: Signal, over_db: float) -> Signal:
    """Flatten everything higher than `over_db` below the peak."""
    ceiling = float(np.abs(samples).max(initial=0.0)) * 10 ** (-over_db / 20)
    return np.clip(samples, -ceiling, ceiling)


def through_opus(samples: Signal, compression: float) -> Signal:
    """Coded by Opus and decoded again, aligned; compression 0.5 is about 130 kbit/s, 0.97 about 15."""
    file = io.BytesIO()
    peak = float(np.abs(samples).max(initial=0.0)) + 1e-9
    soundfile.write(
        file, samples / peak, SAMPLE_RATE, format="OGG", subtype="OPUS", compression_level=compression
    )
    file.seek(0)
    decoded, _ = soundfile.read(file, frames=len(samples), dtype="float32")
    return as_signal(decoded * peak)


def drop_packets(rng: np.random.Generator, samples: Signal) -> Signal:
    """Silence one to six stretches of 10 to 60 ms along the last axis, as lost packets leave them."""
    kept = np.ones(samples.shape[-1], np.float32)
    for start in rng.integers(0, len(kept), int(rng.integers(1, 7))):
        kept[start : start + int(rng.uniform(0.01, 0.06) * SAMPLE_RATE)] = 0
    return samples * kept


def fade(samples: Signal, length: int = SAMPLE_RATE // 100) -> Signal:
    """Raised-cosine edges of `length` samples, in place."""
    length = min(length, len(samples) // 2)
    if length:
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(length) + 0.5) / length)).astype(np.float32)
        samples[:length] *= ramp
        samples[-length:] *= ramp[::-1]
    return samples


def warp_formants(samples: Signal, factor: float) -> Signal:
    """Stretch the spectral envelope by `factor` and leave the pitch: a longer or shorter vocal tract.

    The envelope is the cepstrally smoothed magnitude (1.25 ms of quefrency, below any pitch period) of 21 ms
    frames. The correction is held within 12 dB, so that an empty top band is not blown up.
    """
    size, hop = 1024, 256
    window = np.sqrt(signal.get_window("hann", size)).astype(np.float32)
    padded = np.pad(samples, (size, size + -len(samples) % hop))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    spectra = np.fft.rfft(frames * window).astype(np.complex64)
    envelope = _log_envelope(spectra, quefrency=SAMPLE_RATE // 800)
    bins = np.arange(size // 2 + 1)
    source = np.minimum(bins / factor, size // 2)
    lower = np.minimum(source.astype(int), size // 2 - 1)
    weight = (source - lower).astype(np.float32)
    warped = envelope[:, lower] * (1 - weight) + envelope[:, lower + 1] * weight
    limit = np.float32(np.log(10 ** (12 / 20)))
    spectra *= np.exp(np.clip(warped - envelope, -limit, limit))
    return _overlap_add(np.fft.irfft(spectra).astype(np.float32) * window, hop)[size : size + len(samples)]


def _log_envelope(spectra: NDArray[np.complex64], quefrency: int) -> Signal:
    magnitude = np.abs(spectra)
    cepstrum = np.fft.irfft(np.log(magnitude + 1e-4 * magnitude.max() + 1e-12))
    cepstrum[:, quefrency : cepstrum.shape[1] - quefrency + 1] = 0
    return as_signal(np.fft.rfft(cepstrum).real)


def _overlap_add(frames: Signal, hop: int) -> Signal:
    """Sum frames [count, size] every `hop` samples; Hann windows (two roots of one) at size / 4 sum to 2."""
    count, size = frames.shape
    parts = size // hop
    out = np.zeros((count + parts - 1, hop), np.float32)
    for part in range(parts):
        out[part : part + count] += frames[:, part * hop : (part + 1) * hop]
    return as_signal(out.reshape(-1) / (parts / 2))


def _peak(gain_db: float, centre_hz: float, rng: np.random.Generator) -> NDArray[np.float64]:
    """Peaking equaliser (Bristow-Johnson's cookbook) with Q 0.4 to 1.2."""
    amplitude = 10 ** (gain_db / 40)
    angle = 2 * np.pi * centre_hz / SAMPLE_RATE
    alpha = np.sin(angle) / (2 * rng.uniform(0.4, 1.2))
    section = np.array(
        [
            [1 + alpha * amplitude, -2 * np.cos(angle), 1 - alpha * amplitude],
            [1 + alpha / amplitude, -2 * np.cos(angle), 1 - alpha / amplitude],
        ]
    )
    return np.asarray(section.reshape(6) / section[1, 0])


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))
