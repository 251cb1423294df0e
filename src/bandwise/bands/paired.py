"""The order 4 splits of whole frames, two samples at a time: the fast path of the dynamics.

The response is that of `filterbank`; sums are rounded in another order, so a stream must stay with one of the
two. Frames of an even length always do.
"""

from bandwise.bands.sections import Doubles
from bandwise.kernels import kernel


@kernel
def allpass_pairs(c: Doubles, k: int, states: Doubles, lane: int, rows: Doubles) -> None:
    """Pass rows[lane] in place through the all-pass of split k."""
    p, q = states[k, 0, lane, 0], states[k, 0, lane, 1]
    c2, c5, c6, c7, c8 = c[k, 0, 2], c[k, 0, 5], c[k, 0, 6], c[k, 0, 7], c[k, 0, 8]
    c12, c13, c14 = c[k, 0, 12], c[k, 0, 13], c[k, 0, 14]
    c15, c16, c17 = c[k, 0, 15], c[k, 0, 16], c[k, 0, 17]
    c18, c19, c20 = c[k, 0, 18], c[k, 0, 19], c[k, 0, 20]
    for n in range(0, rows.shape[1], 2):
        x, z = rows[lane, n], rows[lane, n + 1]
        rows[lane, n] = (c8 * x + c6 * p) + c7 * q
        rows[lane, n + 1] = ((c8 * z + c20 * x) + c18 * p) + c19 * q
        u, v = c14 * x + c2 * z, c17 * x + c5 * z
        p, q = (u + c13 * q) + c12 * p, (v + c15 * p) + c16 * q
    states[k, 0, lane, 0], states[k, 0, lane, 1] = p, q


@kernel
def split_pairs(
    c: Doubles, k: int, allpass: Doubles, lows: Doubles, channel: int, channels: int, rows: Doubles
) -> None:
    """Split the row of one channel into its low branch, in place, and its high branch, C rows up."""
    lane = k * channels + channel
    p, q = allpass[k, 0, lane, 0], allpass[k, 0, lane, 1]
    r, s = lows[k, 0, channel, 0], lows[k, 0, channel, 1]
    c2, c5, c6, c7, c8 = c[k, 0, 2], c[k, 0, 5], c[k, 0, 6], c[k, 0, 7], c[k, 0, 8]
    c9, c10, c11 = c[k, 0, 9], c[k, 0, 10], c[k, 0, 11]
    c12, c13, c14 = c[k, 0, 12], c[k, 0, 13], c[k, 0, 14]
    c15, c16, c17 = c[k, 0, 15], c[k, 0, 16], c[k, 0, 17]
    c18, c19, c20 = c[k, 0, 18], c[k, 0, 19], c[k, 0, 20]
    c21, c22, c23 = c[k, 0, 21], c[k, 0, 22], c[k, 0, 23]
    for n in range(0, rows.shape[1], 2):
        x, z = rows[lane, n], rows[lane, n + 1]
        half_x = (c11 * x + c9 * p) + c10 * q
        half_z = ((c11 * z + c23 * x) + c21 * p) + c22 * q
        all_x = (c8 * x + c6 * p) + c7 * q
        all_z = ((c8 * z + c20 * x) + c18 * p) + c19 * q
        u, v = c14 * x + c2 * z, c17 * x + c5 * z
        p, q = (u + c13 * q) + c12 * p, (v + c15 * p) + c16 * q
        low_x = (c11 * half_x + c9 * r) + c10 * s
        low_z = ((c11 * half_z + c23 * half_x) + c21 * r) + c22 * s
        u, v = c14 * half_x + c2 * half_z, c17 * half_x + c5 * half_z
        r, s = (u + c13 * s) + c12 * r, (v + c15 * r) + c16 * s
        rows[lane, n], rows[lane, n + 1] = low_x, low_z
        rows[lane + channels, n], rows[lane + channels, n + 1] = all_x - low_x, all_z - low_z
    allpass[k, 0, lane, 0], allpass[k, 0, lane, 1] = p, q
    lows[k, 0, channel, 0], lows[k, 0, channel, 1] = r, s


@kernel
def split_frame(
    coefficients: Doubles, allpass: Doubles, lows: Doubles, compensated: bool, channels: int, rows: Doubles
) -> None:
    """Split a frame of an even number of samples by a cascade of order 4 whose corners stand still."""
    for k in range(coefficients.shape[0]):
        for lane in range(0 if compensated else k * channels, k * channels):
            allpass_pairs(coefficients, k, allpass, lane, rows)
        for channel in range(channels):
            split_pairs(coefficients, k, allpass, lows, channel, channels, rows)
