"""The compiled frame of the multiband processor, in signal order."""

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.filterbank import CHUNK, Bank, split_bands, split_steady, tidy
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
)
from bandwise.dynamics.detector import follow, mean_square, peak, window_maximum
from bandwise.dynamics.engine import (
    APPLIED,
    BAND_GAIN,
    EXCESS,
    FAST,
    FOLLOWED,
    FOLLOWER,
    LEAST,
    LEVEL,
    LEVELS,
    LIMIT_GAIN,
    POWER,
    REDUCTION,
    SLOW,
)
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
)
from bandwise.dynamics.parts import bank_part, part1, part2, part3, part4
from bandwise.dynamics.rows import add_ramp, apply_ramp, clear, clip, copy_rows, give_out, take_in
from bandwise.dynamics.true_peak import peak_between
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Planar = NDArray[np.float32]

SILENT_POWER = 1e-30


@kernel
def ramp_parameters(now: Doubles, target: Doubles, clock: Integers) -> bool:
    """Move every parameter by one frame of its ramp; tells whether any moved."""
    left = clock[2]
    if left == 0:
        return False
    for i in range(now.shape[0]):
        for j in range(now.shape[1]):
            now[i, j] = target[i, j] if left == 1 else now[i, j] + (target[i, j] - now[i, j]) / left
    clock[2] = left - 1
    return True


@kernel
def measure_level(
    keys: Doubles, lane: int, weights: Doubles, first: int, last: int, use_rms: int, keep: float, power: float
) -> tuple[float, float]:
    """(level, mean square) of a band over linked channels; its row of channel 0 is `lane`."""
    level = 0.0
    if use_rms == 0:
        for c in range(first, last):
            level = max(level, weights[c] * peak(keys, lane + c))
        return level, power
    for c in range(first, last):
        level = max(level, weights[c] ** 2 * mean_square(keys, lane + c))
    power = keep * power + (1.0 - keep) * level
    if power < SILENT_POWER:
        power = 0.0
    return float(np.sqrt(2.0 * power)), power


@kernel
def band_gain(p: Doubles, state: Doubles, b: int, g: int, level: float, moving: bool) -> float:
    """Gain of a compressor at the end of this frame; nothing is computed where nothing moves."""
    if level != state[b, g, LEVEL] or moving:
        state[b, g, LEVEL] = level
        idle = level <= p[b, IDLE_BELOW] and not moving
        state[b, g, REDUCTION] = 0.0 if idle else p[b, AMOUNT] * reduction_db(level, p, b)
    first, before = state[b, g, FOLLOWER], state[b, g, FOLLOWED]
    first, after = follow(state[b, g, REDUCTION], p[b, RELEASE], p[b, ATTACK], first, before)
    state[b, g, FOLLOWER], state[b, g, FOLLOWED] = first, after
    if after == before and not moving:
        return float(state[b, g, BAND_GAIN])
    return float(p[b, GAIN] * linear(p[b, AMOUNT] * p[b, MAKEUP] - after))


@kernel
def limiter_gain(
    p: Doubles,
    state: Doubles,
    history: Doubles,
    attack: Doubles,
    b: int,
    g: int,
    position: int,
    excess: float,
) -> float:
    """Gain of a limiter at the end of this frame, given the largest peak over the ceiling that it holds."""
    fast_keep, slow_keep = p[b, LIMIT + FAST_KEEP], p[b, LIMIT + SLOW_KEEP]
    fast, slow = released(held_gain(excess), fast_keep, slow_keep, state[b, g, FAST], state[b, g, SLOW])
    state[b, g, FAST], state[b, g, SLOW] = fast, slow
    return smoothed(1.0 - max(fast, slow), history, b, g, position, attack)


