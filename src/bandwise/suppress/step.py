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
from bandwise.suppress.tile import QUAD


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


class Room(NamedTuple):
    """Where values of some rows stand between two layers, used again by layer after layer."""

    dense: NDArray[np.float32]
    windows: NDArray[np.float32]
    early: NDArray[np.float32]
    conv: NDArray[np.float32]
    wide: NDArray[np.float32]
    """What an input gives to all that it meets."""
    state: NDArray[np.float32]
    to_strengths: NDArray[np.float32]
    logits: NDArray[np.float32]


def room_for(w: Weights, rows: int) -> Room:
    """Room for so many frames, of all channels together."""
    sizes = {
        "dense": w.dense_bias.size,
        "windows": QUAD * max(layer.weights.shape[1] for layer in (w.convolution1, w.convolution2)),
        "early": outputs(w.convolution1),
        "conv": outputs(w.convolution2),
        "wide": max(outputs(layer) for layer in (w.from_conv, w.from_gru1, w.from_gru2, w.from_gru3)),
        "state": max(outputs(layer) // 3 for layer in (w.gru1, w.gru2, w.gru3, w.gains, w.strengths)),
        "to_strengths": outputs(w.strengths),
        "logits": BANDS,
    }
    return Room(**{name: np.zeros(rows * size, np.float32) for name, size in sizes.items()})


@kernel
def outputs(layer: Layer) -> int:
    """How many values a layer gives."""
    count: int = layer.columns.shape[1]
    return count


@kernel
def table(memory: Array, rows: int, width: int) -> Array:
    """The start of `memory` as (rows, width)."""
    return memory[: rows * width].reshape(rows, width)


@kernel
def think(
    w: Weights, s: States, room: Room, features: Array, count: int, gains: Array, strengths: Array
) -> None:
    """`count` frames of every channel: features [channels, any, 70] -> answers [channels, any, 34].

    Row c count + t of every table is frame t of channel c.
    """
    channels, units = s.gru1.shape
    rows = channels * count
    conv, state = table(room.conv, rows, outputs(w.convolution2)), table(room.state, rows, units)
    dense(w, features, table(room.dense, rows, w.dense_bias.size))
    early = table(room.early, rows, outputs(w.convolution1))
    convolve(table(room.dense, rows, w.dense_bias.size), s.convolution1, w.convolution1, room.windows, early)
    convolve(early, s.convolution2, w.convolution2, room.windows, conv)

    logits, lower = table(room.logits, rows, BANDS), table(room.to_strengths, rows, outputs(w.strengths))
    logits[:], lower[:] = 0.0, 0.0
    wide = spread(conv, w.from_conv, room.wide, 3 * units, lower, logits)
    recur(wide, s.gru1, w.gru1, state)
    wide = spread(state, w.from_gru1, room.wide, 3 * units, lower[:, :0], logits)
    recur(wide, s.gru2, w.gru2, state)
    wide = spread(state, w.from_gru2, room.wide, 3 * units, lower[:, :0], logits)
    recur(wide, s.gru3, w.gru3, state)
    wide = spread(state, w.from_gru3, room.wide, 3 * units, lower, logits)
    recur(wide, s.gains, w.gains, state)
    spread(state, w.from_gains, room.wide, 0, lower[:, :0], logits)
    answer(logits, gains, count)
    few = table(room.state, rows, s.strengths.shape[1])
    recur(lower, s.strengths, w.strengths, few)
    affine(few, w.strengths_head, logits)
    answer(logits, strengths, count)


@kernel
def dense(w: Weights, features: Array, out: Array) -> None:
    """Hyperbolic tangent of the first, float layer: [channels, any, 70] -> [rows, units]."""
    count = out.shape[0] // features.shape[0]
    for row in range(out.shape[0]):
        copy(w.dense_bias, out[row])
        for i in range(w.mean.size):
            x = features[row // count, row % count, i] - w.mean[i]
            for o in range(out.shape[1]):
                out[row, o] += x * w.dense[i, o]
    activate(out)


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
    out = table(memory, x.shape[0], outputs(layer))
    affine(x, layer, out)
    for row in range(x.shape[0]):
        for i in range(lower.shape[1]):
            lower[row, i] += out[row, first + i]
        for b in range(BANDS):
            logits[row, b] += out[row, first + lower.shape[1] + b]
    return out


@kernel
def recur(from_input: Array, state: Array, layer: Layer, out: Array) -> None:
    """One GRU: the first 3 units columns of [rows, any] -> [rows, units]; state [channels, units]."""
    channels = state.shape[0]
    count = out.shape[0] // channels
    from_state = np.empty((channels, outputs(layer)), np.float32)
    for t in range(count):
        affine(state, layer, from_state)
        for c in range(channels):
            gate(from_input[c * count + t], from_state[c], state[c])
            copy(state[c], out[c * count + t])


@kernel
def copy(x: Array, out: Array) -> None:
    """Write x to `out`."""
    for i in range(x.size):
        out[i] = x[i]


@kernel
def answer(logits: Array, out: Array, count: int) -> None:
    """Sigmoid of [rows, 34] -> [channels, any, 34]."""
    for row in range(logits.shape[0]):
        for b in range(BANDS):
            out[row // count, row % count, b] = sigmoid(logits[row, b])


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
