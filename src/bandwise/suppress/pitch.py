"""The pitch track: how much the signal looks like its own past, and the likeliest path through that.

Every hop scores all periods from 2 to 16 ms (500 to 62.5 Hz) by the normalised correlation of the newest
40 ms with what lay one period earlier. Dynamic programming (Viterbi) then finds the path of periods whose
scores, less the cost of every change, are best together. The period of the current frame is read one hop
late from that path: the hop comes out of the look-ahead, so it costs no delay.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.suppress.buffers import shift
from bandwise.suppress.stft import HOP_SAMPLES, SAMPLE_RATE, Array

DECIMATION = 4
TRACK_RATE = SAMPLE_RATE // DECIMATION
MIN_LAG = TRACK_RATE // 500
MAX_LAG = TRACK_RATE * 10 // 625
LAGS = MAX_LAG - MIN_LAG + 1
TRACK_HOP = HOP_SAMPLES // DECIMATION
TRACK_WINDOW = 4 * TRACK_HOP
TRACK_HISTORY = TRACK_WINDOW + MAX_LAG

MIN_PERIOD = MIN_LAG * DECIMATION
MAX_PERIOD = MAX_LAG * DECIMATION

# Chosen on speech in noise of 10, 5 and 0 dB. A change of period by one octave costs as much as CHANGE_COST
# of correlation, any change at most JUMP_COST; an octave more of period costs LONG_COST, since twice the
# period of a voice fits it as well as the period itself.
CHANGE_COST = 1.5
JUMP_COST = 1.2
LONG_COST = 0.06

# Lags are DECIMATION samples apart; the true period lies within half of that, or a little more in noise.
REFINED_BY = 3

# Rumble below the voice looks like its own past, too. A zero at 0 Hz and a pole take it out: -3 dB at 80 Hz.
RUMBLE_POLE = np.float32(np.exp(-2 * np.pi * 80.0 / TRACK_RATE))

# Correlation is 0, not noise, where the mean square lies below -100 dB.
SILENCE = 1e-10 * TRACK_WINDOW
NEXT_TO_NOTHING = np.float32(1e-12)
"""-240 dBFS. Squares of much smaller samples are numbers that processors take a hundred times as long for."""

_OCTAVES = np.log2(np.arange(MIN_LAG, MAX_LAG + 1) / MIN_LAG)
STEP_COST = (CHANGE_COST * np.diff(_OCTAVES)).astype(np.float32)
LAG_COST = (LONG_COST * _OCTAVES).astype(np.float32)


def low_pass(taps: int = 48, cutoff_hz: float = 3_000.0) -> Array:
    """Windowed-sinc filter before decimation, `taps` long, gain 1 at 0 Hz."""
    n = np.arange(taps) - (taps - 1) / 2
    impulse = np.sinc(2 * cutoff_hz / SAMPLE_RATE * n) * np.hamming(taps)
    unit_gain: Array = (impulse / impulse.sum()).astype(np.float32)
    return unit_gain


LOW_PASS = low_pass()


@kernel
def decimate(history: Array, low: Array, rumble: Array) -> None:
    """Append the newest hop of `history` (48 kHz) to `low` (12 kHz, TRACK_HISTORY samples), without rumble.

    `rumble` holds the last sample before and after that filter.
    """
    shift(low, TRACK_HOP)
    for m in range(TRACK_HOP):
        end = history.shape[0] - HOP_SAMPLES + DECIMATION * (m + 1)
        total = np.float32(0.0)
        for k in range(LOW_PASS.shape[0]):
            total += LOW_PASS[k] * history[end - 1 - k]
        rumble[1] = RUMBLE_POLE * rumble[1] + total - rumble[0]
        if abs(rumble[1]) < NEXT_TO_NOTHING:
            rumble[1] = 0.0  # else it decays for ever
        rumble[0] = total
        low[TRACK_HISTORY - TRACK_HOP + m] = rumble[1]


@kernel
def correlate(low: Array, correlation: Array) -> None:
    """Normalised correlation of the newest TRACK_WINDOW samples with those `lag` earlier, for every lag.

    c(lag) = sum x(n) x(n - lag) / sqrt(sum x(n)^2  sum x(n - lag)^2), in [-1, 1].
    """
    for i in range(LAGS):
        correlation[i] = 0.0
    for n in range(TRACK_WINDOW):  # all lags side by side: fast, and every sum in the order of time
        now = low[MAX_LAG + n]
        for i in range(LAGS):
            correlation[i] += now * low[MAX_LAG + n - MIN_LAG - i]
    energy = energy_from(low, MAX_LAG)
    past_energy = energy_from(low, MAX_LAG - MIN_LAG + 1)
    for i in range(LAGS):
        first = MAX_LAG - MIN_LAG - i
        past_energy += np.float64(low[first]) ** 2 - np.float64(low[first + TRACK_WINDOW]) ** 2
        correlation[i] /= np.sqrt(energy * max(past_energy, SILENCE))


@kernel
def energy_from(low: Array, first: int) -> float:
    """Energy of TRACK_WINDOW samples, never quite nothing."""
    energy = SILENCE
    for n in range(first, first + TRACK_WINDOW):
        energy += np.float64(low[n]) ** 2
    return energy


@kernel
def advance(best: Array, correlation: Array, came_from: NDArray[np.int64]) -> None:
    """One Viterbi step: `best` (LAGS,) path scores of the last frame become those of this one.

    The cost of a change is a sum of STEP_COST over the lags between, so the best predecessor of every lag
    is found by one sweep up and one down (a distance transform) instead of comparing all pairs.
    `came_from` receives the predecessors.
    """
    top = np.argmax(best)
    jump = best[top] - np.float32(JUMP_COST)
    for i in range(LAGS):
        came_from[i] = i
    for i in range(1, LAGS):
        if best[i - 1] - STEP_COST[i - 1] > best[i]:
            best[i] = best[i - 1] - STEP_COST[i - 1]
            came_from[i] = came_from[i - 1]
    for i in range(LAGS - 2, -1, -1):
        if best[i + 1] - STEP_COST[i] > best[i]:
            best[i] = best[i + 1] - STEP_COST[i]
            came_from[i] = came_from[i + 1]
    highest = np.float32(-np.inf)
    for i in range(LAGS):
        if jump > best[i]:
            best[i] = jump
            came_from[i] = top
        best[i] += max(correlation[i], np.float32(0.0)) - LAG_COST[i]
        highest = max(highest, best[i])
    for i in range(LAGS):
        best[i] -= highest


@kernel
def refine(history: Array, start: int, samples: int, period: int) -> int:
    """Period at 48 kHz, within REFINED_BY samples of `period`, at which the frame best fits its neighbours.

    The frame is history[start : start + samples]; one period before and after it must be there. The two are
    added, since both match a voice; each counts in the norm for itself, for the norm of their sum falls with
    it where they disagree and would hide that.
    """
    best, best_match = period, np.float32(-np.inf)
    frame = history[start : start + samples]
    products, energies = np.empty(samples, np.float32), np.empty(samples, np.float32)
    lowest = max(period - REFINED_BY, MIN_PERIOD)
    for candidate in range(lowest, min(period + REFINED_BY, MAX_PERIOD) + 1):
        before = history[start - candidate : start - candidate + samples]
        after = history[start + candidate : start + candidate + samples]
        for n in range(samples):
            products[n] = frame[n] * (before[n] + after[n])
            energies[n] = before[n] * before[n] + after[n] * after[n]
        match = total(products) / np.sqrt(total(energies) + np.float32(1e-9))
        if match > best_match:
            best, best_match = candidate, match
    return best


@kernel
def total(x: Array) -> np.float32:
    """Sum of x, which is used up: halves are added until their number is odd, many numbers at a time."""
    left = x.size
    while left and left % 2 == 0:
        left //= 2
        for n in range(left):
            x[n] += x[left + n]
    result: np.float32 = np.float32(0.0)
    for n in range(left):
        result += x[n]
    return result
