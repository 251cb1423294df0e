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
from bandwise.suppress.int8 import BLOCK, Layer, affine
from bandwise.suppress.stft import Array
from bandwise.suppress.tile import LANES

# The int8 layers in the order in which they are read. A name like FROM_CONV means that one input meets
# several layers, whose columns stand side by side; a plain GRU's name, its product with its own state.
CONVOLUTION1, CONVOLUTION2 = 0, 1
FROM_CONV = 2
"""To the first GRU, the GRU of the strengths, and the gains."""
GRU1, FROM_GRU1 = 3, 4
"""The latter to the second GRU and the gains, and so on."""
GRU2, FROM_GRU2, GRU3 = 5, 6, 7
FROM_GRU3 = 8
"""To the GRU of the gains, that of the strengths, and the gains."""
GAINS, FROM_GAINS, STRENGTHS, STRENGTHS_HEAD = 9, 10, 11, 12


class Weights(NamedTuple):
    """The trained numbers, all layers behind one another, so that little has to be handed over."""

    mean: NDArray[np.float32]
    dense: NDArray[np.float32]
    """[70, units], the features' scale in it."""
    dense_bias: NDArray[np.float32]
    tiles: NDArray[np.int8]
    quads: NDArray[np.uint16]
    edges: NDArray[np.int64]
    columns: NDArray[np.float32]
    places: NDArray[np.int64]
    """[layers, 4]: of each, where its edges and its columns start; inputs, outputs."""


@kernel
def layer_of(w: Weights, index: int) -> Layer:
    """One layer of them, in place."""
    edge, column, _, count = w.places[index]
    edges = w.edges[edge : edge + -(-count // BLOCK) * BLOCK // LANES + 1]
    return Layer(w.tiles, w.quads, edges, w.columns[column : column + 3 * count].reshape(3, count))


@kernel
def outputs(w: Weights, index: int) -> int:
    """How many values a layer gives."""
    count: int = w.places[index, 3]
    return count


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


# What stands between two layers; used again by layer after layer, so that it stays in the cache.
DENSE, WINDOWS, EARLY, CONV, WIDE, STATE, TO_STRENGTHS, LOGITS = range(8)


def room_for(w: Weights, rows: int) -> Array:
    """Room for so many frames, of all channels together: one line of memory for each of the above."""
    return np.zeros((LOGITS + 1, rows * int(w.places[:, 2:].max())), np.float32)


@kernel
def table(memory: Array, rows: int, width: int) -> Array:
    """The start of `memory` as (rows, width)."""
    return memory[: rows * width].reshape(rows, width)


@kernel
def think(
    w: Weights, s: States, room: Array, features: Array, count: int, gains: Array, strengths: Array
) -> None:
    """`count` frames of every channel: features [channels, any, 70] -> answers [channels, any, 34].

    Row c count + t of every table is frame t of channel c.
    """
    channels, units = s.gru1.shape
    rows, few = channels * count, s.strengths.shape[1]
    first = table(room[DENSE], rows, w.dense_bias.size)
    early = table(room[EARLY], rows, outputs(w, CONVOLUTION1))
    conv = table(room[CONV], rows, outputs(w, CONVOLUTION2))
    dense(w, features, first)
    convolve(first, s.convolution1, layer_of(w, CONVOLUTION1), room[WINDOWS], early)
    convolve(early, s.convolution2, layer_of(w, CONVOLUTION2), room[WINDOWS], conv)

    state, wide = table(room[STATE], rows, units), room[WIDE]
    logits, lower = table(room[LOGITS], rows, BANDS), table(room[TO_STRENGTHS], rows, 3 * few)
    logits[:], lower[:] = 0.0, 0.0
    x = spread(conv, layer_of(w, FROM_CONV), wide, 3 * units, lower, logits)
    recur(x, s.gru1, layer_of(w, GRU1), state)
    x = spread(state, layer_of(w, FROM_GRU1), wide, 3 * units, lower[:, :0], logits)
    recur(x, s.gru2, layer_of(w, GRU2), state)
    x = spread(state, layer_of(w, FROM_GRU2), wide, 3 * units, lower[:, :0], logits)
    recur(x, s.gru3, layer_of(w, GRU3), state)
    x = spread(state, layer_of(w, FROM_GRU3), wide, 3 * units, lower, logits)
    recur(x, s.gains, layer_of(w, GAINS), state)
    spread(state, layer_of(w, FROM_GAINS), wide, 0, lower[:, :0], logits)
    answer(logits, gains, count)

    state = table(room[STATE], rows, few)
    recur(lower, s.strengths, layer_of(w, STRENGTHS), state)
    affine(state, layer_of(w, STRENGTHS_HEAD), logits)
    answer(logits, strengths, count)


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
        for b in range(BANDS):
            logits[row, b] += out[row, first + lower.shape[1] + b]
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
