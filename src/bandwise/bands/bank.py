"""The state of a running crossover: a cascade of splits, by name."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.linkwitz_riley import DAMPING
from bandwise.bands.sections import COEFFICIENTS, Doubles, section_coefficients
from bandwise.kernels import kernel

Integers = NDArray[np.int64]

LOW_SECTIONS = {2: 0, 4: 1, 8: 3}  # low-pass sections after the one that shares its states with the all-pass
CHUNK = 32  # samples per pass over the cascade: rows stay in the first-level cache


class Bank(NamedTuple):
    """Everything a running cascade of K splits, S all-pass sections each, for C channels, is made of."""

    compensated: bool  # False leaves the all-passes of the lower bands out
    damping: Doubles  # (S,) damping of each section
    period: Doubles  # (K,) 1 / tan(pi f_c / f_s) now; at 0 a split is transparent: all is low
    target: Doubles  # (K,) period at the end of the glide
    pace: Doubles  # (K,) how much `travel` of the period moves per sample of the glide
    gliding: Integers  # (1,) samples of the glide still to come
    phase: Integers  # (1,) samples since silence was last looked for
    coefficients: Doubles  # (K, S, 24), see `section_coefficients`
    allpass_state: Doubles  # (K, S, (K + 1) C, 2)
    low_state: Doubles  # (K, low sections, C, 2)
    low: Doubles  # (1, CHUNK) scratch


def make_bank(period: Doubles, order: int, channels: int, compensated: bool = True) -> Bank:
    """A bank at rest whose splits have these periods."""
    splits, damping = len(period), np.asarray(DAMPING[order])
    sections, lanes = len(damping), (splits + 1) * channels
    bank = Bank(
        compensated=compensated,
        damping=damping,
        period=period.astype(np.float64),
        target=period.astype(np.float64),
        pace=np.zeros(splits),
        gliding=np.zeros(1, np.int64),
        phase=np.zeros(1, np.int64),
        coefficients=np.zeros((splits, sections, COEFFICIENTS)),
        allpass_state=np.zeros((splits, sections, lanes, 2)),
        low_state=np.zeros((splits, LOW_SECTIONS[order], channels, 2)),
        low=np.zeros((1, CHUNK)),
    )
    for k in range(splits):
        tune_split(bank, k)
    return bank


@kernel
def tune_split(bank: Bank, k: int) -> None:
    """Recompute the coefficients of split `k` from its present period."""
    whole = bank.low_state.shape[1] == 0
    for section in range(bank.damping.shape[0]):
        section_coefficients(bank.period[k], bank.damping[section], whole, bank.coefficients[k, section])
