"""Moving the corners of a running crossover, sample by sample."""

import numpy as np

from bandwise.bands.bank import Bank, tune_split
from bandwise.bands.sections import Doubles
from bandwise.kernels import kernel

NEAR_NYQUIST = 0.05  # period below which a corner (over 0.484 f_s) moves through nothing that is heard


@kernel
def travel_slope(period: float) -> float:
    """Derivative of `retuning.travel`: a corner moves the slower, the more it changes the delay of a tone."""
    return 1.0 + 1.0 / (period * period + NEAR_NYQUIST * NEAR_NYQUIST)


@kernel
def advance_glide(bank: Bank) -> None:
    """Move every corner by one sample of its glide.

    d/dt (p^2 + q^2) = w / (4 k) (x^2 - y^2) for an all-pass with corner w, states p and q, input x, output y:
    what an all-pass stores is (p^2 + q^2) / w. Scaling the states by the root of w therefore keeps it
    lossless while its corner moves, and a split that comes from or arrives at a period of 0 is empty.
    """
    bank.gliding[0] -= 1
    for k in range(bank.period.shape[0]):
        before = bank.period[k]
        if before == bank.target[k]:
            continue
        middle = before + 0.5 * bank.pace[k] / travel_slope(before)
        bank.period[k] = (
            before + bank.pace[k] / travel_slope(middle) if bank.gliding[0] > 0 else bank.target[k]
        )
        scale = np.sqrt(before / bank.period[k]) if bank.period[k] > 0.0 else 0.0
        scale_states(bank.allpass_state, k, scale)
        scale_states(bank.low_state, k, scale)
        tune_split(bank, k)


@kernel
def scale_states(states: Doubles, k: int, scale: float) -> None:
    """Multiply every state of split `k`."""
    for s in range(states.shape[1]):
        for lane in range(states.shape[2]):
            states[k, s, lane, 0] *= scale
            states[k, s, lane, 1] *= scale
