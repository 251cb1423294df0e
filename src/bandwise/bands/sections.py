"""One second-order section of a crossover: its coefficients, and passes over a row of samples.

A section is a state variable filter in the trapezoidal form (A. Simper, "Linear trapezoidal integrated SVF",
2013), whose states are the outputs of its two integrators. Its corner can therefore move from sample to
sample without a jump, and double precision holds 20 Hz at 192 kHz.

Kernels index whole arrays instead of cutting rows out of them: a view costs two atomic operations on its
reference count, more than a section needs for several samples.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel

Doubles = NDArray[np.float64]

COEFFICIENTS = 24  # see `section_coefficients` and `step_twice`
ALL, LOW = 6, 9  # where the coefficients of the two outputs begin


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

    `output` is ALL or LOW.
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
