"""Compiled gate arithmetic of one GRU time step, forward and backward, on float32 or bfloat16 arrays.

NumPy has no bfloat16, so such arrays come as uint16 bit patterns; all arithmetic is float32.
In torch's letters (ONNX calls it linear_before_reset=1), with x_* = W_i* x + b_i* from the input and
h_* = W_h* h + b_h* from the state:
    r = sigmoid(x_r + h_r)    z = sigmoid(x_z + h_z)    n = tanh(x_n + r h_n)    h' = (1 - z) n + z h
"""

# mypy: disable-error-code="no-untyped-def, no-untyped-call, misc, import-untyped"
# ruff: noqa: ANN001, ANN201, ANN202, ARG001, ARG005  (numba infers the types, and asks for the arguments)
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from bandwise.kernels import kernel

# Two things let LLVM turn the loops over units into vector code.  A fast kernel has no branch for a division
# by zero.  And sequences are visited through `rows`, the numbers 0 to B - 1 as an array: were b a plain
# counter, LLVM would compare the arrays' whole extents once, find that gate blocks interleave, and stay
# scalar, six times slower.
TANH_LIMIT = 8.0
HALF = np.uint32(0x7FFF)


@intrinsic
def _float_of_bits(typingctx, bits):
    """Reinterpret 32 bits as a float32."""
    return types.float32(types.uint32), lambda c, builder, s, args: builder.bitcast(args[0], ir.FloatType())


@intrinsic
def _bits_of_float(typingctx, value):
    """Reinterpret a float32 as 32 bits."""
    return types.uint32(types.float32), lambda c, builder, s, args: builder.bitcast(args[0], ir.IntType(32))


def _load(stored):
    """Widen one stored number to float32."""


def _rounded(value, like):
    """Narrow a float32 to the storage type of `like`, ties to even."""


@overload(_load, inline="always")
def _load_typed(stored):
    if stored == types.uint16:
        return lambda stored: _float_of_bits(np.uint32(stored) << np.uint32(16))
    return lambda stored: stored


@overload(_rounded, inline="always")
def _rounded_typed(value, like):
    if like == types.uint16:

        def to_bfloat16(value, like):
            bits = _bits_of_float(value)
            return np.uint16((bits + HALF + ((bits >> np.uint32(16)) & np.uint32(1))) >> np.uint32(16))

        return to_bfloat16
    return lambda value, like: value


@kernel(fast=True)
def _tanh(x):
    """Lambert's continued fraction x / (1 + x^2 / (3 + x^2 / (5 + ...))), ten levels deep: within 7e-7.

    The fraction leaves [-1, 1] far out, hence the two limits.
    """
    x = min(max(x, np.float32(-TANH_LIMIT)), np.float32(TANH_LIMIT))
    u = x * x
    above = np.float32(675675.0) + u * (np.float32(2145.0) + u)
    above = np.float32(1964187225.0) + u * (np.float32(64324260.0) + u * above)
    below = np.float32(7567560.0) + u * (np.float32(45045.0) + u * np.float32(66.0))
    below = np.float32(6547290750.0) + u * (np.float32(413513100.0) + u * below)
    scaled = x * (np.float32(13749310575.0) + u * above) / (np.float32(13749310575.0) + u * below)
    return min(max(scaled, np.float32(-1.0)), np.float32(1.0))


@kernel(fast=True)
def _sigmoid(x):
    return np.float32(0.5) + np.float32(0.5) * _tanh(np.float32(0.5) * x)


@kernel(fast=True)
def gates_forward(t, rows, from_input, from_state, state, gates, outputs):
    """One step on: the state [B, H] moves from frame t - 1 to frame t.

    from_input [T, B, 3H] and from_state [B, 3H] hold the rows x_* and h_* in the order r, z, n.
    Written: state (float32), gates [T, B, 4H] (r, z, n and h_n, kept for the way back), and frame t + 1 of
    outputs [T + 1, B, H].
    """
    units = state.shape[1]
    like = outputs[0, 0, 0]
    for b in rows:
        for j in range(units):
            r = _sigmoid(_load(from_input[t, b, j]) + _load(from_state[b, j]))
            z = _sigmoid(_load(from_input[t, b, units + j]) + _load(from_state[b, units + j]))
            h_n = _load(from_state[b, 2 * units + j])
            n = _tanh(_load(from_input[t, b, 2 * units + j]) + r * h_n)
            h = n + z * (state[b, j] - n)
            state[b, j] = h
            outputs[t + 1, b, j] = _rounded(h, like)
            gates[t, b, j] = _rounded(r, like)
            gates[t, b, units + j] = _rounded(z, like)
            gates[t, b, 2 * units + j] = _rounded(n, like)
            gates[t, b, 3 * units + j] = _rounded(h_n, like)


@kernel(fast=True)
def gates_backward(t, rows, d_output, d_through, d_state, gates, outputs, d_input, d_recurrent):
    """One step back: gradients of the gate inputs at frame t, and of the state before it.

    d_output [T, B, H] arrives from the layer above, d_through [B, H] from frame t + 1 through W_h, and
    d_state [B, H] (float32, read and written) from frame t + 1 past the gates.
    Written: d_input, d_recurrent [T, B, 3H], gradients of x_* and h_* in the order r, z, n (they differ in n
    alone, where h_n is scaled by r).
    """
    units = d_state.shape[1]
    like = outputs[0, 0, 0]
    one = np.float32(1.0)
    for b in rows:
        for j in range(units):
            r = _load(gates[t, b, j])
            z = _load(gates[t, b, units + j])
            n = _load(gates[t, b, 2 * units + j])
            h_n = _load(gates[t, b, 3 * units + j])
            d_h = _load(d_output[t, b, j]) + _load(d_through[b, j]) + d_state[b, j]
            d_n = d_h * (one - z) * (one - n * n)
            d_r = _rounded(d_n * h_n * r * (one - r), like)
            d_z = _rounded(d_h * (_load(outputs[t, b, j]) - n) * z * (one - z), like)
            d_state[b, j] = d_h * z
            d_input[t, b, j] = d_r
            d_input[t, b, units + j] = d_z
            d_input[t, b, 2 * units + j] = _rounded(d_n, like)
            d_recurrent[t, b, j] = d_r
            d_recurrent[t, b, units + j] = d_z
            d_recurrent[t, b, 2 * units + j] = _rounded(d_n * r, like)
