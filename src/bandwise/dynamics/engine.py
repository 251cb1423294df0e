"""The state of a multiband processor: everything that must survive between frames, by name."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.bank import Bank
from bandwise.dynamics.detector import Windows, window_capacity
from bandwise.dynamics.limiter import attack_weights
from bandwise.dynamics.memory import Memory, allocate
from bandwise.dynamics.parameters import ROW_SIZE, SWITCHES, Frames
from bandwise.dynamics.parts import (
    APPLIED,
    BAND_GAIN,
    BANK_PARTS,
    FIXED,
    LEAST,
    LEVEL,
    LIMIT_GAIN,
    REDUCED,
    STATE_SIZE,
)
from bandwise.dynamics.true_peak import OVERSAMPLING, TAPS, interpolation_taps

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


class Engine(NamedTuple):
    """B running bands, C channels in groups that share a gain, frames of F samples. Row B is the output's.

    Rings keep the last frames of each row: frame f of row r is row r * slots + f % slots.
    """

    header: Integers  # [channels per group, whether the bands are compensated]
    weights: Doubles  # (2, C) of the channels in the level that compressors see: now, and where they ramp to
    attack: Doubles  # (A,) weights of the limiters' attack
    taps: Doubles  # interpolation filters for true peaks
    bank: Bank
    key_bank: Bank  # the same splits for an external side chain
    parameters: Doubles  # (B + 1, ROW_SIZE) as they are now
    target: Doubles  # (B + 1, ROW_SIZE) where they ramp to
    switches: Integers  # (B + 1, SWITCHES)
    clock: Integers  # [frames done, samples in the frame that fills, frames the ramp still takes]
    state: Doubles  # (B + 1, groups, STATE_SIZE)
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
) -> tuple[Engine, Memory]:
    """An engine at rest on its memory; parameters and switches are still to be written."""
    groups = -(-channels // group)
    shapes = _shapes(banks, channels, groups, frames)
    memory, parts = allocate(shapes)
    for prefix, bank in zip(("bank_", "key_bank_"), banks, strict=True):
        for name in BANK_PARTS:
            parts[prefix + name][...] = getattr(bank, name)
    parts["weights"][:], parts["attack"][:] = weights, attack_weights(frames.attack)
    parts["taps"][:], parts["header"][:] = interpolation_taps(), (group, banks[0].compensated)
    parts["history"][...], parts["ceilings"][:] = 1.0, 1.0
    parts["state"][:, :, [REDUCED, FIXED, BAND_GAIN, LIMIT_GAIN, APPLIED, LEAST]] = 1.0
    parts["state"][:, :, LEVEL] = -1.0
    own = [
        bank._replace(**{name: parts[prefix + name] for name in BANK_PARTS})
        for prefix, bank in zip(("bank_", "key_bank_"), banks, strict=True)
    ]
    windows = Windows(parts["window_value"], parts["window_time"], parts["window_mark"])
    plain = {name: parts[name] for name in Engine._fields if name in parts}
    return Engine(bank=own[0], key_bank=own[1], windows=windows, **plain), memory


def _shapes(
    banks: tuple[Bank, Bank], channels: int, groups: int, frames: Frames
) -> dict[str, tuple[int, ...]]:
    """The shape of every part."""
    bands = len(banks[0].period) + 1
    shapes = _gain_shapes(bands, groups, frames) | _sample_shapes(bands, channels, frames)
    shapes |= {"header": (2,), "clock": (3,), "weights": (2, channels), "taps": (OVERSAMPLING - 1, TAPS)}
    for prefix, bank in zip(("bank_", "key_bank_"), banks, strict=True):
        shapes |= {prefix + name: getattr(bank, name).shape for name in BANK_PARTS}
    return shapes


def _gain_shapes(bands: int, groups: int, frames: Frames) -> dict[str, tuple[int, ...]]:
    """Parts that decide on gains: a row per band, and one for the output."""
    rows = bands + 1
    window = (2, rows, groups)
    capacity = window_capacity(frames.longest_hold)
    return {
        "attack": (frames.attack,),
        "parameters": (rows, ROW_SIZE),
        "target": (rows, ROW_SIZE),
        "switches": (rows, SWITCHES),
        "state": (rows, groups, STATE_SIZE),
        "history": (rows, groups, frames.attack),
        "window_value": (*window, capacity),
        "window_time": (*window, capacity),
        "window_mark": (*window, 2),
        "output_mix": (2,),
        "ceilings": (frames.output_delay + 1,),
    }


def _sample_shapes(bands: int, channels: int, frames: Frames) -> dict[str, tuple[int, ...]]:
    """Parts that hold samples: frames, and rings of frames that wait."""
    size, slots, output_slots = frames.samples, frames.band_delay + 1, frames.output_delay + 1
    split, frame = (bands * channels, size), (channels, size)
    return {
        "rows": split,
        "key_rows": split,
        "band_ring": (bands * channels * slots, size),
        "dry_ring": (channels * slots, size),
        "output_ring": (channels * output_slots, size),
        "recent": (channels, TAPS - 1 + size),
        "scratch": (size,),
        **dict.fromkeys(("wet", "frame_in", "key_in", "frame_out"), frame),
    }


CARRIED_WHOLE = (
    "clock", "dry_ring", "output_ring", "ceilings", "output_mix", "recent", "frame_in", "key_in", "frame_out",
)  # fmt: skip


def carry_bands(old: Engine, new: Engine) -> None:
    """Copy into `new` each band that both have, and the output; other bands stay at rest."""
    bands = min(len(old.state), len(new.state)) - 1
    kept = [*range(bands), -1]
    for name in ("state", "history", "parameters"):
        getattr(new, name)[kept] = getattr(old, name)[kept]
    for name in Windows._fields:
        getattr(new.windows, name)[:, kept] = getattr(old.windows, name)[:, kept]
    rows = bands * len(old.band_ring) // (len(old.state) - 1)
    new.band_ring[:rows] = old.band_ring[:rows]
    for name in CARRIED_WHOLE:
        getattr(new, name)[...] = getattr(old, name)
    new.weights[0] = old.weights[0]
