"""The compiled frame of the multiband processor, in signal order."""

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.bank import Bank
from bandwise.bands.filterbank import split_bands, tidy
from bandwise.bands.paired import split_frame
from bandwise.dynamics import parts as at
from bandwise.dynamics.band import run_bands
from bandwise.dynamics.control import ramp_parameters
from bandwise.dynamics.output import keep_dry, mix_output, run_output
from bandwise.dynamics.parts import LEAST, Where, bank_at, real2, real3, where, whole1
from bandwise.dynamics.rows import copy_rows, give_out, take_in
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Planar = NDArray[np.float32]


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
def forget_reduction(m: Where) -> None:
    """Start the readout of the largest reduction anew."""
    state = real3(m, at.STATE)
    for b in range(state.shape[0]):
        for g in range(state.shape[1]):
            state[b, g, LEAST] = 1.0


@kernel
def run(address: int, samples: Planar, key: Planar, keyed: bool, start: int, stop: int) -> None:
    """Run columns start:stop of (C, n) samples in place; a frame is processed when its last sample has come.

    `address` is that of a `Memory`; without a key, `key` is the samples themselves.
    """
    m = where(address)
    frame_in, key_in, frame_out = real2(m, at.FRAME_IN), real2(m, at.KEY_IN), real2(m, at.FRAME_OUT)
    clock, size, i = whole1(m, at.CLOCK), frame_in.shape[1], start
    if start == 0 and clock[1] + samples.shape[1] >= size:
        forget_reduction(m)
    while i < stop:
        position = clock[1]
        take = min(stop - i, size - position)
        done = position + take == size
        take_in(samples, i, take, frame_in, position)
        take_in(key, i, take, key_in, position)
        give_out(frame_out, position + 1, take - 1 if done else take, samples, i)
        if done:
            run_frame(m, keyed)
            give_out(frame_out, 0, 1, samples, i + take - 1)
        clock[1] = 0 if done else position + take
        i += take
