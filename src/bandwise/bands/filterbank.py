"""The compiled part of the crossover: a cascade of Linkwitz-Riley splits on rows of samples.

A section is a state variable filter in the trapezoidal form (A. Simper, "Linear trapezoidal integrated SVF",
2013), whose states are the outputs of its two integrators. Its corner can therefore move from sample to
sample without a jump, and double precision holds 20 Hz at 192 kHz.

Only the low branch of a split is filtered twice. The high branch is the all-pass minus the low one, so that
low + high = allpass holds by construction, for every sample, also while a cutoff moves; and every lower band
passes the same all-pass with the same coefficients, so that the sum of all bands is one running all-pass.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.linkwitz_riley import DAMPING
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

LOW_SECTIONS = {2: 0, 4: 1, 8: 3}  # low-pass sections after the one that shares its states with the all-pass
COEFFICIENTS = 24
NEAR_NYQUIST = 0.05  # period below which a corner (over 0.484 f_s) moves through nothing that is heard
CHUNK = 32  # samples per pass over the cascade: rows stay in the first-level cache
SILENT = 1e-30  # states below this become zero, long before they could turn denormal


class Bank(NamedTuple):
    """Everything a running cascade of K splits, S all-pass sections each, for C channels, is made of."""

    compensated: bool  # False leaves the all-passes of the lower bands out
    damping: Doubles  # (S,) damping of each section
    period: Doubles  # (K,) 1 / tan(pi f_c / f_s) now; at 0 a split is transparent: all is low
    target: Doubles  # (K,) period at the end of the glide
    pace: Doubles  # (K,) how much `travel` of the period moves per sample of the glide
    gliding: Integers  # (1,) samples of the glide still to come
    phase: Integers  # (1,) samples since silence was last looked for
    coefficients: Doubles  # (K, S, 24), see `section_coefficients`
    allpass_state: Doubles  # (K, S, (K + 1) C, 2)
    low_state: Doubles  # (K, low sections, C, 2)
    low: Doubles  # (1, CHUNK) scratch


def make_bank(period: Doubles, order: int, channels: int, compensated: bool = True) -> Bank:
    """A bank at rest whose splits have these periods."""
    splits, damping = len(period), np.asarray(DAMPING[order])
    sections, lanes = len(damping), (splits + 1) * channels
    bank = Bank(
        compensated=compensated,
        damping=damping,
        period=period.astype(np.float64),
        target=period.astype(np.float64),
        pace=np.zeros(splits),
        gliding=np.zeros(1, np.int64),
        phase=np.zeros(1, np.int64),
        coefficients=np.zeros((splits, sections, COEFFICIENTS)),
        allpass_state=np.zeros((splits, sections, lanes, 2)),
        low_state=np.zeros((splits, LOW_SECTIONS[order], channels, 2)),
        low=np.zeros((1, CHUNK)),
    )
    for k in range(splits):
        tune_split(bank, k)
    return bank


@kernel
def section_coefficients(period: float, k: float, whole: bool, out: Doubles) -> None:
    """Fill `out` with one section: states (p, q), input x.

    p' = out[0] p + out[1] q + out[2] x          all-pass = out[6] p + out[7] q + out[8] x
    q' = out[3] p + out[4] q + out[5] x          low-pass = out[9] p + out[10] q + out[11] x

    Simper's v1 (band-pass) and v2 (low-pass) are a1 p + a2 (x - q) and q + a2 p + a3 (x - q); the states
    become 2 v1 - p and 2 v2 - q. All-pass is x - 2 k v1; where a section is the `whole` split (order 2),
    low - high = 2 v2 + k v1 - x. Written with the period 1 / g, so that g may be infinite.
    """
    a3 = 1.0 / (1.0 + period * (period + k))
    a2 = period * a3
    a1 = period * a2
    out[0], out[1], out[2] = 2.0 * a1 - 1.0, -2.0 * a2, 2.0 * a2
    out[3], out[4], out[5] = 2.0 * a2, 1.0 - 2.0 * a3, 2.0 * a3
    out[9], out[10], out[11] = a2, 1.0 - a3, a3
    if whole:
        out[6], out[7], out[8] = k * a1 + 2.0 * a2, 2.0 * (1.0 - a3) - k * a2, k * a2 + 2.0 * a3 - 1.0
    else:
        out[6], out[7], out[8] = -2.0 * k * a1, 2.0 * k * a2, 1.0 - 2.0 * k * a2
    step_twice(out)


@kernel
def step_twice(c: Doubles) -> None:
    """Complete a section with the coefficients of two samples x, z at once, from those of one.

    p'' = c[12] p + c[13] q + c[14] x + c[2] z      second all-pass = c[18] p + c[19] q + c[20] x + c[8] z
    q'' = c[15] p + c[16] q + c[17] x + c[5] z      second low-pass = c[21] p + c[22] q + c[23] x + c[11] z

    With s' = A s + B x and y = C s + d x these are A^2, A B, C A and C B. Two samples then wait for one turn
    around the states, which is what a recursive filter spends its time on.
    """
    c[12], c[13] = c[0] * c[0] + c[1] * c[3], c[0] * c[1] + c[1] * c[4]
    c[15], c[16] = c[3] * c[0] + c[4] * c[3], c[3] * c[1] + c[4] * c[4]
    c[14], c[17] = c[0] * c[2] + c[1] * c[5], c[3] * c[2] + c[4] * c[5]
    for one, two in ((6, 18), (9, 21)):
        c[two] = c[one] * c[0] + c[one + 1] * c[3]
        c[two + 1] = c[one] * c[1] + c[one + 1] * c[4]
        c[two + 2] = c[one] * c[2] + c[one + 1] * c[5]


@kernel
def tune_split(bank: Bank, k: int) -> None:
    """Recompute the coefficients of split `k` from its present period."""
    whole = bank.low_state.shape[1] == 0
    for section in range(bank.damping.shape[0]):
        section_coefficients(bank.period[k], bank.damping[section], whole, bank.coefficients[k, section])


# The kernels below index whole arrays instead of cutting rows out of them: a view costs two atomic operations
# on its reference count, more than a section needs for several samples.


@kernel
def run_section(
    coefficients: Doubles,
    k: int,
    s: int,
    output: int,
    states: Doubles,
    slot: int,
    at: int,
    lane: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """Pass rows[lane, start:stop] in place through section s of split k, whose state is states[k, slot, at].

    `output` is 6 for the all-pass, 9 for the low-pass.
    """
    p, q = states[k, slot, at, 0], states[k, slot, at, 1]
    c0, c1, c2 = coefficients[k, s, 0], coefficients[k, s, 1], coefficients[k, s, 2]
    c3, c4, c5 = coefficients[k, s, 3], coefficients[k, s, 4], coefficients[k, s, 5]
    e, f, d = coefficients[k, s, output], coefficients[k, s, output + 1], coefficients[k, s, output + 2]
    for n in range(start, stop):
        x = rows[lane, n]
        rows[lane, n] = (d * x + e * p) + f * q
        next_p = (c2 * x + c1 * q) + c0 * p
        q = (c5 * x + c3 * p) + c4 * q
        p = next_p
    states[k, slot, at, 0], states[k, slot, at, 1] = p, q


@kernel
def tap_section(
    coefficients: Doubles,
    k: int,
    states: Doubles,
    lane: int,
    rows: Doubles,
    start: int,
    stop: int,
    low: Doubles,
) -> None:
    """All-pass rows[lane, start:stop] in place; the same section's low-pass goes to low[0, :]."""
    p, q = states[k, 0, lane, 0], states[k, 0, lane, 1]
    c0, c1, c2 = coefficients[k, 0, 0], coefficients[k, 0, 1], coefficients[k, 0, 2]
    c3, c4, c5 = coefficients[k, 0, 3], coefficients[k, 0, 4], coefficients[k, 0, 5]
    c6, c7, c8 = coefficients[k, 0, 6], coefficients[k, 0, 7], coefficients[k, 0, 8]
    c9, c10, c11 = coefficients[k, 0, 9], coefficients[k, 0, 10], coefficients[k, 0, 11]
    for n in range(start, stop):
        x = rows[lane, n]
        low[0, n - start] = (c11 * x + c9 * p) + c10 * q
        rows[lane, n] = (c8 * x + c6 * p) + c7 * q
        next_p = (c2 * x + c1 * q) + c0 * p
        q = (c5 * x + c3 * p) + c4 * q
        p = next_p
    states[k, 0, lane, 0], states[k, 0, lane, 1] = p, q


