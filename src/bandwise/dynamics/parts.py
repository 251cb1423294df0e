"""Cutting the parts of an engine out of its memory, inside compiled code."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.filterbank import Bank
from bandwise.dynamics.engine import BANK_PARTS, PARTS
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]
Block = TypeVar("Block", NDArray[np.float64], NDArray[np.int64])

WEIGHTS, ATTACK_WEIGHTS, TAPS = PARTS.index("weights"), PARTS.index("attack"), PARTS.index("taps")
PARAMETERS, TARGET, STATE = PARTS.index("parameters"), PARTS.index("target"), PARTS.index("state")
HISTORY, WINDOW_VALUE = PARTS.index("history"), PARTS.index("window_value")
ROWS, KEY_ROWS, WET = PARTS.index("rows"), PARTS.index("key_rows"), PARTS.index("wet")
BAND_RING, DRY_RING, OUTPUT_RING = (
    PARTS.index("band_ring"),
    PARTS.index("dry_ring"),
    PARTS.index("output_ring"),
)
CEILINGS, OUTPUT_MIX = PARTS.index("ceilings"), PARTS.index("output_mix")
RECENT, SCRATCH = PARTS.index("recent"), PARTS.index("scratch")
FRAME_IN, KEY_IN, FRAME_OUT = PARTS.index("frame_in"), PARTS.index("key_in"), PARTS.index("frame_out")
SWITCH_ROWS, CLOCK = PARTS.index("switches"), PARTS.index("clock")
WINDOW_TIME, WINDOW_MARK = PARTS.index("window_time"), PARTS.index("window_mark")
HEADER, BANK, KEY_BANK = PARTS.index("header"), PARTS.index("bank_damping"), PARTS.index("key_bank_damping")

assert BANK_PARTS[4:8] == ("coefficients", "allpass_state", "low_state", "low")  # as `bank_part` reads them


@kernel
def part1(memory: Block, table: Integers, i: int) -> Block:
    """Part i as a vector."""
    return memory[table[i, 0] : table[i, 0] + table[i, 1]]


@kernel
def part2(memory: Block, table: Integers, i: int) -> Block:
    """Part i as a matrix."""
    n, m = table[i, 1], table[i, 2]
    return memory[table[i, 0] : table[i, 0] + n * m].reshape((n, m))


@kernel
def part3(memory: Block, table: Integers, i: int) -> Block:
    """Part i with three axes."""
    n, m, k = table[i, 1], table[i, 2], table[i, 3]
    return memory[table[i, 0] : table[i, 0] + n * m * k].reshape((n, m, k))


@kernel
def part4(memory: Block, table: Integers, i: int) -> Block:
    """Part i with four axes."""
    n, m, k, j = table[i, 1], table[i, 2], table[i, 3], table[i, 4]
    return memory[table[i, 0] : table[i, 0] + n * m * k * j].reshape((n, m, k, j))


@kernel
def bank_part(floats: Doubles, integers: Integers, table: Integers, first: int, compensated: bool) -> Bank:
    """The filter bank whose parts begin at `first`, in the order of BANK_PARTS."""
    return Bank(
        compensated,
        part1(floats, table, first),
        part1(floats, table, first + 1),
        part1(floats, table, first + 2),
        part1(floats, table, first + 3),
        part1(integers, table, first + 8),
        part1(integers, table, first + 9),
        part3(floats, table, first + 4),
        part4(floats, table, first + 5),
        part4(floats, table, first + 6),
        part2(floats, table, first + 7),
    )
