"""Changing a crossover while it plays: how corners travel, and how splits come and go.

A corner far above all sound leaves a split transparent (low = everything, high = 0). A new split therefore
comes from there, always as the last of the cascade, and a superfluous last one leaves that way. Nothing is
ever cross-faded: a fade between two phase responses cuts notches.

A lossless all-pass stores the energy tau(w) A^2 of a tone of amplitude A, with tau its group delay. While the
delay changes the tone leaves with the power A^2 (1 - d tau / dt), to first order: the sum is flat at every
moment if the delay of no tone changes fast. In terms of the warped frequency u = tan(w / 2) and the period
g = 1 / tan(w_c / 2) of a split with the phase phi(u g), at one unit of time per sample,

    d tau / dt = 1/2 (1 + u^2) S(u g) dg/dt     with S(v) = d/dv (v phi'(v))

and |S| is at most S_0, and at most S_0 / v^2. So |d tau / dt| <= 1/2 S_0 (1 + 1 / g^2) |dg/dt| for any tone,
and a corner moves at a pace dg/dt ~ 1 / (1 + 1 / (g^2 + g_0^2)), where g_0 lets it arrive at g = 0. On the
distance `travel` = g + atan(g / g_0) / g_0 that is an even pace. Coming down to a corner of 100 Hz sweeps
tones through 5 ms of delay; coming up from 0 Hz it would sweep every tone through its own, 23 ms at 20 Hz.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.bank import Bank, make_bank
from bandwise.bands.gliding import NEAR_NYQUIST
from bandwise.bands.linkwitz_riley import warped_period
from bandwise.errors import BandwiseError

HIGHEST_FRACTION = 0.49  # of the sample rate; closer to Nyquist the bilinear transform leaves no band
DELAY_CHANGE = 0.01  # seconds per second, of the whole cascade: 10 log10(1 + 0.01) = 0.043 dB
# S_0 of one split, by order, with g_0 in place: max over tones to 0.45 f_s
SWING = {2: 2.01, 4: 3.88, 8: 12.16}
MAX_BANDS = 16


def check_cutoffs(cutoffs_hz: Iterable[float], sample_rate: float) -> tuple[float, ...]:
    """Return the cutoffs as floats, or raise BandwiseError if they cannot be built at this rate."""
    try:
        items: Iterator[Any] = iter(cutoffs_hz)
    except TypeError:  # no list of anything
        items = iter((None,))
    given = tuple(items)
    if not all(isinstance(hz, Real) for hz in given):
        raise BandwiseError(
            f"got cutoffs_hz = {cutoffs_hz!r}; allowed is a list of frequencies in Hz; write [200, 2000]"
        )
    cutoffs = tuple(float(hz) for hz in given)
    top = HIGHEST_FRACTION * sample_rate
    if len(cutoffs) >= MAX_BANDS:
        raise BandwiseError(
            f"got {len(cutoffs)} cutoffs; allowed are 0 to {MAX_BANDS - 1} ({MAX_BANDS} bands); remove some"
        )
    for hz in cutoffs:
        if not 1.0 <= hz <= top:
            raise BandwiseError(
                f"got a cutoff of {hz:g} Hz; allowed is 1 to {top:g} Hz at {sample_rate:g} Hz; "
                "move it, or use a higher sample rate"
            )
    for low, high in pairwise(cutoffs):
        if not low < high:
            raise BandwiseError(
                f"got cutoffs from {low:g} to {high:g} Hz; each must lie above the one before; sort them"
            )
    return cutoffs


def resized(bank: Bank, splits: int, order: int, channels: int) -> Bank:
    """A bank of as many splits: the first ones as they are, new ones at rest above all sound."""
    fresh = make_bank(np.zeros(splits), order, channels, bank.compensated)
    kept = min(splits, len(bank.period))
    lanes = (kept + 1) * channels
    for name in ("period", "target", "pace", "low_state", "coefficients"):
        getattr(fresh, name)[:kept] = getattr(bank, name)[:kept]
    fresh.allpass_state[:kept, :, :lanes] = bank.allpass_state[:kept, :, :lanes]
    fresh.phase[:], fresh.gliding[:] = bank.phase, bank.gliding
    return fresh


def travel(period: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance that a corner covers evenly; its derivative is `gliding.travel_slope`."""
    return np.asarray(period + np.arctan(period / NEAR_NYQUIST) / NEAR_NYQUIST)


def start_glide(bank: Bank, cutoffs_hz: Sequence[float], sample_rate: float, order: int) -> None:
    """Send the first splits to the cutoffs and the others above all sound, all to arrive together."""
    bank.target[:] = 0.0
    bank.target[: len(cutoffs_hz)] = warped_period(cutoffs_hz, sample_rate)
    distance = travel(bank.target) - travel(bank.period)
    fastest = 2.0 * DELAY_CHANGE / SWING[order]
    samples = int(np.ceil(np.abs(distance).sum() / fastest))
    bank.gliding[0] = samples
    bank.pace[:] = distance / max(1, samples)


def samples_to_settle(bank: Bank, cutoffs: int) -> int:
    """In how many samples the splits beyond `cutoffs` have left; 0 if there are none."""
    return max(1, int(bank.gliding[0])) if len(bank.period) > cutoffs else 0


def band_of(bank: Bank, cutoffs: int) -> list[int]:
    """The band of the settings that each running band counts to: leaving ones are part of the last."""
    return [min(k, cutoffs) for k in range(len(bank.period) + 1)]
