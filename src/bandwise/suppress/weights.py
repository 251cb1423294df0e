"""The trained numbers as the compiled network reads them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.suppress.int8 import BLOCK, Layer
from bandwise.suppress.tile import LANES


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
