"""The compiled frame of the multiband processor, in signal order."""

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.filterbank import Bank, split_bands, tidy
from bandwise.bands.paired import split_frame
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
from bandwise.dynamics.detector import follow, mean_square, peak, window_maximum
from bandwise.dynamics.limiter import CEILING, FAST_KEEP, SLOW_KEEP, held_gain, released, smoothed
from bandwise.dynamics.parameters import (
    CLIPPING,
    GAIN,
    HEARD,
    LEVEL_HOLD,
    LIMIT,
    LIMITING,
    PEAK_HOLD,
    TRUE_PEAK,
    USE_RMS,
)  # fmt: skip
from bandwise.dynamics.parts import (
    APPLIED,
    BAND_GAIN,
    EXCESS,
    FAST,
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
    SLOW,
    Where,
    bank_at,
    real1,
    real2,
    real3,
    whole1,
    whole2,
)  # fmt: skip
from bandwise.dynamics.rows import add_ramp, apply_ramp, clear, clip, copy_rows, give_out, take_in
from bandwise.dynamics.true_peak import peak_between
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Planar = NDArray[np.float32]

SILENT_POWER = 1e-30


@kernel
def ramp_parameters(m: Where) -> bool:
    """Move every parameter by one frame of its ramp; tells whether any moved."""
    now, target, clock = real2(m, at.PARAMETERS), real2(m, at.TARGET), whole1(m, at.CLOCK)
    left = clock[2]
    if left == 0:
        return False
    for i in range(now.shape[0]):
        for j in range(now.shape[1]):
            now[i, j] = target[i, j] if left == 1 else now[i, j] + (target[i, j] - now[i, j]) / left
    clock[2] = left - 1
    return True


@kernel
def channels_of(m: Where, g: int, channels: int) -> tuple[int, int]:
    """The channels of group g: from the first up to before the second."""
    group = whole1(m, at.HEADER)[0]
    return g * group, min((g + 1) * group, channels)


@kernel
def split_into(bank: Bank, frame: Doubles, rows: Doubles) -> None:
    """Split a frame into the rows of its bands, two samples at a time where that can be."""
    channels, size = frame.shape[0], frame.shape[1]
    copy_rows(frame, rows)
    if bank.gliding[0] == 0 and size % 2 == 0 and bank.low_state.shape[1] == 1:
        split_frame(bank.coefficients, bank.allpass_state, bank.low_state, bank.compensated, channels, rows)
        tidy(bank.allpass_state, bank.low_state, bank.phase, size)
    else:
        split_bands(bank, channels, rows, 0, size)


