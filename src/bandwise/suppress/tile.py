"""The innermost loop of the network: some rows of codes times a block of weights, in vector registers.

Written for the processors' own instruction for it (VNNI: four products of a byte with a byte and their sum,
in sixteen places at once), which no loop in Python makes numba use. Where the processor has none, the same
sums are made of wider products.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

LANES = 16
"""int32 sums in one vector of 512 bits."""
QUAD = 4
"""Inputs that one step adds to each sum."""
VECTORS = 4
"""Vectors side by side in a block of outputs."""
BLOCK = LANES * VECTORS
ROWS = 4
"""Rows that share one read of the weights; more would not fit into the registers."""

Build = Any
"""What llvmlite appends instructions to."""
Value = Any
"""A value of the code that is being built."""

_SUMS = ir.VectorType(ir.IntType(32), LANES)
_WIDE = ir.VectorType(ir.IntType(16), LANES * QUAD)
_CODES = ir.VectorType(ir.IntType(8), LANES * QUAD)


def _tile(rows: int) -> Callable[..., Any]:
    """Make `tile(codes, row, weights, block, sums)` for a fixed number of rows, to be called in kernels.

    codes uint8 [any, inputs], from `row` on; weights int8 [blocks, quads, 256]; sums int32 [rows, 64], to be
    written. The sums stay in registers, four vectors a row, while inputs and weights are read once.
    """

    def tile(_typing: Any, codes: Any, row: Any, weights: Any, block: Any, sums: Any) -> Any:
        def generate(context: Any, build: Build, signature: Any, arguments: Any) -> Value:
            codes, row, weights, block, sums = (
                context.make_array(kind)(context, build, value) if isinstance(kind, types.Array) else value
                for kind, value in zip(signature.args, arguments, strict=True)
            )
            numbers = [build.add(row, row.type(r)) for r in range(rows)]
            inputs = [_row_of(build, codes, number, ir.IntType(32)) for number in numbers]
            targets = [_row_of(build, sums, row.type(r), _SUMS) for r in range(rows)]
            quads = build.extract_value(weights.shape, 1)
            totals = _accumulate(build, inputs, _row_of(build, weights, block, _SUMS), quads, _dot(context))
            for target, total in zip(targets, totals, strict=True):
                for v in range(VECTORS):
                    build.store(total[v], _step(build, target, v), align=4)
            return context.get_dummy_value()

        return types.void(codes, row, weights, block, sums), generate

    made: Callable[..., Any] = intrinsic(tile)
    return made


def _accumulate(
    build: Build, inputs: list[Value], panel: Value, quads: Value, dot: Callable[..., Value]
) -> list[list[Value]]:
    """Four inputs at a time, times the weights of all outputs of the block, for every row.

    A single row takes two steps at once, into sums of their own, for one sum has to wait for the last.
    """
    at_once = 2 if len(inputs) == 1 else 1
    totals = [
        [cgutils.alloca_once_value(build, _SUMS(None)) for _ in range(VECTORS)] for _ in inputs * at_once
    ]
    steps = build.udiv(quads, quads.type(at_once))
    with cgutils.for_range(build, steps) as loop:
        for step in range(at_once):
            quad = build.add(build.mul(loop.index, quads.type(at_once)), quads.type(step))
            four = [_repeat(build, build.load(build.gep(x, [quad]), align=1)) for x in inputs]
            first = build.mul(quad, quads.type(VECTORS))
            for v in range(VECTORS):
                weights = build.load(build.gep(panel, [build.add(first, first.type(v))]), align=1)
                for x, total in zip(four, totals[step * len(inputs) :], strict=False):
                    build.store(dot(build, build.load(total[v]), x, weights), total[v])
    return [_merge(build, totals[r :: len(inputs)]) for r in range(len(inputs))]


def _merge(build: Build, sums: list[list[Value]]) -> list[Value]:
    """Add up what was summed apart: a vector for each place."""
    merged = [build.load(pointer) for pointer in sums[0]]
    for more in sums[1:]:
        merged = [build.add(value, build.load(pointer)) for value, pointer in zip(merged, more, strict=True)]
    return merged


def _row_of(build: Build, array: Value, row: Value, kind: ir.Type) -> Value:
    """Pointer to array[row], as one to values of `kind`."""
    start = build.bitcast(array.data, ir.IntType(8).as_pointer())
    offset = build.mul(row, build.extract_value(array.strides, 0))
    return build.bitcast(build.gep(start, [offset]), kind.as_pointer())


def _step(build: Build, pointer: Value, steps: int) -> Value:
    return build.gep(pointer, [ir.IntType(64)(steps)])


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


one_row, some_rows = _tile(1), _tile(ROWS)
