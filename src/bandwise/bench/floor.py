"""What a network cannot do without: reading its weights, and multiplying by them."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.suppress.compiled import CompiledModel
from bandwise.suppress.int8 import BLOCK, Layer, multiply, pack
from bandwise.suppress.network import Network
from bandwise.suppress.tile import ROWS

INPUTS, OUTPUTS = 512, 2 * BLOCK
"""Of a layer that stays in the first caches."""
HOT_ROWS = 64


@dataclass(frozen=True)
class Floor:
    """Of one frame of a network, on this machine, now."""

    weight_bytes: int
    """All that is read: tiles of weights that are zero are not."""
    multiply_adds: int
    read_us: float
    """Reading the weights once in a plain loop."""
    multiply_us: float
    """Multiplying by them if they were in the cache and read for many rows at once."""


def floor(model: str, tries: int = 30) -> Floor | None:
    """Measure both rates and scale them to a network; None for one that is not computed by our own code."""
    network = Network(model).model
    if not isinstance(network, CompiledModel):
        return None
    stream = np.ones(network.weight_bytes // 8, np.int64)
    reading, adding = _least(lambda: read_all(stream), tries), _seconds_per_multiply_add(tries)
    return Floor(
        network.weight_bytes, network.multiply_adds, 1e6 * reading, 1e6 * adding * network.multiply_adds
    )


def _seconds_per_multiply_add(tries: int) -> float:
    layer = pack(np.ones((INPUTS, OUTPUTS), np.int8), np.ones(OUTPUTS, np.float32), None)
    codes = np.ones((HOT_ROWS, INPUTS), np.uint8)
    return _least(lambda: multiply_all(codes, layer), tries) / (HOT_ROWS * INPUTS * OUTPUTS)


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
    """All rows by all outputs of a layer."""
    sums = np.empty((ROWS, BLOCK), np.int32)
    total = 0
    for first in range(0, layer.columns.shape[1], BLOCK):
        row = 0
        while row < codes.shape[0]:
            row += multiply(codes, row, layer, first, sums)
            total += sums[0, 0]
    return total
