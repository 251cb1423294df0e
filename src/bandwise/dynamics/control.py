"""What bands and output share in a frame: ramps of parameters, groups of channels, the gain of a limiter."""

from bandwise.dynamics import parts as at
from bandwise.dynamics.detector import window_maximum
from bandwise.dynamics.limiter import FAST_KEEP, SLOW_KEEP, held_gain, released, smoothed
from bandwise.dynamics.parameters import LIMIT, PEAK_HOLD
from bandwise.dynamics.parts import (
    EXCESS,
    FAST,
    LIMIT_GAIN,
    SLOW,
    Doubles,
    Where,
    real2,
    real3,
    whole1,
    whole2,
)
from bandwise.kernels import kernel


@kernel
def approach(now: Doubles, target: Doubles, left: int) -> None:
    """One of the `left` steps that lead evenly to the target, and in the end to its very bits."""
    for i in range(now.size):
        now[i] = target[i] if left == 1 else now[i] + (target[i] - now[i]) / left


@kernel
def ramp_parameters(m: Where) -> bool:
    """Move every parameter by one frame of its ramp; tells whether any moved."""
    clock = whole1(m, at.CLOCK)
    left = clock[2]
    if left == 0:
        return False
    now, target, weights = real2(m, at.PARAMETERS), real2(m, at.TARGET), real2(m, at.WEIGHTS)
    for i in range(now.shape[0]):
        approach(now[i], target[i], left)
    approach(weights[0], weights[1], left)
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
