"""The state of a multiband processor: everything that must survive between frames, by name."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.filterbank import Bank
from bandwise.dynamics.detector import Windows, make_windows
from bandwise.dynamics.limiter import attack_weights
from bandwise.dynamics.parameters import ROW_SIZE, SWITCHES, Frames
from bandwise.dynamics.true_peak import TAPS, interpolation_taps

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

# Columns of the state of one band, or of the output, for one group of channels.
FOLLOWER, FOLLOWED, POWER, LEVEL, REDUCTION, BAND_GAIN, FAST, SLOW, LIMIT_GAIN, APPLIED, LEAST = range(11)
LEVELS, EXCESS = range(2)  # kinds of sliding maxima: of the level, and of the peak over the ceiling


class Engine(NamedTuple):
    """B running bands, C channels in groups that share a gain, frames of F samples. Row B is the output's.

    Rings keep the last frames of each row: frame f of row r is row r * slots + f % slots.
    """

    group: int  # channels per group
    weights: Doubles  # (C,) of the channels in the level that compressors see
    attack: Doubles  # (A,) weights of the limiters' attack
    taps: Doubles  # interpolation filters for true peaks
    bank: Bank
    key_bank: Bank  # the same splits for an external side chain
    parameters: Doubles  # (B + 1, ROW_SIZE) as they are now
    target: Doubles  # (B + 1, ROW_SIZE) where they ramp to
    switches: Integers  # (B + 1, SWITCHES)
    clock: Integers  # [frames done, samples in the frame that fills, frames the ramp still takes]
    state: Doubles  # (B + 1, groups, 11)
    history: Doubles  # (B + 1, groups, A) last gains before the attack is smoothed
    windows: Windows  # (2, B + 1, groups)
    rows: Doubles  # (B C, F) the frame in bands
    key_rows: Doubles  # (B C, F)
    wet: Doubles  # (C, F)
    band_ring: Doubles  # (B C slots, F)
    dry_ring: Doubles  # (C slots, F)
    output_ring: Doubles  # (C output slots, F)
    ceilings: Doubles  # (output slots,) ceiling that each waiting frame was measured against
    output_mix: Doubles  # (2,) last gain of the processed and of the plain sound
    recent: Doubles  # (C, TAPS - 1 + F) samples for true peaks
    scratch: Doubles  # (F,)
    frame_in: Doubles  # (C, F)
    key_in: Doubles  # (C, F)
    frame_out: Doubles  # (C, F)


def make_engine(
    banks: tuple[Bank, Bank], channels: int, group: int, weights: Doubles, frames: Frames
) -> Engine:
    """An engine at rest; parameters and switches are still to be written."""
    bands, groups, size = len(banks[0].warp) + 1, -(-channels // group), frames.samples
    slots, output_slots = frames.band_delay + 1, frames.output_delay + 1
    state = np.zeros((bands + 1, groups, 11))
    state[:, :, [BAND_GAIN, LIMIT_GAIN, APPLIED, LEAST]] = 1.0
    state[:, :, LEVEL] = -1.0
    return Engine(
        group=group,
        weights=weights.copy(),
        attack=attack_weights(frames.attack),
        taps=interpolation_taps(),
        bank=banks[0],
        key_bank=banks[1],
        parameters=np.zeros((bands + 1, ROW_SIZE)),
        target=np.zeros((bands + 1, ROW_SIZE)),
        switches=np.zeros((bands + 1, SWITCHES), np.int64),
        clock=np.zeros(3, np.int64),
        state=state,
        history=np.ones((bands + 1, groups, frames.attack)),
        windows=make_windows(2, bands + 1, groups, frames.longest_hold),
        rows=np.zeros((bands * channels, size)),
        key_rows=np.zeros((bands * channels, size)),
        wet=np.zeros((channels, size)),
        band_ring=np.zeros((bands * channels * slots, size)),
        dry_ring=np.zeros((channels * slots, size)),
        output_ring=np.zeros((channels * output_slots, size)),
        ceilings=np.ones(output_slots),
        output_mix=np.zeros(2),
        recent=np.zeros((channels, TAPS - 1 + size)),
        scratch=np.zeros(size),
        frame_in=np.zeros((channels, size)),
        key_in=np.zeros((channels, size)),
        frame_out=np.zeros((channels, size)),
    )


SHARED = (
    "clock",
    "dry_ring",
    "output_ring",
    "ceilings",
    "output_mix",
    "recent",
    "frame_in",
    "key_in",
    "frame_out",
)


def carry_bands(old: Engine, new: Engine, source: Sequence[int | None]) -> None:
    """Copy into `new` what each of its bands was in `old`; None: a band that starts at rest, still empty."""
    rows = [*source, len(old.state) - 1]
    to, come = [b for b, s in enumerate(rows) if s is not None], [s for s in rows if s is not None]
    for name in ("state", "history", "parameters"):
        getattr(new, name)[to] = getattr(old, name)[come]
    for name in Windows._fields:
        getattr(new.windows, name)[:, to] = getattr(old.windows, name)[:, come]
    new_ring, old_ring = (e.band_ring.reshape(len(e.state) - 1, -1) for e in (new, old))
    new_ring[to[:-1]] = old_ring[come[:-1]]
    for name in SHARED:
        getattr(new, name)[...] = getattr(old, name)
