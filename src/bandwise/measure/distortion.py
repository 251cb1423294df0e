"""Distortion of steady tones, and of programme, through a processor.

Tones have whole numbers of hertz and are measured over exactly one second of the steady state, so that every
tone and every product falls into one bin of a plain FFT and nothing leaks. What gives silence has none: NaN.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Doubles = NDArray[np.float64]
Process = Callable[[Doubles], NDArray[np.floating]]

SETTLE_SECONDS = 3
HARMONICS = 10
SMPTE_HZ, SMPTE_RATIO = (60, 7_000), 4.0
CCIF_HZ = (19_000, 20_000)
MULTITONE_HZ = (31, 43, 61, 86, 122, 173, 244, 346, 489, 691, 977, 1_381, 1_953, 2_763, 3_907, 5_525, 7_813)
GAPS_HZ = (300.0, 700.0, 1_500.0, 3_500.0, 8_000.0)


def tones(hz: Sequence[float], amplitudes: Sequence[float], sample_rate: int, seconds: float) -> Doubles:
    """A sum of sines, (frames,); phases spread by Schroeder's rule to keep the crest factor low."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    phases = -np.pi * np.arange(len(hz)) ** 2 / max(1, len(hz))
    parts = zip(hz, amplitudes, phases, strict=True)
    return np.asarray(sum(a * np.sin(2.0 * np.pi * f * time + p) for f, a, p in parts))


def steady_spectrum(process: Process, x: Doubles, sample_rate: int) -> Doubles:
    """Amplitude per hertz, (sample_rate // 2 + 1,), of the last second of what `process` makes of x."""
    y = np.asarray(process(x), dtype=np.float64)[-sample_rate:]
    return np.asarray(np.abs(np.fft.rfft(y)) * 2.0 / sample_rate)


def _root_sum_square(amplitudes: ArrayLike) -> float:
    return float(np.sqrt(np.square(np.asarray(amplitudes)).sum()))


def _percent(rest: ArrayLike, whole: float) -> float:
    """Root of the sum of the squares of `rest`, in percent of `whole`; NaN where nothing came out at all."""
    return 100.0 * _root_sum_square(rest) / whole if whole > 0.0 else math.nan


def harmonic_distortion(
    process: Process, hz: int, level_db: float, sample_rate: int = 48_000
) -> tuple[float, float]:
    """(THD, THD+N) in percent of a sine: harmonics 2 to 10, and everything but the sine, over the sine.

    Args:
        process: (frames,) -> (frames,); it is given 4 seconds of the tone.
        hz: a whole number.
        level_db: peak level against full scale.
        sample_rate: Hz, a whole number.
    """
    x = tones([hz], [10 ** (level_db / 20)], sample_rate, SETTLE_SECONDS + 1)
    spectrum = steady_spectrum(process, x, sample_rate)
    harmonics, sine = spectrum[2 * hz : HARMONICS * hz + 1 : hz], float(spectrum[hz])
    return _percent(harmonics, sine), _percent(np.delete(spectrum, [0, hz]), sine)


def smpte_intermodulation(process: Process, level_db: float, sample_rate: int = 48_000) -> float:
    """SMPTE RP 120: 60 Hz and 7 kHz at 4:1; how much 7 kHz is modulated, in percent of it.

    The two side bands at 60, 120 or 180 Hz from it belong to one modulation: their amplitudes are added.
    The three sums are combined as the root of the sum of their squares (IEC 60268-3).
    """
    low, high = SMPTE_HZ
    peak = 10 ** (level_db / 20)
    amplitudes = [peak * SMPTE_RATIO / (1 + SMPTE_RATIO), peak / (1 + SMPTE_RATIO)]
    spectrum = steady_spectrum(
        process, tones(SMPTE_HZ, amplitudes, sample_rate, SETTLE_SECONDS + 1), sample_rate
    )
    sums = [spectrum[high - k * low] + spectrum[high + k * low] for k in (1, 2, 3)]
    return _percent(sums, float(spectrum[high]))


def ccif_intermodulation(process: Process, level_db: float, sample_rate: int = 48_000) -> float:
    """CCIF (ITU-R): 19 and 20 kHz alike; the products at 1, 18 and 21 kHz in percent of both tones.

    The amplitudes of those at 18 and 21 kHz, of the third order, are added; this sum and that at 1 kHz are
    combined as the root of the sum of their squares (IEC 60268-3).
    """
    low, high = CCIF_HZ
    amplitudes = [10 ** (level_db / 20) / 2.0] * 2
    spectrum = steady_spectrum(
        process, tones(CCIF_HZ, amplitudes, sample_rate, SETTLE_SECONDS + 1), sample_rate
    )
    sums = [spectrum[high - low], spectrum[2 * low - high] + spectrum[2 * high - low]]
    return _percent(sums, float(spectrum[low] + spectrum[high]))


def multitone_distortion(process: Process, level_db: float, sample_rate: int = 48_000) -> float:
    """17 tones, half an octave apart, falling by 3 dB per octave; all that is no tone, in percent."""
    shape = np.array(MULTITONE_HZ, dtype=np.float64) ** -0.5
    x = tones(MULTITONE_HZ, shape.tolist(), sample_rate, SETTLE_SECONDS + 1)
    x *= 10 ** (level_db / 20) / np.abs(x).max()
    spectrum = steady_spectrum(process, x, sample_rate)
    kept = _root_sum_square(spectrum[list(MULTITONE_HZ)])
    return _percent(np.delete(spectrum, [0, *MULTITONE_HZ]), kept)


def programme_distortion(process: Process, x: ArrayLike, sample_rate: int) -> float:
    """What appears in narrow gaps cut into a recording, in percent of what belongs there (RMS).

    Args:
        process: (frames,) -> (frames,), aligned with its input, fresh at every call.
        x: (frames,) a recording.
        sample_rate: Hz.

    The noise power ratio of radio engineering: gaps of a third of an octave around `GAPS_HZ` are cut into the
    spectrum; products of distortion, and side bands of gain that moves fast, fall into them; the inner half
    of each gap is compared with the same band of the recording processed without gaps. Gain that moves
    slowly, however much, does not count.
    """
    samples = np.asarray(x, dtype=np.float64)
    spectrum = np.fft.rfft(samples)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(samples), 1.0 / sample_rate), 1e-9))
    distance = np.abs(octaves[:, None] - np.log2(GAPS_HZ)).min(axis=1)
    with_gaps = np.fft.irfft(np.where(distance < 1 / 6, 0.0, spectrum), len(samples))
    inside = distance < 1 / 12
    fallen, whole = (np.abs(np.fft.rfft(process(y))[inside]) for y in (with_gaps, samples))
    return _percent(fallen, _root_sum_square(whole))
