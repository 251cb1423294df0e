"""The network's arithmetic: some frames of some channels at once, layer by layer, all compiled.

The order is that of `bandwise.training.export`'s graph. Weights are read once for all rows that need them:
channels side by side, and frames side by side wherever a layer looks at nothing but its inputs. Only the
recurrent products go frame by frame. Rows never mix, so any grouping gives the same bits.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.activations import sigmoid, tanh
from bandwise.suppress.int8 import Layer, affine
from bandwise.suppress.stft import Array


class Weights(NamedTuple):
    """The trained numbers. Where one input meets several layers, their columns stand side by side."""

    mean: NDArray[np.float32]
    dense: NDArray[np.float32]
    """[70, units], the features' scale in it."""
    dense_bias: NDArray[np.float32]
    convolution1: Layer
    convolution2: Layer
    from_conv: Layer
    """To the first GRU, the GRU of the strengths, and the gains."""
    gru1: Layer
    """State to gates, as in the other GRUs."""
    from_gru1: Layer
    """To the second GRU and the gains."""
    gru2: Layer
    from_gru2: Layer
    gru3: Layer
    from_gru3: Layer
    """To the GRU of the gains, that of the strengths, and the gains."""
    gains: Layer
    from_gains: Layer
    strengths: Layer
    strengths_head: Layer


class States(NamedTuple):
    """What is carried from frame to frame, one row per channel."""

    convolution1: NDArray[np.float32]
    """The inputs of the last frames, oldest first."""
    convolution2: NDArray[np.float32]
    gru1: NDArray[np.float32]
    gru2: NDArray[np.float32]
    gru3: NDArray[np.float32]
    gains: NDArray[np.float32]
    strengths: NDArray[np.float32]


@kernel
def think(w: Weights, s: States, features: Array, count: int, gains: Array, strengths: Array) -> None:
    """`count` frames of every channel: features [channels, any, 70] -> answers [channels, any, 34]."""
    channels, units = s.gru1.shape
    x = convolve(dense(w, features, count), s.convolution1, w.convolution1)
    conv = convolve(x, s.convolution2, w.convolution2)
    from_conv = product(conv, w.from_conv)
    from_gru1 = product(recur(from_conv, 0, s.gru1, w.gru1), w.from_gru1)
    from_gru2 = product(recur(from_gru1, 0, s.gru2, w.gru2), w.from_gru2)
    from_gru3 = product(recur(from_gru2, 0, s.gru3, w.gru3), w.from_gru3)
    from_gains = product(recur(from_gru3, 0, s.gains, w.gains), w.from_gains)
    to_strengths, to_gains = 3 * units, 3 * (units + s.strengths.shape[1])
    for c in range(channels):
        for t in range(count):
            for i in range(to_strengths, to_gains):
                from_gru3[c, t, i] += from_conv[c, t, i]
            for b in range(BANDS):
                early = from_conv[c, t, to_gains + b] + from_gru1[c, t, to_strengths + b]
                late = from_gru2[c, t, to_strengths + b] + from_gru3[c, t, to_gains + b]
                gains[c, t, b] = sigmoid(early + late + from_gains[c, t, b])
    lower = product(recur(from_gru3, to_strengths, s.strengths, w.strengths), w.strengths_head)
    for c in range(channels):
        for t in range(count):
            for b in range(BANDS):
                strengths[c, t, b] = sigmoid(lower[c, t, b])


@kernel
def copy(x: Array, out: Array) -> None:
    """Write x to `out`."""
    for i in range(x.size):
        out[i] = x[i]


@kernel
def product(x: Array, layer: Layer) -> Array:
    """Every frame of every channel [channels, frames, inputs] through one layer."""
    channels, frames, inputs = x.shape
    out = np.empty((channels, frames, layer.columns.shape[1]), np.float32)
    affine(x.reshape(channels * frames, inputs), layer, out.reshape(channels * frames, out.shape[2]))
    return out


@kernel
def dense(w: Weights, features: Array, count: int) -> Array:
    """Tanh of the first, float layer: [channels, count, units]."""
    channels, units = features.shape[0], w.dense.shape[1]
    out = np.empty((channels, count, units), np.float32)
    for c in range(channels):
        for t in range(count):
            row = out[c, t]
            copy(w.dense_bias, row)
            for i in range(w.mean.size):
                x = features[c, t, i] - w.mean[i]
                for o in range(units):
                    row[o] += x * w.dense[i, o]
            for o in range(units):
                row[o] = tanh(row[o])
    return out


@kernel
def convolve(x: Array, past: Array, layer: Layer) -> Array:
    """Tanh of one product with the inputs of the last frames [channels, frames, inputs], oldest first."""
    channels, frames, inputs = x.shape
    window = past.shape[1] + inputs
    windows = np.empty((channels, frames, window), np.float32)
    for c in range(channels):
        for t in range(frames):
            copy(past[c], windows[c, t, : window - inputs])
            copy(x[c, t], windows[c, t, window - inputs :])
            copy(windows[c, t, inputs:], past[c])
    out = product(windows, layer)
    flat = out.reshape(out.size)
    for i in range(flat.size):
        flat[i] = tanh(flat[i])
    return out


@kernel
def recur(from_input: Array, first: int, state: Array, layer: Layer) -> Array:
    """One GRU: columns `first` to first + 3 units of [channels, frames, any] -> [channels, frames, units]."""
    channels, frames = from_input.shape[:2]
    out = np.empty((channels, frames, state.shape[1]), np.float32)
    from_state = np.empty((channels, 3 * state.shape[1]), np.float32)
    for t in range(frames):
        affine(state, layer, from_state)
        for c in range(channels):
            gate(from_input[c, t], first, from_state[c], state[c])
            copy(state[c], out[c, t])
    return out


@kernel
def gate(x: Array, first: int, h: Array, state: Array) -> None:
    """A GRU's cell, s the sigmoid: r = s(x_r + h_r), z = s(x_z + h_z), n = tanh(x_n + r h_n).

    The state becomes (1 - z) n + z state.
    """
    units = state.size
    for i in range(units):
        reset = sigmoid(x[first + i] + h[i])
        update = sigmoid(x[first + units + i] + h[units + i])
        new = tanh(x[first + 2 * units + i] + reset * h[2 * units + i])
        state[i] = new + update * (state[i] - new)
