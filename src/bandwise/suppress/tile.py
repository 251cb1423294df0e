"""The innermost loop of the network: some rows of codes times sixteen outputs, in vector registers.

Written for the processors' own instruction for it (VNNI: four products of a byte with a byte and their sum,
in sixteen places at once), which no loop in Python makes numba use. Where the processor has none, the same
sums are made of wider products.

Weights come in tiles of 4 inputs by 16 outputs. A tile that holds nothing but zeros is not stored, so a
network trained to have many of them costs that much less, to the same bits.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 16
"""int32 sums in one vector of 512 bits: outputs of a tile."""
QUAD = 4
"""Inputs of a tile, which one step adds to each sum."""
TILE = LANES * QUAD
ROWS, HALF = 8, 4
"""Rows that share one reading of the weights; what is left goes by one."""
AT_ONCE = {1: 4, HALF: 2, ROWS: 1}
"""Tiles that are added at the same time for so many rows, to sums apart: one sum has to wait for its last."""

Build = Any
"""What llvmlite appends instructions to."""
Value = Any
"""A value of the code that is being built."""

_SUMS = ir.VectorType(ir.IntType(32), LANES)
_WIDE = ir.VectorType(ir.IntType(16), TILE)
_CODES = ir.VectorType(ir.IntType(8), TILE)


def _tile(rows: int) -> Callable[..., Any]:
    """Make `tile(codes, row, tiles, quads, first, last, sums, place)` for a fixed number of rows.

    codes uint8 [any, inputs], from `row` on, times tiles[first:last] int8 [any, 64] of the same 16 outputs;
    quads uint16 [any] says which four inputs each tile is for. Their sums go to sums int32 [rows, any], from
    column `place` on.
    """

    def tile(
        _typing: Any,
        codes: Any,
        row: Any,
        tiles: Any,
        quads: Any,
        first: Any,
        last: Any,
        sums: Any,
        place: Any,
    ) -> Any:
        def generate(context: Any, build: Build, signature: Any, arguments: Any) -> Value:
            codes, row, tiles, quads, first, last, sums, place = (
                context.make_array(kind)(context, build, value) if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            )
            inputs = [_row_of(build, codes, build.add(row, row.type(r)), ir.IntType(32)) for r in range(rows)]
            read = _row_of(build, tiles, first, _SUMS), _row_of(build, quads, first, ir.IntType(16))
            totals = _accumulate(build, inputs, read, build.sub(last, first), _dot(context))
            for r, total in enumerate(totals):
                target = build.gep(_row_of(build, sums, row.type(r), ir.IntType(32)), [place])
                build.store(total, build.bitcast(target, _SUMS.as_pointer()), align=4)
            return context.get_dummy_value()

        return types.void(codes, row, tiles, quads, first, last, sums, place), generate

    made: Callable[..., Any] = intrinsic(tile)
    return made


def _accumulate(
    build: Build, inputs: list[Value], read: tuple[Value, Value], count: Value, dot: Callable[..., Value]
) -> list[Value]:
    """Four inputs at a time, times the tile for them, for every row."""
    tiles, quads = read
    at_once = AT_ONCE[len(inputs)]
    totals = [[cgutils.alloca_once_value(build, _SUMS(None)) for _ in inputs] for _ in range(at_once)]
    with cgutils.for_range(build, build.udiv(count, count.type(at_once))) as loop:
        for step, sums in enumerate(totals):
            number = build.add(build.mul(loop.index, count.type(at_once)), count.type(step))
            quad = build.zext(build.load(build.gep(quads, [number])), ir.IntType(64))
            weights = build.load(build.gep(tiles, [number]), align=1)
            for x, total in zip(inputs, sums, strict=True):
                four = _repeat(build, build.load(build.gep(x, [quad]), align=1))
                build.store(dot(build, build.load(total), four, weights), total)
    return [_total(build, apart) for apart in zip(*totals, strict=True)]


def _total(build: Build, pointers: tuple[Value, ...]) -> Value:
    """Sum of what was summed apart."""
    total, *more = (build.load(pointer) for pointer in pointers)
    for value in more:
        total = build.add(total, value)
    return total


def _row_of(build: Build, array: Value, row: Value, kind: ir.Type) -> Value:
    """Pointer to array[row], as one to values of `kind`."""
    start = build.bitcast(array.data, ir.IntType(8).as_pointer())
    offset = build.mul(row, build.extract_value(array.strides, 0))
    return build.bitcast(build.gep(start, [offset]), kind.as_pointer())


def _repeat(build: Build, word: Value) -> Value:
    """The same four bytes in all sixteen places."""
    alone = build.insert_element(ir.Constant(_SUMS, ir.Undefined), word, ir.IntType(32)(0))
    return build.shuffle_vector(alone, ir.Constant(_SUMS, ir.Undefined), _order([0] * LANES))


def _order(places: list[int]) -> Value:
    return ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)


def _dot(context: Any) -> Callable[..., Value]:
    """What adds four products to each sum on the processor that is compiled for."""
    features = context.codegen().magic_tuple()[2]
    if "+avx512vnni" in features:
        return _vnni
    return _vnni_in_halves if "+avxvnni" in features else _widened


def _vnni(build: Build, total: Value, x: Value, weights: Value) -> Value:
    kind = total.type
    name = f"llvm.x86.avx512.vpdpbusd.{32 * kind.count}"
    function = cgutils.get_or_insert_function(build.module, ir.FunctionType(kind, [kind] * 3), name)
    return build.call(function, [total, x, weights])


def _vnni_in_halves(build: Build, total: Value, x: Value, weights: Value) -> Value:
    half = LANES // 2
    sums = []
    for start in (0, half):
        places = _order(list(range(start, start + half)))
        sums.append(_vnni(build, *(build.shuffle_vector(v, v, places) for v in (total, x, weights))))
    return build.shuffle_vector(*sums, _order(list(range(LANES))))


def _widened(build: Build, total: Value, x: Value, weights: Value) -> Value:
    """The same in wider numbers; pairs of 16 bits first, for which most processors have an instruction."""
    wide = build.zext(build.bitcast(x, _CODES), _WIDE), build.sext(build.bitcast(weights, _CODES), _WIDE)
    pairs = build.add(*(build.mul(*(_every_other(build, v, at) for v in wide)) for at in (0, 1)))
    quads = build.add(*(_every_other(build, pairs, at) for at in (0, 1)))
    return build.add(total, quads)


def _every_other(build: Build, vector: Value, first: int) -> Value:
    """Places first, first + 2, ... as int32."""
    count = vector.type.count
    some = build.shuffle_vector(vector, vector, _order(list(range(first, count, 2))))
    wide = ir.VectorType(ir.IntType(32), count // 2)
    return some if some.type == wide else build.sext(some, wide)


one_row, half_the_rows, all_rows = (_tile(rows) for rows in AT_ONCE)