@kernel
def measure_level(m: Where, keys_at: int, b: int, g: int, channels: int) -> float:
    """Level of a band over the linked channels of a group, in front of its gain."""
    p, state, keys, weights = (
        real2(m, at.PARAMETERS),
        real3(m, at.STATE),
        real2(m, keys_at),
        real1(m, at.WEIGHTS),
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
        return float(p[b, GAIN])
    level = p[b, GAIN] * measure_level(m, keys_at, b, g, channels)
    level = window_maximum(m, LEVELS, b, g, now, level, whole2(m, at.SWITCH_ROWS)[b, LEVEL_HOLD], 0.0)
    return band_gain(m, b, g, level, moving)


@kernel
def limiter_gain(m: Where, b: int, g: int, now: int, excess: float) -> float:
    """Gain of a limiter at the end of this frame, given its largest peak over the ceiling."""
    p, state = real2(m, at.PARAMETERS), real3(m, at.STATE)
    hold = whole2(m, at.SWITCH_ROWS)[b, PEAK_HOLD]
    excess = window_maximum(m, EXCESS, b, g, now, excess, hold, 1.0)
    idle = excess == 1.0 and state[b, g, LIMIT_GAIN] == 1.0  # then the last gains of the attack are 1, too
    if idle and state[b, g, FAST] == 0.0 and state[b, g, SLOW] == 0.0:
        return 1.0
    fast_keep, slow_keep = p[b, LIMIT + FAST_KEEP], p[b, LIMIT + SLOW_KEEP]
    fast, slow = released(held_gain(excess), fast_keep, slow_keep, state[b, g, FAST], state[b, g, SLOW])
    state[b, g, FAST], state[b, g, SLOW] = fast, slow
    return smoothed(m, 1.0 - max(fast, slow), b, g, now)


@kernel
def run_band(m: Where, keys_at: int, b: int, g: int, now: int, moving: bool) -> None:
    """Compress, measure, delay and limit one band of a group of channels and add it to the sum."""
    p, switches, state = real2(m, at.PARAMETERS), whole2(m, at.SWITCH_ROWS), real3(m, at.STATE)
    rows, ring, wet = real2(m, at.ROWS), real2(m, at.BAND_RING), real2(m, at.WET)
    channels, slots = wet.shape[0], ring.shape[0] // rows.shape[0]
    first, last = channels_of(m, g, channels)
    lane, written, read = b * channels, now % slots, (now + 1) % slots
    before, ceiling, excess = state[b, g, BAND_GAIN], p[b, LIMIT + CEILING], 0.0
    after = compressor_gain(m, keys_at, b, g, channels, now, moving)
    for row in range(lane + first, lane + last):
        apply_ramp(rows, row, ring, row * slots + written, before, after)
        if switches[b, CLIPPING] == 1:
            clip(ring, row * slots + written, ceiling)
        elif switches[b, LIMITING] == 1:
            excess = max(excess, peak(ring, row * slots + written) / ceiling)
    gain = limiter_gain(m, b, g, now, excess)
    for c in range(first, last):
        add_ramp(ring, (lane + c) * slots + read, wet, c, state[b, g, APPLIED], gain * p[b, HEARD])
    state[b, g, BAND_GAIN], state[b, g, LIMIT_GAIN], state[b, g, APPLIED] = after, gain, gain * p[b, HEARD]
    state[b, g, LEAST] = min(state[b, g, LEAST], gain * min(state[b, g, REDUCED], 1.0))


@kernel
def run_bands(m: Where, keys_at: int, now: int, moving: bool) -> None:
    """All bands of all groups, into the sum."""
    state = real3(m, at.STATE)
    clear(real2(m, at.WET))
    for b in range(state.shape[0] - 1):
        for g in range(state.shape[1]):
            run_band(m, keys_at, b, g, now, moving)


@kernel
def keep_dry(m: Where, now: int) -> None:
    """Sum the untouched bands into the ring of the plain sound: the input behind the same all-passes."""
    rows, ring, channels = real2(m, at.ROWS), real2(m, at.DRY_RING), real2(m, at.WET).shape[0]
    slots = ring.shape[0] // channels
    for c in range(channels):
        slot = c * slots + now % slots
        for k in range(rows.shape[1]):
            ring[slot, k] = rows[c, k]
        for lane in range(c + channels, rows.shape[0], channels):
            for k in range(rows.shape[1]):
                ring[slot, k] += rows[lane, k]


@kernel
def mix_output(m: Where, now: int) -> None:
    """Write processed and plain sound, each with its ramped gain, into the ring of the output limiter."""
    p, mix, wet = real2(m, at.PARAMETERS), real1(m, at.OUTPUT_MIX), real2(m, at.WET)
    dry_ring, ring = real2(m, at.DRY_RING), real2(m, at.OUTPUT_RING)
    output, channels = p.shape[0] - 1, wet.shape[0]
    wet_gain, dry_gain = p[output, GAIN] * p[output, HEARD], p[output, GAIN] * (1.0 - p[output, HEARD])
    slots, dry_slots = ring.shape[0] // channels, dry_ring.shape[0] // channels
    for c in range(channels):
        row = c * slots + now % slots
        apply_ramp(wet, c, ring, row, mix[0], wet_gain)
        if dry_gain != 0.0 or mix[1] != 0.0:
            add_ramp(dry_ring, c * dry_slots + (now + 1) % dry_slots, ring, row, mix[1], dry_gain)
    mix[0], mix[1] = wet_gain, dry_gain


@kernel
def run_output(m: Where, now: int) -> None:
    """Limit the sum for each group of channels; the last cut only ever meets rounding."""
    p, switches, state = real2(m, at.PARAMETERS), whole2(m, at.SWITCH_ROWS), real3(m, at.STATE)
    ring, out, ceilings = real2(m, at.OUTPUT_RING), real2(m, at.FRAME_OUT), real1(m, at.CEILINGS)
    b, channels = p.shape[0] - 1, out.shape[0]
    slots = ring.shape[0] // channels
    written, read = now % slots, (now + 1) % slots
    ceiling, limiting = p[b, LIMIT + CEILING], switches[b, LIMITING] == 1
    ceilings[written] = ceiling
    for g in range(state.shape[1]):
        largest = 0.0
        first, last = channels_of(m, g, channels)
        for c in range(first, last):
            row = c * slots + written
            largest = max(largest, peak(ring, row))
            if switches[b, TRUE_PEAK] == 1:
                largest = max(largest, peak_between(m, c, ring, row, ceiling))
        gain = limiter_gain(m, b, g, now, largest / ceiling if limiting else 0.0)
        for c in range(first, last):
            apply_ramp(ring, c * slots + read, out, c, state[b, g, LIMIT_GAIN], gain)
            if limiting or switches[b, CLIPPING] == 1:
                clip(out, c, ceilings[read])
        state[b, g, LIMIT_GAIN] = gain
        state[b, g, LEAST] = min(state[b, g, LEAST], gain)


@kernel
def run_frame(m: Where, keyed: bool) -> None:
    """One frame: split, keep the plain sound, compress and limit each band, mix, limit the sum."""
    clock = whole1(m, at.CLOCK)
    now, moving = clock[0], ramp_parameters(m)
    split_into(bank_at(m, at.BANK), real2(m, at.FRAME_IN), real2(m, at.ROWS))
    if keyed:
        split_into(bank_at(m, at.KEY_BANK), real2(m, at.KEY_IN), real2(m, at.KEY_ROWS))
    keep_dry(m, now)
    run_bands(m, at.KEY_ROWS if keyed else at.ROWS, now, moving)
    mix_output(m, now)
    run_output(m, now)
    clock[0] = now + 1


@kernel
def run(m: Where, x: Planar, key: Planar, keyed: bool, out: Planar, start: int, stop: int) -> None:
    """Run columns start:stop of (C, n) samples; a frame is processed when its last sample has come."""
    frame_in, key_in, frame_out = real2(m, at.FRAME_IN), real2(m, at.KEY_IN), real2(m, at.FRAME_OUT)
    clock, size, i = whole1(m, at.CLOCK), frame_in.shape[1], start
    while i < stop:
        position = clock[1]
        take = min(stop - i, size - position)
        done = position + take == size
        take_in(x, i, take, frame_in, position)
        if keyed:
            take_in(key, i, take, key_in, position)
        give_out(frame_out, position + 1, take - 1 if done else take, out, i)
        if done:
            run_frame(m, keyed)
            give_out(frame_out, 0, 1, out, i + take - 1)
        clock[1] = 0 if done else position + take
        i += take
