"""The network's arithmetic: some frames of some channels at once, layer by layer, all compiled.

The order is that of the graph in `bandwise.training.step_graph`. Weights are read once for all rows that
need them: channels side by side, and frames side by side wherever a layer looks at nothing but its inputs.
Only the recurrent products go frame by frame. Rows never mix, so any grouping gives the same bits.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.int8 import affine
from bandwise.suppress.layers import convolve, dense, recur, spread, table, write_estimates, write_hints
from bandwise.suppress.stft import Array
from bandwise.suppress.weights import Weights, layer_of, outputs

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
def estimate_gains(
    w: Weights,
    s: States,
    room: Array,
    features: Array,
    count: int,
    gains: Array,
    strengths: Array,
    hints: Array,
) -> None:
    """`count` frames of every channel: features [channels, any, 70] -> gains, strengths [channels, any, 34].

    And hints [channels, any, 25, any] for the places of the deep filter, none for a network without.
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
    logits = table(room[LOGITS], rows, outputs(w, FROM_GAINS))
    lower, none = table(room[TO_STRENGTHS], rows, 3 * few), table(room[TO_STRENGTHS], rows, 0)
    logits[:], lower[:] = 0.0, 0.0
    x = spread(conv, layer_of(w, FROM_CONV), wide, 3 * units, lower, logits)
    recur(x, s.gru1, layer_of(w, GRU1), state)
    x = spread(state, layer_of(w, FROM_GRU1), wide, 3 * units, none, logits)
    recur(x, s.gru2, layer_of(w, GRU2), state)
    x = spread(state, layer_of(w, FROM_GRU2), wide, 3 * units, none, logits)
    recur(x, s.gru3, layer_of(w, GRU3), state)
    x = spread(state, layer_of(w, FROM_GRU3), wide, 3 * units, lower, logits)
    recur(x, s.gains, layer_of(w, GAINS), state)
    spread(state, layer_of(w, FROM_GAINS), wide, 0, none, logits)
    write_estimates(logits, gains, count)
    write_hints(logits[:, BANDS:], hints, count)

    state, logits = table(room[STATE], rows, few), table(room[LOGITS], rows, BANDS)
    recur(lower, s.strengths, layer_of(w, STRENGTHS), state)
    affine(state, layer_of(w, STRENGTHS_HEAD), logits)
    write_estimates(logits, strengths, count)