@kernel
def run_bands(
    p: Doubles,
    switches: Integers,
    state: Doubles,
    history: Doubles,
    attack: Doubles,
    values: Doubles,
    times: Integers,
    mark: Integers,
    weights: Doubles,
    group: int,
    now: int,
    moving: bool,
    rows: Doubles,
    keys: Doubles,
    ring: Doubles,
    wet: Doubles,
) -> None:
    """Compress, measure, delay and limit each band of each group of channels and add it to the sum."""
    channels, slots = wet.shape[0], ring.shape[0] // rows.shape[0]
    written, read, position = now % slots, (now + 1) % slots, now % attack.shape[0]
    clear(wet)
    for b in range(state.shape[0] - 1):
        ceiling, lane, clipping = p[b, LIMIT + CEILING], b * channels, switches[b, CLIPPING] == 1
        for g in range(state.shape[1]):
            first, last = g * group, min((g + 1) * group, channels)
            before, after = state[b, g, BAND_GAIN], p[b, GAIN]
            if p[b, AMOUNT] != 0.0 or moving or state[b, g, FOLLOWED] != 0.0:
                power, use_rms = state[b, g, POWER], switches[b, USE_RMS]
                level, power = measure_level(keys, lane, weights, first, last, use_rms, p[b, RMS], power)
                state[b, g, POWER] = power
                level, hold = level * p[b, GAIN], switches[b, LEVEL_HOLD]
                level = window_maximum(values, times, mark, LEVELS, b, g, now, level, hold)
                after = band_gain(p, state, b, g, level, moving)
            state[b, g, BAND_GAIN] = after
            excess = 0.0
            for c in range(first, last):
                row = (lane + c) * slots + written
                apply_ramp(rows, lane + c, ring, row, before, after)
                if clipping:
                    clip(ring, row, ceiling)
                elif switches[b, LIMITING] == 1:
                    excess = max(excess, peak(ring, row) / ceiling)
            hold = switches[b, PEAK_HOLD]
            excess = window_maximum(values, times, mark, EXCESS, b, g, now, excess, hold)
            gain = limiter_gain(p, state, history, attack, b, g, position, excess)
            heard = gain * p[b, HEARD]
            for c in range(first, last):
                add_ramp(ring, (lane + c) * slots + read, wet, c, state[b, g, APPLIED], heard)
            state[b, g, LIMIT_GAIN], state[b, g, APPLIED] = gain, heard
            state[b, g, LEAST] = min(state[b, g, LEAST], gain * least_gain(state[b, g, FOLLOWED]))


@kernel
def least_gain(reduction: float) -> float:
    """A reduction in dB as a gain, for the meter; boosts are not reductions."""
    return linear(-reduction) if reduction > 0.0 else 1.0


@kernel
def keep_dry(rows: Doubles, ring: Doubles, channels: int, now: int) -> None:
    """Sum the untouched bands into the ring of the plain sound: the input behind the same all-passes."""
    slots = ring.shape[0] // channels
    for c in range(channels):
        slot = c * slots + now % slots
        for k in range(rows.shape[1]):
            ring[slot, k] = rows[c, k]
        for lane in range(c + channels, rows.shape[0], channels):
            for k in range(rows.shape[1]):
                ring[slot, k] += rows[lane, k]


@kernel
def mix_output(p: Doubles, mix: Doubles, now: int, wet: Doubles, dry_ring: Doubles, ring: Doubles) -> None:
    """Write processed and plain sound, each with its ramped gain, into the ring of the output limiter."""
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
def run_output(
    p: Doubles,
    switches: Integers,
    state: Doubles,
    history: Doubles,
    attack: Doubles,
    values: Doubles,
    times: Integers,
    mark: Integers,
    group: int,
    now: int,
    taps: Doubles,
    recent: Doubles,
    scratch: Doubles,
    ceilings: Doubles,
    ring: Doubles,
    out: Doubles,
) -> None:
    """Limit the sum for each group of channels; the last cut only ever meets rounding."""
    b, channels = p.shape[0] - 1, out.shape[0]
    slots = ring.shape[0] // channels
    written, read, position = now % slots, (now + 1) % slots, now % attack.shape[0]
    ceiling, limiting = p[b, LIMIT + CEILING], switches[b, LIMITING] == 1
    ceilings[written] = ceiling
    for g in range(state.shape[1]):
        largest = 0.0
        first, last = g * group, min((g + 1) * group, channels)
        for c in range(first, last):
            row = c * slots + written
            largest = max(largest, peak(ring, row))
            if switches[b, TRUE_PEAK] == 1:
                largest = max(largest, peak_between(taps, recent, c, ring, row, scratch, ceiling))
        excess = largest / ceiling if limiting else 0.0
        excess = window_maximum(values, times, mark, EXCESS, b, g, now, excess, switches[b, PEAK_HOLD])
        gain = limiter_gain(p, state, history, attack, b, g, position, excess)
        for c in range(first, last):
            apply_ramp(ring, c * slots + read, out, c, state[b, g, LIMIT_GAIN], gain)
            if limiting or switches[b, CLIPPING] == 1:
                clip(out, c, ceilings[read])
        state[b, g, LIMIT_GAIN] = gain
        state[b, g, LEAST] = min(state[b, g, LEAST], gain)


