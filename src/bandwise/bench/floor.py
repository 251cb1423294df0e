"""What the network cannot do without: reading its weights, and multiplying by them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.suppress.int8 import BLOCK, Layer, multiply, pack
from bandwise.suppress.tile import ROWS

INPUTS = 512
HOT_ROWS = 64


@dataclass(frozen=True)
class Floor:
    """Of one frame of a network with so many int8 weights, on this machine, now."""

    weights: int
    """Bytes to read and multiply-adds to do."""
    read_us: float
    """Reading them once in a plain loop."""
    multiply_us: float
    """Multiplying by them when they are read for many rows at once."""


def floor(weights: int, tries: int = 30) -> Floor:
    """Measure both rates and scale them to `weights`."""
    stream = np.zeros(weights // 8, np.int64)
    blocks = HOT_ROWS  # a layer of 512 inputs that stays in the first caches
    outputs = 2 * BLOCK
    layer = pack(
        np.ones((INPUTS, outputs), np.int8),
        np.ones(outputs, np.float32),
        None,
    )
    codes = np.ones((blocks, INPUTS), np.uint8)
    hot = _least(lambda: multiply_all(codes, layer), tries) / (blocks * INPUTS * outputs)
    return Floor(weights, 1e6 * _least(lambda: read_all(stream), tries), 1e6 * hot * weights)


def _least(run: Callable[[], object], tries: int) -> float:
    run()
    best = np.inf
    for _ in range(tries):
        start = time.thread_time_ns()
        run()
        best = min(best, time.thread_time_ns() - start)
    return float(best / 1e9)


@kernel
def read_all(x: NDArray[np.int64]) -> int:
    """Sum of everything, so that everything is read."""
    total = 0
    for i in range(x.size):
        total += x[i]
    return total


@kernel
def multiply_all(codes: NDArray[np.uint8], layer: Layer) -> int:
    """All rows by all blocks of a layer."""
    sums = np.empty((ROWS, BLOCK), np.int32)
    total = 0
    for first in range(0, layer.columns.shape[1], BLOCK):
        row = 0
        while row < codes.shape[0]:
            row += multiply(codes, row, layer, first, sums)
            total += sums[0, 0]
    return total