@kernel
def split_lane_lr4(
    coefficients: Doubles,
    k: int,
    allpass: Doubles,
    lows: Doubles,
    channel: int,
    channels: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """Order 4 in one loop: both sections share their coefficients and run side by side."""
    lane = k * channels + channel
    p, q = allpass[k, 0, lane, 0], allpass[k, 0, lane, 1]
    u, v = lows[k, 0, channel, 0], lows[k, 0, channel, 1]
    c0, c1, c2 = coefficients[k, 0, 0], coefficients[k, 0, 1], coefficients[k, 0, 2]
    c3, c4, c5 = coefficients[k, 0, 3], coefficients[k, 0, 4], coefficients[k, 0, 5]
    c6, c7, c8 = coefficients[k, 0, 6], coefficients[k, 0, 7], coefficients[k, 0, 8]
    c9, c10, c11 = coefficients[k, 0, 9], coefficients[k, 0, 10], coefficients[k, 0, 11]
    for n in range(start, stop):
        x = rows[lane, n]
        half = (c11 * x + c9 * p) + c10 * q
        both = (c8 * x + c6 * p) + c7 * q
        low = (c11 * half + c9 * u) + c10 * v
        p, q = (c2 * x + c1 * q) + c0 * p, (c5 * x + c3 * p) + c4 * q
        u, v = (c2 * half + c1 * v) + c0 * u, (c5 * half + c3 * u) + c4 * v
        rows[lane, n] = low
        rows[lane + channels, n] = both - low
    allpass[k, 0, lane, 0], allpass[k, 0, lane, 1] = p, q
    lows[k, 0, channel, 0], lows[k, 0, channel, 1] = u, v


@kernel
def run_split(
    coefficients: Doubles,
    allpass: Doubles,
    lows: Doubles,
    low: Doubles,
    k: int,
    channels: int,
    first_lane: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """Split `k`: the rows of bands below it pass its all-pass, its own rows become low and high branch."""
    sections, low_sections = coefficients.shape[1], lows.shape[1]
    for lane in range(first_lane, k * channels):
        for s in range(sections):
            run_section(coefficients, k, s, 6, allpass, s, lane, lane, rows, start, stop)
    if low_sections == 1:
        for channel in range(channels):
            split_lane_lr4(coefficients, k, allpass, lows, channel, channels, rows, start, stop)
        return
    for channel in range(channels):
        lane = k * channels + channel
        tap_section(coefficients, k, allpass, lane, rows, start, stop, low)
        for s in range(1, sections):
            run_section(coefficients, k, s, 6, allpass, s, lane, lane, rows, start, stop)
        for s in range(low_sections):
            run_section(coefficients, k, (s + 1) % sections, 9, lows, s, channel, 0, low, 0, stop - start)
        for n in range(start, stop):
            rows[lane + channels, n] = rows[lane, n] - low[0, n - start]
            rows[lane, n] = low[0, n - start]


@kernel
def travel_slope(period: float) -> float:
    """Derivative of `retuning.travel`: a corner moves the slower, the more it changes the delay of a tone."""
    return 1.0 + 1.0 / (period * period + NEAR_NYQUIST * NEAR_NYQUIST)


@kernel
def advance_glide(bank: Bank) -> None:
    """Move every corner by one sample of its glide.

    d/dt (p^2 + q^2) = w / (4 k) (x^2 - y^2) for an all-pass with corner w, states p and q, input x, output y:
    what an all-pass stores is (p^2 + q^2) / w. Scaling the states by the root of w therefore keeps it
    lossless while its corner moves, and a split that comes from or arrives at a period of 0 is empty.
    """
    bank.gliding[0] -= 1
    for k in range(bank.period.shape[0]):
        before = bank.period[k]
        if before == bank.target[k]:
            continue
        middle = before + 0.5 * bank.pace[k] / travel_slope(before)
        bank.period[k] = (
            before + bank.pace[k] / travel_slope(middle) if bank.gliding[0] > 0 else bank.target[k]
        )
        scale = np.sqrt(before / bank.period[k]) if bank.period[k] > 0.0 else 0.0
        scale_states(bank.allpass_state, k, scale)
        scale_states(bank.low_state, k, scale)
        tune_split(bank, k)


@kernel
def scale_states(states: Doubles, k: int, scale: float) -> None:
    """Multiply every state of split `k`."""
    for s in range(states.shape[1]):
        for lane in range(states.shape[2]):
            states[k, s, lane, 0] *= scale
            states[k, s, lane, 1] *= scale


@kernel
def split_bands(bank: Bank, channels: int, rows: Doubles, start: int, stop: int) -> None:
    """Split columns start:stop of `rows`, ((K + 1) C, n): the first C rows hold the signal, all are filled.

    The result does not depend on where a signal is cut into calls.
    """
    c, a, lows, low, phase = bank.coefficients, bank.allpass_state, bank.low_state, bank.low, bank.phase
    begin = start
    while begin < stop:
        end = min(stop, begin + CHUNK - phase[0])
        if bank.gliding[0] > 0:
            split_gliding(bank, channels, rows, begin, end)
        else:
            split_steady(c, a, lows, low, bank.compensated, channels, rows, begin, end)
        tidy(a, lows, phase, end - begin)
        begin = end


@kernel
def split_steady(
    coefficients: Doubles,
    allpass: Doubles,
    lows: Doubles,
    low: Doubles,
    compensated: bool,
    channels: int,
    rows: Doubles,
    start: int,
    stop: int,
) -> None:
    """All splits one after the other over at most CHUNK samples; no corner moves."""
    for k in range(coefficients.shape[0]):
        first_lane = 0 if compensated else k * channels
        run_split(coefficients, allpass, lows, low, k, channels, first_lane, rows, start, stop)


@kernel
def split_gliding(bank: Bank, channels: int, rows: Doubles, start: int, stop: int) -> None:
    """All splits, sample by sample while corners move."""
    c, a, lows, low = bank.coefficients, bank.allpass_state, bank.low_state, bank.low
    for n in range(start, stop):
        if bank.gliding[0] > 0:
            advance_glide(bank)
        split_steady(c, a, lows, low, bank.compensated, channels, rows, n, n + 1)


@kernel
def tidy(allpass: Doubles, lows: Doubles, phase: Integers, frames: int) -> None:
    """Every CHUNK samples of the stream set vanishing states to zero, before they could turn denormal."""
    phase[0] += frames
    if phase[0] < CHUNK:
        return
    phase[0] = 0
    clear_silence(allpass)
    clear_silence(lows)


@kernel
def clear_silence(states: Doubles) -> None:
    """Set vanishing states to zero so that silence never runs on denormal numbers."""
    flat = states.reshape(states.size)
    for i in range(flat.shape[0]):
        flat[i] = 0.0 if abs(flat[i]) < SILENT else flat[i]
