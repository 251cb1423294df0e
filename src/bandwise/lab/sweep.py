"""The test signal of the tuner, and what a recording of it says: linear response and harmonics apart.

Exponential sweeps at five levels with silence between. A. Farina, "Simultaneous measurement of impulse
response and distortion with a swept-sine technique", AES 108, 2000: in a sweep that takes T from f1 to f2,
harmonic n passes every frequency L ln n earlier than the fundamental, L = T / ln(f2 / f1). Divided by the
spectrum of the sweep, the recording falls apart into the impulse response and, that much earlier, a
response per harmonic.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.lab.limits import Table
from bandwise.measure.levels import rms
from bandwise.measure.loudness import decibels

Doubles = NDArray[np.float64]

SAMPLE_RATE = 48_000
LOW_HZ, HIGH_HZ = 20.0, 20_000.0
SWEEP_SECONDS, PAUSE_SECONDS, LEAD_SECONDS = 6.0, 1.0, 1.0
LEVELS_DBFS = (-25.0, -19.0, -13.0, -7.0, -1.0)
FADE_SECONDS = 0.02
HARMONICS = 5
LATE_SECONDS = 0.25  # of an impulse response that is kept
EARLY_SECONDS = 0.01
READ_HZ = (32, 40, 50, 63, 80, 100, 125, 160, 200, 250, 315, 400, 500, 630, 800, 1_000)
LEAST_SNR_DB = 20.0
LEAST_COMPACT = 0.15
CLIPPED_SAMPLES = 500
REGULARISATION = 1e-4


@dataclass(frozen=True)
class Measurement:
    """What one sweep says: (hz,) frequencies, linear level in dB, distortion in percent; and its level."""

    level_dbfs: float
    hz: Doubles
    response_db: Doubles
    distortion_percent: Doubles


def sweep() -> Doubles:
    """One sweep of amplitude 1, faded at both ends."""
    n = round(SWEEP_SECONDS * SAMPLE_RATE)
    time = np.arange(n) / SAMPLE_RATE
    scale = SWEEP_SECONDS / math.log(HIGH_HZ / LOW_HZ)
    out = np.sin(2.0 * np.pi * LOW_HZ * scale * (np.exp(time / scale) - 1.0))
    fade = np.minimum(1.0, np.minimum(time, time[::-1]) / FADE_SECONDS)
    return np.asarray(out * fade)


def test_signal() -> Doubles:
    """The whole signal, (frames,) at 48 kHz: silence, then every level followed by a pause."""
    pieces = [np.zeros(round(LEAD_SECONDS * SAMPLE_RATE))]
    for level in LEVELS_DBFS:
        pieces += [10 ** (level / 20) * sweep(), np.zeros(round(PAUSE_SECONDS * SAMPLE_RATE))]
    return np.concatenate(pieces)


def read_recording(x: Doubles, sample_rate: int) -> list[Measurement]:
    """Measurements of all levels from a recording of `test_signal`, which may start and end with more.

    Raises:
        BandwiseError: another rate, no numbers, too short, clipped, something else, or too noisy.
    """
    if not np.isfinite(x).all():
        raise BandwiseError("got a recording with NaN or Inf; all samples must be numbers; record it again")
    if sample_rate != SAMPLE_RATE:
        raise BandwiseError(
            f"got a recording at {sample_rate} Hz; the sweep is at {SAMPLE_RATE}; record at that"
        )
    whole = test_signal()
    if len(x) < len(whole) - round(PAUSE_SECONDS * SAMPLE_RATE):
        raise BandwiseError(
            f"got {len(x) / SAMPLE_RATE:.1f} s; the sweeps take {len(whole) / SAMPLE_RATE:.1f} s; record all"
        )
    _refuse_clipped(x)
    start = _start(x, whole)
    padded = np.pad(x, (0, max(0, start + len(whole) - len(x))))[start : start + len(whole)]
    _refuse_noisy(padded)
    return [_measure(padded, k) for k in range(len(LEVELS_DBFS))]


def _refuse_clipped(x: Doubles) -> None:
    """Refuse a peak that is held for three samples in a row, again and again.

    A slow sine does that a few times, too, when it is quantised: hence `CLIPPED_SAMPLES`.
    """
    peak = float(np.abs(x).max(initial=0.0))
    held = np.abs(x) >= peak * (1.0 - 1e-6)
    flat = int(np.count_nonzero(held[:-2] & held[1:-1] & held[2:]))
    if peak > 0.0 and flat > CLIPPED_SAMPLES:
        raise BandwiseError(
            f"got a clipped recording ({flat} samples at its peak of {decibels(peak):.1f} dBFS); "
            "nothing may be cut; lower the gain of the microphone"
        )


def _start(x: Doubles, whole: Doubles) -> int:
    """Where the test signal starts in x, by correlation; refused if the sweep is not in it."""
    size = 1 << (len(x) + len(whole)).bit_length()
    correlation = np.fft.irfft(np.fft.rfft(x, size) * np.conj(np.fft.rfft(whole, size)), size)
    start = int(np.argmax(np.abs(correlation[: max(1, len(x))])))
    loudest = len(LEVELS_DBFS) - 1
    padded = np.pad(x, (0, max(0, start + len(whole) - len(x))))[start : start + len(whole)]
    response = np.square(_deconvolved(padded, loudest))
    late = round(LATE_SECONDS * SAMPLE_RATE)
    compact = float(response[:late].sum() + response[-round(EARLY_SECONDS * SAMPLE_RATE) :].sum())
    if compact == 0.0 or compact < LEAST_COMPACT * float(response.sum()):
        raise BandwiseError(
            "got a recording that holds no sweep of ours; one made by bandwise tune --sweep is needed; play "
            "that file without equaliser or time stretching, and start recording before it starts"
        )
    return start


def _refuse_noisy(aligned: Doubles) -> None:
    first = round(LEAD_SECONDS * SAMPLE_RATE)
    noise = rms(aligned[: first - round(0.1 * SAMPLE_RATE)])
    at = _offset(len(LEVELS_DBFS) - 1)
    loud = rms(aligned[at : at + round(SWEEP_SECONDS * SAMPLE_RATE)])
    snr_db = decibels(max(loud, 1e-12) / max(noise, 1e-12))
    if snr_db < LEAST_SNR_DB:
        raise BandwiseError(
            f"got a recording with {snr_db:.0f} dB between the loudest sweep and the noise; {LEAST_SNR_DB:g} "
            "dB are needed; move the microphone closer or quieten the room"
        )


def _offset(k: int) -> int:
    """First sample of sweep k in the test signal."""
    return round((LEAD_SECONDS + k * (SWEEP_SECONDS + PAUSE_SECONDS)) * SAMPLE_RATE)


def _deconvolved(aligned: Doubles, k: int) -> Doubles:
    """Response to sweep k: the impulse response from 0 on, harmonics before 0, that is at the end."""
    at, length = _offset(k), round((SWEEP_SECONDS + PAUSE_SECONDS) * SAMPLE_RATE)
    size = 1 << (2 * length).bit_length()
    given = np.fft.rfft(10 ** (LEVELS_DBFS[k] / 20) * sweep(), size)
    got = np.fft.rfft(aligned[at : at + length], size)
    power = np.square(np.abs(given))
    hz = np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE)
    typical = np.median(power[(hz > LOW_HZ) & (hz < HIGH_HZ)])
    return np.asarray(np.fft.irfft(got * np.conj(given) / (power + REGULARISATION * typical), size))


def _measure(aligned: Doubles, k: int) -> Measurement:
    response = _deconvolved(aligned, k)
    hz = np.array(READ_HZ, dtype=np.float64)
    linear = _magnitudes(response, 1, hz)
    harmonics = [
        np.where(n * hz < HIGH_HZ, _magnitudes(response, n, n * hz), 0.0) for n in range(2, HARMONICS + 1)
    ]
    distortion = 100.0 * np.sqrt(np.square(harmonics).sum(axis=0)) / np.maximum(linear, 1e-12)
    return Measurement(LEVELS_DBFS[k], hz, 20.0 * np.log10(np.maximum(linear, 1e-12)), distortion)


def _magnitudes(response: Doubles, n: int, hz: Doubles) -> Doubles:
    """Magnitudes at `hz` of harmonic n's response, which lies L ln n before the impulse response."""
    scale = SWEEP_SECONDS / math.log(HIGH_HZ / LOW_HZ)
    early = scale * math.log(n)
    gap = scale * math.log((n + 1) / n)  # to the next harmonic before
    before = round(min(EARLY_SECONDS, 0.3 * gap) * SAMPLE_RATE)
    # What follows must end before the harmonic after it, n - 1, begins.
    after_gap = LATE_SECONDS if n == 1 else min(LATE_SECONDS, 0.9 * scale * math.log(n / (n - 1)))
    index = np.arange(-before, round(after_gap * SAMPLE_RATE))
    part = np.roll(response, round(early * SAMPLE_RATE))[index]
    fade = np.minimum(1.0, (len(index) - np.arange(len(index))) / (0.2 * len(index)))
    return np.asarray(np.abs(np.exp(-2j * np.pi * hz[:, None] * index / SAMPLE_RATE) @ (part * fade)))


def table_of(measurements: list[Measurement]) -> Table:
    """(level in dBFS, distortion in percent) at each frequency, as `limits_of_table` takes it."""
    return {
        float(f): [(m.level_dbfs, float(m.distortion_percent[j])) for m in measurements]
        for j, f in enumerate(measurements[0].hz)
    }
