"""The memory of a multiband processor: a few blocks in which all its parts lie."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.parts import INTEGER_PARTS, PARTS

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Memory:
    """One block of floats, one of integers, and a table of where each part of an engine lies in them.

    Handing an array to compiled code takes about a fifth of a microsecond, a tuple of three numbers twice
    that; handing over fifty arrays would cost more than the sound in small blocks. So the kernel gets one
    number, finds these three there, and the parts in them.
    """

    floats: Doubles
    integers: Integers
    table: Integers  # one row per name in PARTS: offset, length of up to four axes

    @cached_property
    def addresses(self) -> Integers:
        """Where the three begin, one after the other."""
        return np.array([block.ctypes.data for block in (self.floats, self.integers, self.table)])

    @cached_property
    def address(self) -> int:
        """Where `addresses` lies; all of them stay valid as long as this object is kept."""
        return self.addresses.ctypes.data


def allocate(shapes: dict[str, tuple[int, ...]]) -> tuple[Memory, dict[str, Any]]:
    """Lay out the parts in the order of PARTS; returns the memory and each part as an array on it."""
    table = np.zeros((len(PARTS), 5), np.int64)
    ends = {True: 0, False: 0}
    for row, name in zip(table, PARTS, strict=True):
        row[0] = ends[name in INTEGER_PARTS]
        row[1 : 1 + len(shapes[name])] = shapes[name]
        ends[name in INTEGER_PARTS] += math.prod(shapes[name])
    memory = Memory(np.zeros(ends[False]), np.zeros(ends[True], np.int64), table)
    parts = {}
    for row, name in zip(table, PARTS, strict=True):
        block = memory.integers if name in INTEGER_PARTS else memory.floats
        size = math.prod(shapes[name])
        parts[name] = block[row[0] : row[0] + size].reshape(shapes[name])
    return memory, parts
