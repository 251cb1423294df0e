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

LOW_SECTIONS = {2: 0, 4: 1, 8: 3}  # low-pass sections after the one that shares its states with the all-pass
CHUNK = 32  # samples per pass over the cascade: rows stay in the first-level cache
SILENT = 1e-30  # states below this become zero, long before they could turn denormal


class Bank(NamedTuple):
    """Everything a running cascade of K splits, S all-pass sections each, for C channels, is made of."""

    damping: Doubles  # (S,) damping of each section
    warp: Doubles  # (K,) g = tan(pi f_c / f_s) now
    target: Doubles  # (K,) g at the end of the glide
    root_step: Doubles  # (K,) how much g^(1/4) moves per sample while a cutoff glides
    gliding: NDArray[np.int64]  # (K,) samples of the glide still to come
    phase: NDArray[np.int64]  # (1,) samples since silence was last looked for
    coefficients: Doubles  # (K, S, 12), see `section_coefficients`
    allpass_state: Doubles  # (K, S, (K + 1) C, 2)
    low_state: Doubles  # (K, low sections, C, 2)
    low: Doubles  # (CHUNK,) scratch


def make_bank(warp: Doubles, order: int, channels: int) -> Bank:
    """A bank at rest with corners at `warp`."""
    splits, damping = len(warp), np.asarray(DAMPING[order])
    sections, lanes = len(damping), (splits + 1) * channels
    bank = Bank(
        damping=damping,
        warp=warp.astype(np.float64),
        target=warp.astype(np.float64),
        root_step=np.zeros(splits),
        gliding=np.zeros(splits, np.int64),
        phase=np.zeros(1, np.int64),
        coefficients=np.zeros((splits, sections, 12)),
        allpass_state=np.zeros((splits, sections, lanes, 2)),
        low_state=np.zeros((splits, LOW_SECTIONS[order], channels, 2)),
        low=np.zeros(CHUNK),
    )
    for k in range(splits):
        tune_split(bank, k)
    return bank


@kernel
def section_coefficients(g: float, k: float, inverted: bool, out: Doubles) -> None:
    """Fill `out` with one section: states (p, q), input x.

    p' = out[0] p + out[1] q + out[2] x          all-pass = out[6] p + out[7] q + out[8] x
    q' = out[3] p + out[4] q + out[5] x          low-pass = out[9] p + out[10] q + out[11] x

    Simper's v1 (band-pass) and v2 (low-pass) are a1 p + a2 (x - q) and q + a2 p + a3 (x - q); the states
    become 2 v1 - p and 2 v2 - q. All-pass is x - 2 k v1, and for the inverted low branch of order 2,
    high - low = x - k v1 - 2 v2.
    """
    a1 = 1.0 / (1.0 + g * (g + k))
    a2 = g * a1
    a3 = g * a2
    out[0], out[1], out[2] = 2.0 * a1 - 1.0, -2.0 * a2, 2.0 * a2
    out[3], out[4], out[5] = 2.0 * a2, 1.0 - 2.0 * a3, 2.0 * a3
    if inverted:
        out[6], out[7], out[8] = -k * a1 - 2.0 * a2, k * a2 - 2.0 * (1.0 - a3), 1.0 - k * a2 - 2.0 * a3
        out[9], out[10], out[11] = -a2, -(1.0 - a3), -a3
    else:
        out[6], out[7], out[8] = -2.0 * k * a1, 2.0 * k * a2, 1.0 - 2.0 * k * a2
        out[9], out[10], out[11] = a2, 1.0 - a3, a3


@kernel
def tune_split(bank: Bank, k: int) -> None:
    """Recompute the coefficients of split `k` from its present corner."""
    inverted = bank.low_state.shape[1] == 0
    for section in range(bank.damping.shape[0]):
        section_coefficients(bank.warp[k], bank.damping[section], inverted, bank.coefficients[k, section])


@kernel
def run_section(c: Doubles, output: int, state: Doubles, row: Doubles, start: int, stop: int) -> None:
    """Pass row[start:stop] through one section in place; `output` is 6 for all-pass, 9 for low-pass."""
    p, q = state[0], state[1]
    c0, c1, c2, c3, c4, c5 = c[0], c[1], c[2], c[3], c[4], c[5]
    e, f, d = c[output], c[output + 1], c[output + 2]
    for n in range(start, stop):
        x = row[n]
        row[n] = (d * x + e * p) + f * q
        next_p = (c2 * x + c1 * q) + c0 * p
        q = (c5 * x + c3 * p) + c4 * q
        p = next_p
    state[0], state[1] = p, q


