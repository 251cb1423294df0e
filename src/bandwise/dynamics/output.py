"""One frame of the output: the plain sound beside the processed one, their mix, the limiter on it."""

from bandwise.dynamics import parts as at
from bandwise.dynamics.control import channels_of, limiter_gain
from bandwise.dynamics.detector import peak
from bandwise.dynamics.limiter import CEILING
from bandwise.dynamics.parameters import CUT, GAIN, HEARD, LIMIT, LIMITING, TRUE_PEAK
from bandwise.dynamics.parts import CUT_AT, CUTTING, LEAST, LIMIT_GAIN, Where, real1, real2, real3, whole2
from bandwise.dynamics.rows import add_ramp, apply_ramp, clip, cut
from bandwise.dynamics.true_peak import peak_between
from bandwise.kernels import kernel


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
    ceiling, part, limiting = p[b, LIMIT + CEILING], p[b, CUT], switches[b, LIMITING] == 1
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
            if limiting:
                clip(out, c, ceilings[read])
            else:
                cut(out, c, state[b, g, CUT_AT], ceilings[read], state[b, g, CUTTING], part)
        state[b, g, LIMIT_GAIN], state[b, g, CUT_AT] = gain, ceilings[read]
        state[b, g, CUTTING] = 1.0 if limiting else part
        state[b, g, LEAST] = min(state[b, g, LEAST], gain)
