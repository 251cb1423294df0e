"""Products of int8 weights with sounds of the moment: what nearly all of the network's time goes into.

The weights of a layer, [inputs, outputs] with one scale per output, are packed as the processor wants them.
Each row of inputs is rounded to 0..255 with a scale of its own; the sums are whole numbers, exact whatever
their order. So a row gets the same bits alone or among others, on every machine.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.suppress.stft import Array
from bandwise.suppress.tile import AT_ONCE, HALF, LANES, QUAD, ROWS, TILE, all_rows, half_the_rows, one_row

MOST = np.float32(255.0)
"""The largest code."""
LEAST_SPAN = np.float32(1e-30)
"""Of what a row reaches over; the inverse of a scale below would leave float32."""
BLOCK = 4 * LANES
"""Outputs that are brought to scale at once."""
MAGNITUDE = np.int32(0x7FFFFFFF)
"""All bits of a float but its sign."""
STEP = AT_ONCE[1] * QUAD
"""Inputs come in multiples of these, with zeros behind."""

Bytes = NDArray[np.uint8]
Sums = NDArray[np.int32]


class Layer(NamedTuple):
    """One product with int8 weights: those tiles of 4 inputs by 16 outputs that are not zero throughout."""

    tiles: NDArray[np.int8]
    """[tiles, 64], in the order in which they are read: all of 16 outputs, then all of the next 16."""
    quads: NDArray[np.uint16]
    """[tiles]: which four inputs each one is for."""
    edges: NDArray[np.int64]
    """[blocks of outputs * 4 + 1]: where the tiles of each 16 outputs begin."""
    columns: NDArray[np.float32]
    """[3, outputs]: scale, sum of the weights, bias of each output."""


def pack(weights: NDArray[np.int8], scales: Array, bias: Array | None) -> Layer:
    """Weights [inputs, outputs] as tiles; `weights` times `scales` [outputs] are the true ones."""
    inputs, outputs = weights.shape
    padded = np.zeros((_rounded(inputs, STEP), _rounded(outputs, BLOCK)), np.int8)
    padded[:inputs, :outputs] = weights
    tiles = padded.reshape(-1, QUAD, padded.shape[1] // LANES, LANES).transpose(2, 0, 3, 1)
    tiles = tiles.reshape(*tiles.shape[:2], TILE)
    used = _filled_up(tiles.any(axis=2))
    edges = np.concatenate([[0], used.sum(axis=1).cumsum()])
    columns = np.zeros((3, outputs), np.float32)
    columns[0], columns[1] = scales, weights.sum(axis=0, dtype=np.int32)
    columns[2] = 0.0 if bias is None else bias
    return Layer(tiles[used], used.nonzero()[1].astype(np.uint16), edges, columns)


def _filled_up(used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which tiles to store, [16 outputs each, quads]: also some zeros, until steps of four meet the end."""
    missing = -used.sum(axis=1, keepdims=True) % AT_ONCE[1]
    filling: NDArray[np.bool_] = np.cumsum(~used, axis=1) <= missing
    return used | filling


def _rounded(count: int, multiple: int) -> int:
    return -(-count // multiple) * multiple


@kernel
def quantise(x: Array, codes: Bytes, ranges: Array) -> None:
    """Round each row of x [rows, n] to `codes` [rows, n or a little more]: x is about scale (code - zero).

    Ranges [3, rows] take its scale, the inverse of that, and its zero. The range is that of the row's values,
    and zero is in it (ONNX, DynamicQuantizeLinear).
    """
    scales, steps, zeros = ranges[0], ranges[1], ranges[2]
    for row in range(x.shape[0]):
        zeros[row], scales[row] = extremes(x[row])  # for a start: from where to where the row reaches
    for row in range(x.shape[0]):
        lowest, span = zeros[row], scales[row] - zeros[row]
        scales[row] = span / MOST if span > LEAST_SPAN else np.float32(1.0)
        steps[row] = np.float32(1.0) / scales[row]
        zeros[row] = np.rint(-lowest / scales[row])
    for row in range(x.shape[0]):
        encode(x[row], steps[row], zeros[row], codes[row])


@kernel
def extremes(x: Array) -> tuple[np.float32, np.float32]:
    """Least and largest of x [n] and zero.

    Whole numbers in the same order stand for the floats, since only of those does the compiler take many at
    a time.
    """
    lowest, highest = np.int32(0), np.int32(0)
    bits = x.view(np.int32)
    for i in range(bits.size):
        number = in_order(bits[i])
        lowest, highest = min(lowest, number), max(highest, number)
    return np.int32(in_order(lowest)).view(np.float32), np.int32(in_order(highest)).view(np.float32)


@kernel
def in_order(bits: np.int32) -> np.int32:
    """The bits of a float -> a whole number that is less where the float is, and back."""
    number: np.int32 = np.int32(bits ^ np.int32(bits >> np.int32(31)) & MAGNITUDE)
    return number


@kernel
def encode(x: Array, steps: np.float32, zero: np.float32, codes: Bytes) -> None:
    """Write x [n] in steps from `zero` on, cut off at 0 and 255."""
    for i in range(x.size):
        code = np.rint(x[i] * steps) + zero
        codes[i] = np.uint8(np.int32(max(np.float32(0.0), min(MOST, code))))


@kernel
def affine(x: Array, layer: Layer, out: Array) -> None:
    """X [rows, inputs] times the weights, plus bias -> out [rows, outputs]."""
    rows = x.shape[0]
    codes = np.zeros((rows, -(-x.shape[1] // STEP) * STEP), np.uint8)
    ranges = np.empty((3, rows), np.float32)
    quantise(x, codes, ranges)
    sums = np.empty((ROWS, BLOCK), np.int32)
    for first in range(0, out.shape[1], BLOCK):
        row = 0
        while row < rows:
            some = multiply(codes, row, layer, first, sums)
            rescale(sums[:some], layer.columns, ranges, row, first, out)
            row += some


@kernel
def multiply(codes: Bytes, row: int, layer: Layer, first: int, sums: Sums) -> int:
    """64 outputs from `first` on for the next rows of codes -> sums [8, 64]; returns how many rows."""
    left = codes.shape[0] - row
    some = ROWS if left >= ROWS else HALF if left >= HALF else 1
    for place in range(0, BLOCK, LANES):
        group = (first + place) // LANES
        what = layer.tiles, layer.quads, layer.edges[group], layer.edges[group + 1], sums, place
        if some == ROWS:
            all_rows(codes, row, *what)
        elif some == HALF:
            half_the_rows(codes, row, *what)
        else:
            one_row(codes, row, *what)
    return some


@kernel
def rescale(sums: Sums, columns: Array, ranges: Array, row: int, first: int, out: Array) -> None:
    """Whole sums of codes -> values, of the rows from `row` on and of 64 outputs or less from `first` on."""
    end = min(first + BLOCK, out.shape[1])
    by_output, totals, bias = columns[0, first:end], columns[1, first:end], columns[2, first:end]
    for r in range(sums.shape[0]):
        whole, values = sums[r], out[row + r, first:end]
        scale, zero = ranges[0, row + r], np.int32(ranges[2, row + r])
        for o in range(values.size):
            exact = np.int32(whole[o] - zero * np.int32(totals[o]))
            values[o] = np.float32(exact) * (scale * by_output[o]) + bias[o]