@kernel
def run_tapped_section(c: Doubles, state: Doubles, row: Doubles, start: int, stop: int, low: Doubles) -> None:
    """All-pass row[start:stop] in place and leave the same section's low-pass in low[0:stop - start]."""
    p, q = state[0], state[1]
    c0, c1, c2, c3, c4, c5, c6, c7, c8 = c[0], c[1], c[2], c[3], c[4], c[5], c[6], c[7], c[8]
    c9, c10, c11 = c[9], c[10], c[11]
    for n in range(start, stop):
        x = row[n]
        low[n - start] = (c11 * x + c9 * p) + c10 * q
        row[n] = (c8 * x + c6 * p) + c7 * q
        next_p = (c2 * x + c1 * q) + c0 * p
        q = (c5 * x + c3 * p) + c4 * q
        p = next_p
    state[0], state[1] = p, q


@kernel
def run_split(bank: Bank, k: int, channels: int, rows: Doubles, start: int, stop: int) -> None:
    """Split `k`: bands below it pass its all-pass; row group k becomes its low and high branch."""
    sections, low_sections = bank.damping.shape[0], bank.low_state.shape[1]
    for lane in range(k * channels):
        for s in range(sections):
            run_section(bank.coefficients[k, s], 6, bank.allpass_state[k, s, lane], rows[lane], start, stop)
    for channel in range(channels):
        lane = k * channels + channel
        row, low = rows[lane], bank.low
        run_tapped_section(bank.coefficients[k, 0], bank.allpass_state[k, 0, lane], row, start, stop, low)
        for s in range(1, sections):
            run_section(bank.coefficients[k, s], 6, bank.allpass_state[k, s, lane], row, start, stop)
        for s in range(low_sections):
            coefficients = bank.coefficients[k, (s + 1) % sections]
            run_section(coefficients, 9, bank.low_state[k, s, channel], low, 0, stop - start)
        high = rows[lane + channels]
        for n in range(start, stop):
            high[n] = row[n] - low[n - start]
            row[n] = low[n - start]


@kernel
def advance_glide(bank: Bank, k: int) -> None:
    """Move the corner of split `k` by one sample of its glide.

    d/dt (p^2 + q^2) = w / (4 k) (x^2 - y^2) for an all-pass with corner w, states p and q, input x, output y:
    what an all-pass stores is (p^2 + q^2) / w. Scaling the states by sqrt(g) therefore keeps it lossless
    while its corner moves, and a split that arrives at 0 Hz is empty.
    """
    before = bank.warp[k]
    bank.gliding[k] -= 1
    bank.warp[k] = (before**0.25 + bank.root_step[k]) ** 4 if bank.gliding[k] > 0 else bank.target[k]
    if before > 0.0:
        scale = np.sqrt(bank.warp[k] / before)
        bank.allpass_state[k] *= scale
        bank.low_state[k] *= scale
    tune_split(bank, k)


@kernel
def split_bands(bank: Bank, channels: int, rows: Doubles, start: int, stop: int) -> None:
    """Split columns start:stop of `rows`, ((K + 1) C, n): the first C rows hold the signal, all are filled.

    The result does not depend on where a signal is cut into calls.
    """
    begin = start
    while begin < stop:
        end = min(stop, begin + CHUNK - bank.phase[0])
        for k in range(bank.warp.shape[0]):
            if bank.gliding[k] == 0:
                run_split(bank, k, channels, rows, begin, end)
                continue
            for n in range(begin, end):
                if bank.gliding[k] > 0:
                    advance_glide(bank, k)
                run_split(bank, k, channels, rows, n, n + 1)
        bank.phase[0] += end - begin
        if bank.phase[0] == CHUNK:
            bank.phase[0] = 0
            clear_silence(bank.allpass_state)
            clear_silence(bank.low_state)
        begin = end


@kernel
def clear_silence(states: Doubles) -> None:
    """Set vanishing states to zero so that silence never runs on denormal numbers."""
    flat = states.ravel()
    for i in range(flat.shape[0]):
        if abs(flat[i]) < SILENT:
            flat[i] = 0.0
