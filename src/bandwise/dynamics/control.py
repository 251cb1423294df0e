"""What bands and output share in a frame: ramps of parameters, groups of channels, the gain of a limiter."""

from bandwise.dynamics import parts as at
from bandwise.dynamics.detector import window_maximum
from bandwise.dynamics.limiter import FAST_KEEP, SLOW_KEEP, held_gain, released, smoothed
from bandwise.dynamics.parameters import LIMIT, PEAK_HOLD
from bandwise.dynamics.parts import EXCESS, FAST, LIMIT_GAIN, SLOW, Where, real2, real3, whole1, whole2
from bandwise.kernels import kernel


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
    weights = real2(m, at.WEIGHTS)
    for c in range(weights.shape[1]):
        weights[0, c] += (weights[1, c] - weights[0, c]) / left
    clock[2] = left - 1
    return True


@kernel
def channels_of(m: Where, g: int, channels: int) -> tuple[int, int]:
    """The channels of group g: from the first up to before the second."""
    group = whole1(m, at.HEADER)[0]
    return g * group, min((g + 1) * group, channels)


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
