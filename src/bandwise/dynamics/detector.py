"""Level detection: frame peaks, the sliding maximum that holds them, and the smooth decoupled follower."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics import parts as at
from bandwise.dynamics.parts import Where, real4, whole4
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

SETTLED_DB = 1e-9  # a reduction this small ends


class Windows(NamedTuple):
    """Sliding maxima: a queue of falling values per (kind, band, group), newest last, as rings.

    A value that a later one exceeds can never be the maximum again and leaves at once, so that the front of
    the queue is the maximum and a push costs one step on average (D. Lemire, "Streaming maximum-minimum
    filter using no more than three comparisons per element", 2006).
    """

    value: Doubles  # (kinds, bands, groups, capacity)
    time: Integers  # (kinds, bands, groups, capacity)
    mark: Integers  # (kinds, bands, groups, 2): front, count


def window_capacity(longest: int) -> int:
    """Length of the rings for windows of up to `longest` frames: a power of two, so that a mask wraps."""
    return 1 << int(longest).bit_length()


@kernel
def window_maximum(
    m: Where, kind: int, b: int, g: int, now: int, new: float, length: int, floor: float
) -> float:
    """Push `new` at frame `now` and return the maximum of the last `length` frames, at least `floor`.

    What is not above the floor is not kept: nothing waits in an idle window.
    """
    values, times, mark = real4(m, at.WINDOW_VALUE), whole4(m, at.WINDOW_TIME), whole4(m, at.WINDOW_MARK)
    wrap = values.shape[3] - 1
    front, count = mark[kind, b, g, 0], mark[kind, b, g, 1]
    while count > 0 and values[kind, b, g, (front + count - 1) & wrap] <= new:
        count -= 1
    while count > 0 and times[kind, b, g, front] <= now - length:
        front = (front + 1) & wrap
        count -= 1
    if new > floor:
        values[kind, b, g, (front + count) & wrap] = new
        times[kind, b, g, (front + count) & wrap] = now
        count += 1
    mark[kind, b, g, 0], mark[kind, b, g, 1] = front, count
    return float(values[kind, b, g, front]) if count > 0 else floor


@kernel
def peak(rows: Doubles, row: int) -> float:
    """Largest magnitude of a row; four running maxima let the processor overlap the comparisons."""
    n = rows.shape[1]
    a = b = c = d = 0.0
    for i in range(0, n - 3, 4):
        a = max(a, abs(rows[row, i]))
        b = max(b, abs(rows[row, i + 1]))
        c = max(c, abs(rows[row, i + 2]))
        d = max(d, abs(rows[row, i + 3]))
    for i in range(n - n % 4, n):
        a = max(a, abs(rows[row, i]))
    return max(a, b, c, d)


@kernel
def mean_square(rows: Doubles, row: int) -> float:
    """Mean of the squares of a row."""
    total = 0.0
    for i in range(rows.shape[1]):
        total += rows[row, i] * rows[row, i]
    return float(total / rows.shape[1])


@kernel
def follow(
    reduction: float, release: float, attack: float, first: float, second: float
) -> tuple[float, float]:
    """One frame of the smooth decoupled follower on a gain reduction in dB: the two new states.

    y1 = max(x, a_R y1 + (1 - a_R) x), y = a_A y + (1 - a_A) y1: Giannoulis, Massberg, Reiss, "Digital dynamic
    range compressor design", JAES 60, 2012, eq. 17.  x -> reduction, y1 -> first, y -> second.
    """
    first = max(reduction, release * first + (1.0 - release) * reduction)
    second = attack * second + (1.0 - attack) * first
    if reduction == 0.0 and abs(first) < SETTLED_DB and abs(second) < SETTLED_DB:
        return 0.0, 0.0
    return first, second
