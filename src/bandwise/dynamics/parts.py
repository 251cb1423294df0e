"""What an engine is made of, part by part, and how compiled code finds each in its memory.

An array that knows its owner counts references with atomic operations whenever it is handed on, which costs
several times what the sound costs. The arrays made here do not know it: whoever calls keeps the memory alive.
Handing on a few arrays takes as long as some samples take, so kernels hand on `Where` and look again.
"""

from typing import Any, NamedTuple

import numpy as np
from llvmlite.ir import IRBuilder, Value
from numba import carray, types
from numba.core.typing import Signature
from numba.extending import intrinsic
from numpy.typing import NDArray

from bandwise.bands.bank import Bank
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

BANK_PARTS = (
    "damping", "period", "target", "pace", "coefficients", "allpass_state", "low_state", "low",
    "gliding", "phase",
)  # fmt: skip
PARTS = (
    "weights", "attack", "taps", "parameters", "target", "state", "history", "window_value",
    "rows", "key_rows", "wet", "band_ring", "dry_ring", "output_ring", "ceilings", "output_mix",
    "recent", "scratch", "frame_in", "key_in", "frame_out",
    "switches", "clock", "window_time", "window_mark", "header",
    *("bank_" + name for name in BANK_PARTS),
    *("key_bank_" + name for name in BANK_PARTS),
)  # fmt: skip
INTEGER_PARTS = {
    "switches", "clock", "window_time", "window_mark", "header",
    "bank_gliding", "bank_phase", "key_bank_gliding", "key_bank_phase",
}  # fmt: skip

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

# Columns of the state of one band, or of the output, for one group of channels.
FOLLOWER, FOLLOWED, POWER, LEVEL, REDUCTION, REDUCED, FIXED, BAND_GAIN = range(8)
FAST, SLOW, LIMIT_GAIN, APPLIED, LEAST, CUTTING, CUT_AT = range(8, 15)
STATE_SIZE = 15
LEVELS, EXCESS = range(2)  # kinds of sliding maxima: of the level, and of the peak over the ceiling


class Where(NamedTuple):
    """The addresses of the memory of an engine."""

    floats: int
    integers: int
    table: int  # one row per name in PARTS: offset, length of up to four axes


@intrinsic  # type: ignore[untyped-decorator, unused-ignore]
def pointer(_context: Any, _address: Any) -> tuple[Signature, Any]:
    """An address, an integer, as a pointer."""

    def build(context: Any, builder: IRBuilder, _signature: Signature, arguments: list[Value]) -> Value:
        return builder.inttoptr(arguments[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), build


@kernel
def where(address: int) -> Where:
    """The three addresses, which lie one after the other at `address`."""
    three = carray(pointer(address), (3,), np.int64)
    return Where(three[0], three[1], three[2])


@kernel
def entry(m: Where, i: int, column: int) -> int:
    """One number of the table."""
    return int(carray(pointer(m.table + 40 * i), (5,), np.int64)[column])


@kernel
def real1(m: Where, i: int) -> Doubles:
    """Part i, a vector of floats."""
    vector: Doubles = carray(pointer(m.floats + 8 * entry(m, i, 0)), (entry(m, i, 1),), np.float64)
    return vector


@kernel
def real2(m: Where, i: int) -> Doubles:
    """Part i, a matrix of floats."""
    shape = (entry(m, i, 1), entry(m, i, 2))
    matrix: Doubles = carray(pointer(m.floats + 8 * entry(m, i, 0)), shape, np.float64)
    return matrix


@kernel
def real3(m: Where, i: int) -> Doubles:
    """Part i, floats with three axes."""
    shape = (entry(m, i, 1), entry(m, i, 2), entry(m, i, 3))
    cube: Doubles = carray(pointer(m.floats + 8 * entry(m, i, 0)), shape, np.float64)
    return cube


@kernel
def real4(m: Where, i: int) -> Doubles:
    """Part i, floats with four axes."""
    shape = (entry(m, i, 1), entry(m, i, 2), entry(m, i, 3), entry(m, i, 4))
    block: Doubles = carray(pointer(m.floats + 8 * entry(m, i, 0)), shape, np.float64)
    return block


@kernel
def whole1(m: Where, i: int) -> Integers:
    """Part i, a vector of integers."""
    vector: Integers = carray(pointer(m.integers + 8 * entry(m, i, 0)), (entry(m, i, 1),), np.int64)
    return vector


@kernel
def whole2(m: Where, i: int) -> Integers:
    """Part i, a matrix of integers."""
    shape = (entry(m, i, 1), entry(m, i, 2))
    matrix: Integers = carray(pointer(m.integers + 8 * entry(m, i, 0)), shape, np.int64)
    return matrix


@kernel
def whole4(m: Where, i: int) -> Integers:
    """Part i, integers with four axes."""
    shape = (entry(m, i, 1), entry(m, i, 2), entry(m, i, 3), entry(m, i, 4))
    block: Integers = carray(pointer(m.integers + 8 * entry(m, i, 0)), shape, np.int64)
    return block


@kernel
def bank_at(m: Where, first: int) -> Bank:
    """The filter bank whose parts begin at `first`, in the order of BANK_PARTS."""
    return Bank(
        whole1(m, HEADER)[1] == 1,
        real1(m, first),
        real1(m, first + 1),
        real1(m, first + 2),
        real1(m, first + 3),
        whole1(m, first + 8),
        whole1(m, first + 9),
        real3(m, first + 4),
        real4(m, first + 5),
        real4(m, first + 6),
        real2(m, first + 7),
    )
