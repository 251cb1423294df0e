"""How much room is in a voice: its modulation (SRMR, needs SciPy), and how it decays where words end."""

import numpy as np
from numpy.typing import NDArray

from bandwise.measure.quality import SCORING_RATE, Signal, at_rate

Doubles = NDArray[np.float64]

COCHLEAR_BANDS, LOWEST_HZ, HIGHEST_HZ = 23, 125.0, 7_200.0
MODULATIONS_HZ = 4.0 * 2.0 ** (np.arange(8) * 5 / 7)
SPEECH_MODULATIONS = 4
MODULATION_Q = 2.0
ENVELOPE_RATE_HZ = 1_000

STEP_S = 0.005
BEFORE_S, AFTER_S = 0.1, 0.5
LEAST_DROP_DB = 25.0
QUIET_FROM_S = 0.05


def srmr(x: Signal, sample_rate: int) -> float:
    """Speech-to-reverberation modulation energy ratio of `x[n]` (Falk, Zheng and Chan, IEEE TASLP 2010).

    Envelopes of 23 gammatone bands through eight band-pass filters of Q 2 from 4 to 128 Hz; the energy of
    the lowest four over that of the others, as far up as the bands that hold 90 % of the energy can be
    modulated. Speech lives in the lower ones, a decaying room spreads into the upper. More is drier; silence
    has none (NaN).
    """
    energies = modulation_energies(np.asarray(at_rate(x, sample_rate), dtype=np.float64))
    if not energies.sum():
        return float("nan")
    shares = np.cumsum(energies.sum(axis=1)) / max(energies.sum(), 1e-30)
    highest = modulations_within(_erb_hz(cochlear_centres()[int(np.searchsorted(shares, 0.9))]))
    totals = energies.sum(axis=0)
    return float(totals[:SPEECH_MODULATIONS].sum() / max(totals[SPEECH_MODULATIONS:highest].sum(), 1e-30))


def modulations_within(bandwidth_hz: float) -> int:
    """How many modulation filters begin below this, which is the fastest modulation that such a band passes.

    The pass band of one at f begins at f - f / (2 Q), half its bandwidth below the centre. At least five
    count, or nothing would be left beside those of speech.
    """
    begin_hz = MODULATIONS_HZ * (1 - 1 / (2 * MODULATION_Q))
    return max(SPEECH_MODULATIONS + 1, int(np.sum(begin_hz <= bandwidth_hz)))


def modulation_energies(x: Doubles) -> Doubles:
    """(23, 8) mean squares of the envelopes of `x[n]` at 16 kHz, by cochlear band and modulation filter."""
    from scipy import signal

    step = SCORING_RATE // ENVELOPE_RATE_HZ
    filters = [signal.iirpeak(hz, MODULATION_Q, fs=ENVELOPE_RATE_HZ) for hz in MODULATIONS_HZ]
    energies = np.empty((COCHLEAR_BANDS, len(filters)))
    for band, hz in enumerate(cochlear_centres()):
        heard = signal.lfilter(*signal.gammatone(hz, "iir", fs=SCORING_RATE), x)
        envelope = signal.resample_poly(np.abs(signal.hilbert(heard)), 1, step)
        energies[band] = [np.mean(signal.lfilter(*peak, envelope) ** 2) for peak in filters]
    return energies


def cochlear_centres() -> Doubles:
    """Centre frequencies in Hz, equally far apart in ERB (Glasberg and Moore 1990), lowest first."""
    low, high = (np.log1p(hz / (24.7 * 9.265)) for hz in (LOWEST_HZ, HIGHEST_HZ))
    return np.asarray(24.7 * 9.265 * np.expm1(np.linspace(low, high, COCHLEAR_BANDS)))


def _erb_hz(hz: float) -> float:
    return float(24.7 + hz / 9.265)


def word_ends(dry: Signal, sample_rate: int) -> NDArray[np.int64]:
    """Samples of `dry[n]` at which a word ends and nothing follows for half a second.

    The level over the next half second, from 50 ms on, stays 25 dB under that of the 100 ms before.
    """
    power, hop = _powers(dry, sample_rate), round(STEP_S * sample_rate)
    before, after = round(BEFORE_S / STEP_S), round(AFTER_S / STEP_S)
    quiet = round(QUIET_FROM_S / STEP_S)
    ends: list[int] = []
    for t in range(before, len(power) - after):
        word, rest = power[t - before : t].mean(), power[t + quiet : t + after].max()
        loud = word > 0.1 * power.mean()
        if loud and rest < word * 10 ** (-LEAST_DROP_DB / 10) and (not ends or t - ends[-1] > after):
            ends.append(t)
    return np.array(ends, dtype=np.int64) * hop


def decay_curves_db(x: Signal, ends: NDArray[np.int64], sample_rate: int) -> Doubles:
    """(ends, 100) level in dB every 5 ms for half a second after each word end, re the 100 ms before it."""
    power, hop = _powers(x, sample_rate), round(STEP_S * sample_rate)
    before, after = round(BEFORE_S / STEP_S), round(AFTER_S / STEP_S)
    curves = [power[t : t + after] / max(power[t - before : t].mean(), 1e-20) for t in ends // hop]
    return np.asarray(10 * np.log10(np.reshape(curves, (-1, after)) + 1e-9))


def decay_time_s(curve_db: Doubles) -> float:
    """Time to fall by 60 dB, from a line through the curve 5 to 25 dB below its start; NaN if it stays."""
    relative = curve_db - curve_db[0]
    below = [np.flatnonzero(relative <= level) for level in (-5, -25)]
    if not all(len(found) for found in below):
        return float("nan")
    first, last = int(below[0][0]), max(int(below[1][0]), int(below[0][0]) + 1)
    slope = np.polyfit(np.arange(first, last + 1) * STEP_S, curve_db[first : last + 1], 1)[0]
    return float(-60.0 / slope)


def _powers(x: Signal, sample_rate: int) -> Doubles:
    """Mean squares of steps of 5 ms."""
    hop = round(STEP_S * sample_rate)
    samples = np.asarray(x, dtype=np.float64)[: len(x) // hop * hop]
    return np.asarray((samples.reshape(-1, hop) ** 2).mean(axis=1))
