"""The look-ahead limiter: a gain that is down before a peak comes, and never lets one through.

Per control frame f, e(f) is the peak over the ceiling. The gain is

    1 / max(e(f), ..., e(f - L + 1))       sliding maximum: L frames of hold
    -> adaptive release, only ever below   (see `released`)
    -> sum of w_k g(f - k), k < A          weights w_k >= 0 that sum to 1: A frames of attack

and a frame of samples is multiplied by a ramp from G(f - 1) to G(f), D frames after it came. Every gain that
enters both ends of that ramp has seen the frame if A <= D < L, so both are at most 1 / e, and so is the line
between them: the ceiling holds by construction. A hold of half a period sees a maximum of a steady tone at
every moment, so that the gain stands still and the tone stays pure.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics import parts as at
from bandwise.dynamics.compressor import keep_per_frame
from bandwise.dynamics.parts import Where, real1, real3
from bandwise.dynamics.settings import LimiterSettings
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]

# Columns of a limiter's row of parameters.
CEILING, FAST_KEEP, SLOW_KEEP = range(3)
LIMITER_SIZE = 3

MARGIN = 1.0 - 1e-6  # room for rounding, 0.00001 dB
SETTLED = 1e-7  # an attenuation this small ends


def design(settings: LimiterSettings, frame_seconds: float) -> Doubles:
    """The row of parameters of a limiter that decides once per `frame_seconds`."""
    row = np.zeros(LIMITER_SIZE)
    row[CEILING] = 10.0 ** (settings.ceiling_dbfs / 20.0)
    row[FAST_KEEP] = keep_per_frame(settings.release_ms, frame_seconds)
    row[SLOW_KEEP] = keep_per_frame(settings.sustained_release_ms, frame_seconds)
    return row


def attack_weights(frames: int) -> Doubles:
    """A raised cosine of `frames` weights that sum to 1: the gain leaves and arrives without a corner."""
    phase = (np.arange(frames) + 0.5) / frames
    weights = 1.0 - np.cos(2.0 * np.pi * phase)
    return np.asarray(weights / weights.sum())


def hold_seconds(settings: LimiterSettings, low_edge_hz: float) -> float:
    """How long a peak is held: as set, or half a period of the lowest tone."""
    return 0.5 / low_edge_hz if settings.hold_ms is None else settings.hold_ms / 1000.0


@kernel
def released(
    held: float, fast_keep: float, slow_keep: float, fast: float, slow: float
) -> tuple[float, float]:
    """One frame of the release: the two new attenuations 1 - g, of which the larger one counts.

    `fast` follows the held attenuation up at once and falls fast, `slow` is its slow average. After a short
    peak the average has hardly moved and the gain is back soon; after sustained limiting the average carries
    it down slowly, without pumping.
    """
    fast = max(1.0 - held, fast_keep * fast)
    slow = slow_keep * slow + (1.0 - slow_keep) * fast
    if held == 1.0 and fast < SETTLED and slow < SETTLED:
        return 0.0, 0.0
    return fast, slow


@kernel
def smoothed(m: Where, gain: float, b: int, g: int, now: int) -> float:
    """Put the gain of frame `now` into its ring; the weighted sum of the last A gains; 1 stays 1."""
    history, weights = real3(m, at.HISTORY), real1(m, at.ATTACK_WEIGHTS)
    frames = weights.shape[0]
    position = now % frames
    history[b, g, position] = gain
    total, lowest = 0.0, 1.0
    for k in range(frames):
        value = history[b, g, position - k if position >= k else position - k + frames]
        total += weights[k] * value
        lowest = min(lowest, value)
    return 1.0 if lowest == 1.0 else min(total, 1.0)


@kernel
def held_gain(excess: float) -> float:
    """The gain that brings a peak of `excess` times the ceiling down to it."""
    return 1.0 if excess <= 1.0 else MARGIN / excess