@kernel
def split_into(bank: Bank, frame: Doubles, rows: Doubles) -> None:
    """Split a frame into the rows of its bands, sample by sample where a corner moves."""
    channels, size = frame.shape[0], frame.shape[1]
    copy_rows(frame, rows)
    split_bands(bank, channels, rows, 0, size)


@kernel
def run(
    floats: Doubles,
    integers: Integers,
    table: Integers,
    x: Planar,
    key: Planar,
    keyed: bool,
    out: Planar,
    start: int,
    stop: int,
) -> None:
    """Run columns start:stop of (C, n) samples; a frame is processed when its last sample has come.

    Split, keep the plain sound, compress and limit each band, mix, limit the sum. The parts of the engine are
    cut out of its memory once: handing them on for every frame would cost more than the sound does.
    """
    p, target = part2(floats, table, at.PARAMETERS), part2(floats, table, at.TARGET)
    switches, state = part2(integers, table, at.SWITCH_ROWS), part3(floats, table, at.STATE)
    values, times = part4(floats, table, at.WINDOW_VALUE), part4(integers, table, at.WINDOW_TIME)
    mark, history = part4(integers, table, at.WINDOW_MARK), part3(floats, table, at.HISTORY)
    attack, weights = part1(floats, table, at.ATTACK_WEIGHTS), part1(floats, table, at.WEIGHTS)
    rows, wet = part2(floats, table, at.ROWS), part2(floats, table, at.WET)
    mix, clock = part1(floats, table, at.OUTPUT_MIX), part1(integers, table, at.CLOCK)
    ring, dry_ring = part2(floats, table, at.BAND_RING), part2(floats, table, at.DRY_RING)
    output_ring, ceilings = part2(floats, table, at.OUTPUT_RING), part1(floats, table, at.CEILINGS)
    taps, recent = part2(floats, table, at.TAPS), part2(floats, table, at.RECENT)
    scratch, key_in = part1(floats, table, at.SCRATCH), part2(floats, table, at.KEY_IN)
    frame_in, frame_out = part2(floats, table, at.FRAME_IN), part2(floats, table, at.FRAME_OUT)
    keys = part2(floats, table, at.KEY_ROWS) if keyed else rows
    group, compensated = integers[table[at.HEADER, 0]], integers[table[at.HEADER, 0] + 1] == 1
    bank = bank_part(floats, integers, table, at.BANK, compensated)
    coefficients, allpass, lows, phase = bank.coefficients, bank.allpass_state, bank.low_state, bank.phase
    gliding, low = bank.gliding, bank.low
    channels, size, i = frame_in.shape[0], frame_in.shape[1], start
    paired = size % 2 == 0 and lows.shape[1] == 1
    while i < stop:
        position = clock[1]
        take = min(stop - i, size - position)
        done = position + take == size
        take_in(x, i, take, frame_in, position)
        if keyed:
            take_in(key, i, take, key_in, position)
        give_out(frame_out, position + 1, take - 1 if done else take, out, i)
        if done:
            now = clock[0]
            moving = ramp_parameters(p, target, clock)
            if gliding[0] > 0 or (not paired and size > CHUNK):
                split_into(bank, frame_in, rows)
            else:
                copy_rows(frame_in, rows)
                if paired:
                    split_frame(coefficients, allpass, lows, compensated, channels, rows)
                else:
                    split_steady(coefficients, allpass, lows, low, compensated, channels, rows, 0, size)
                tidy(allpass, lows, phase, size)
            if keyed:
                split_into(bank_part(floats, integers, table, at.KEY_BANK, compensated), key_in, keys)
            keep_dry(rows, dry_ring, channels, now)
            run_bands(
                p, switches, state, history, attack, values, times, mark, weights, group, now, moving,
                rows, keys, ring, wet,
            )  # fmt: skip
            mix_output(p, mix, now, wet, dry_ring, output_ring)
            run_output(
                p, switches, state, history, attack, values, times, mark, group, now,
                taps, recent, scratch, ceilings, output_ring, frame_out,
            )  # fmt: skip
            clock[0] = now + 1
            give_out(frame_out, 0, 1, out, i + take - 1)
        clock[1] = 0 if done else position + take
        i += take
