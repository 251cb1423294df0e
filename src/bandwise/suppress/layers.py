"""The kinds of layers there are, each over rows that never mix: frames of channels."""

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.activations import sigmoid, tanh
from bandwise.suppress.buffers import copy
from bandwise.suppress.int8 import Layer, affine
from bandwise.suppress.stft import Array
from bandwise.suppress.weights import Weights


@kernel
def table(memory: Array, rows: int, width: int) -> Array:
    """The start of `memory` as (rows, width)."""
    return memory[: rows * width].reshape(rows, width)


@kernel
def dense(w: Weights, features: Array, out: Array) -> None:
    """Hyperbolic tangent of the first, float layer: [channels, any, 70] -> [rows, units]."""
    count = out.shape[0] // features.shape[0]
    for row in range(out.shape[0]):
        project(w, features[row // count, row % count], out[row])
    activate(out)


@kernel
def project(w: Weights, features: Array, out: Array) -> None:
    """The features (70,) of one frame, normalised, times the float weights, plus bias -> (units,)."""
    copy(w.dense_bias, out)
    for i in range(w.mean.size):
        x = features[i] - w.mean[i]
        for o in range(out.size):
            out[o] += x * w.dense[i, o]


@kernel
def convolve(x: Array, past: Array, layer: Layer, memory: Array, out: Array) -> None:
    """Hyperbolic tangent of one product with the inputs [rows, inputs] of the last frames, oldest first."""
    rows, inputs = x.shape
    before = past.shape[1]
    count = rows // past.shape[0]
    windows = table(memory, rows, before + inputs)
    for row in range(rows):
        copy(past[row // count], windows[row, :before])
        copy(x[row], windows[row, before:])
        copy(windows[row, inputs:], past[row // count])
    affine(windows, layer, out)
    activate(out)


@kernel
def activate(x: Array) -> None:
    """Hyperbolic tangent in place."""
    flat = x.reshape(x.size)
    for i in range(flat.size):
        flat[i] = tanh(flat[i])


@kernel
def spread(x: Array, layer: Layer, memory: Array, first: int, lower: Array, logits: Array) -> Array:
    """One input to all that it meets: [rows, inputs] -> [rows, outputs].

    Those from `first` on are added to `lower`, as many as it is wide, and to `logits`.
    """
    out = table(memory, x.shape[0], layer.columns.shape[1])
    affine(x, layer, out)
    for row in range(x.shape[0]):
        for i in range(lower.shape[1]):
            lower[row, i] += out[row, first + i]
        for i in range(logits.shape[1]):
            logits[row, i] += out[row, first + lower.shape[1] + i]
    return out


@kernel
def recur(from_input: Array, state: Array, layer: Layer, out: Array) -> None:
    """One GRU: the first 3 units columns of [rows, any] -> [rows, units]; state [channels, units]."""
    channels = state.shape[0]
    count = out.shape[0] // channels
    from_state = np.empty((channels, layer.columns.shape[1]), np.float32)
    for t in range(count):
        affine(state, layer, from_state)
        for c in range(channels):
            gate(from_input[c * count + t], from_state[c], state[c])
            copy(state[c], out[c * count + t])


@kernel
def write_estimates(logits: Array, out: Array, count: int) -> None:
    """Sigmoid of the first 34 of [rows, any] -> [channels, any, 34]."""
    for row in range(logits.shape[0]):
        for b in range(BANDS):
            out[row // count, row % count, b] = sigmoid(logits[row, b])


@kernel
def write_hints(logits: Array, out: Array, count: int) -> None:
    """Hyperbolic tangent of [rows, 25 hints] -> [channels, any, 25, hints]."""
    hints = out.shape[3]
    for row in range(logits.shape[0]):
        for i in range(logits.shape[1]):
            out[row // count, row % count, i // hints, i % hints] = tanh(logits[row, i])


@kernel
def gate(x: Array, h: Array, state: Array) -> None:
    """A GRU's cell, s the sigmoid: r = s(x_r + h_r), z = s(x_z + h_z), n = tanh(x_n + r h_n).

    The state becomes (1 - z) n + z state.
    """
    units = state.size
    for i in range(units):
        reset = sigmoid(x[i] + h[i])
        update = sigmoid(x[units + i] + h[units + i])
        new = tanh(x[2 * units + i] + reset * h[2 * units + i])
        state[i] = new + update * (state[i] - new)
