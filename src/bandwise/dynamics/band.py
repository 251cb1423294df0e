"""One frame of a band: level, compressor, limiter, into the sum."""

import numpy as np

from bandwise.dynamics import parts as at
from bandwise.dynamics.compressor import (
    AMOUNT,
    ATTACK,
    IDLE_BELOW,
    MAKEUP,
    RELEASE,
    RMS,
    linear,
    reduction_db,
)  # fmt: skip
from bandwise.dynamics.control import channels_of, limiter_gain
from bandwise.dynamics.detector import follow, mean_square, peak, window_maximum
from bandwise.dynamics.limiter import CEILING
from bandwise.dynamics.parameters import CUT, GAIN, HEARD, LEVEL_HOLD, LIMIT, LIMITING, USE_RMS
from bandwise.dynamics.parts import (
    APPLIED,
    BAND_GAIN,
    CUT_AT,
    CUTTING,
    FIXED,
    FOLLOWED,
    FOLLOWER,
    LEAST,
    LEVEL,
    LEVELS,
    LIMIT_GAIN,
    POWER,
    REDUCED,
    REDUCTION,
    Where,
    real2,
    real3,
    whole2,
)  # fmt: skip
from bandwise.dynamics.rows import add_ramp, apply_ramp, clear, cut
from bandwise.kernels import kernel

SILENT_POWER = 1e-30


@kernel
def measure_level(m: Where, keys_at: int, b: int, g: int, channels: int) -> float:
    """Level of a band over the linked channels of a group, in front of its gain."""
    p, state, keys, weights = (
        real2(m, at.PARAMETERS),
        real3(m, at.STATE),
        real2(m, keys_at),
        real2(m, at.WEIGHTS)[0],
    )
    first, last = channels_of(m, g, channels)
    lane, level = b * channels, 0.0
    if whole2(m, at.SWITCH_ROWS)[b, USE_RMS] == 0:
        for c in range(first, last):
            level = max(level, weights[c] * peak(keys, lane + c))
        return level
    for c in range(first, last):
        level = max(level, weights[c] ** 2 * mean_square(keys, lane + c))
    power = p[b, RMS] * state[b, g, POWER] + (1.0 - p[b, RMS]) * level
    state[b, g, POWER] = power if power >= SILENT_POWER else 0.0
    return float(np.sqrt(2.0 * state[b, g, POWER]))


@kernel
def band_gain(m: Where, b: int, g: int, level: float, moving: bool) -> float:
    """Gain of a compressor at the end of this frame; nothing is computed where nothing moves."""
    p, state = real2(m, at.PARAMETERS), real3(m, at.STATE)
    if level != state[b, g, LEVEL] or moving:
        state[b, g, LEVEL] = level
        idle = level <= p[b, IDLE_BELOW] and not moving
        state[b, g, REDUCTION] = 0.0 if idle else p[b, AMOUNT] * reduction_db(level, p, b)
    first, before = state[b, g, FOLLOWER], state[b, g, FOLLOWED]
    first, after = follow(state[b, g, REDUCTION], p[b, RELEASE], p[b, ATTACK], first, before)
    state[b, g, FOLLOWER], state[b, g, FOLLOWED] = first, after
    if after != before:
        state[b, g, REDUCED] = linear(-after)
    if moving:
        state[b, g, FIXED] = p[b, GAIN] * linear(p[b, AMOUNT] * p[b, MAKEUP])
    return float(state[b, g, FIXED] * state[b, g, REDUCED])


@kernel
def compressor_gain(m: Where, keys_at: int, b: int, g: int, channels: int, now: int, moving: bool) -> float:
    """Gain of a band at the end of this frame, the gain in front included."""
    p, state = real2(m, at.PARAMETERS), real3(m, at.STATE)
    if p[b, AMOUNT] == 0.0 and not moving and state[b, g, FOLLOWED] == 0.0:
        state[b, g, POWER] = 0.0  # what it does not listen to, it does not remember
        return float(p[b, GAIN])
    level = p[b, GAIN] * measure_level(m, keys_at, b, g, channels)
    level = window_maximum(m, LEVELS, b, g, now, level, whole2(m, at.SWITCH_ROWS)[b, LEVEL_HOLD], 0.0)
    return band_gain(m, b, g, level, moving)


@kernel
def run_band(m: Where, keys_at: int, b: int, g: int, now: int, moving: bool) -> None:
    """Compress, measure, delay and limit one band of a group of channels and add it to the sum."""
    p, switches, state = real2(m, at.PARAMETERS), whole2(m, at.SWITCH_ROWS), real3(m, at.STATE)
    rows, ring, wet = real2(m, at.ROWS), real2(m, at.BAND_RING), real2(m, at.WET)
    channels, slots = wet.shape[0], ring.shape[0] // rows.shape[0]
    first, last = channels_of(m, g, channels)
    lane, written, read = b * channels, now % slots, (now + 1) % slots
    before, ceiling, part, excess = state[b, g, BAND_GAIN], p[b, LIMIT + CEILING], p[b, CUT], 0.0
    after = compressor_gain(m, keys_at, b, g, channels, now, moving)
    for row in range(lane + first, lane + last):
        apply_ramp(rows, row, ring, row * slots + written, before, after)
        cut(ring, row * slots + written, state[b, g, CUT_AT], ceiling, state[b, g, CUTTING], part)
        if switches[b, LIMITING] == 1:
            excess = max(excess, peak(ring, row * slots + written) / ceiling)
    gain = limiter_gain(m, b, g, now, excess)
    for c in range(first, last):
        add_ramp(ring, (lane + c) * slots + read, wet, c, state[b, g, APPLIED], gain * p[b, HEARD])
    state[b, g, BAND_GAIN], state[b, g, LIMIT_GAIN], state[b, g, APPLIED] = after, gain, gain * p[b, HEARD]
    state[b, g, CUT_AT], state[b, g, CUTTING] = ceiling, part
    state[b, g, LEAST] = min(state[b, g, LEAST], gain * min(state[b, g, REDUCED], 1.0))


@kernel
def run_bands(m: Where, keys_at: int, now: int, moving: bool) -> None:
    """All bands of all groups, into the sum."""
    state = real3(m, at.STATE)
    clear(real2(m, at.WET))
    for b in range(state.shape[0] - 1):
        for g in range(state.shape[1]):
            run_band(m, keys_at, b, g, now, moving)
