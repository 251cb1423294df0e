"""From the weights in a network file to those that the compiled arithmetic reads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.suppress.int8 import pack
from bandwise.suppress.places import PLACES
from bandwise.suppress.tile import TILE
from bandwise.suppress.weights import Weights

Named = dict[str, NDArray[Any]]

NAMES = (
    "convolution1",
    "convolution2",
    "from_conv",
    "gru1.recurrent",
    "from_gru1",
    "gru2.recurrent",
    "from_gru2",
    "gru3.recurrent",
    "from_gru3",
    "gains.recurrent",
    "from_gains",
    "strengths.recurrent",
    "strengths_head",
)
"""Each int8 layer in the file, numbered as in `step`."""

GRUS = ("gru1", "gru2", "gru3", "gains", "strengths")
FLOATS = ["feature_mean", "dense.weight", "dense.bias"]

FILTER_NAMES = (
    "filter.patch",
    "filter.near.lin",
    "filter.near.back",
    "filter.gru1.input",
    "filter.gru1.recurrent",
    "filter.mix1.lin",
    "filter.mix1.back",
    "filter.gru2.input",
    "filter.gru2.recurrent",
    "filter.mix2.lin",
    "filter.mix2.back",
    "filter.taps",
)
"""The int8 layers of the deep filter's network, numbered as in `tap_network`."""

FILTER_GRUS = ("filter.gru1", "filter.gru2")
FILTER_FLOATS = ["filter.feature_mean", "filter.globe.weight", "filter.globe.bias"]
FILTER_PLACE = "filter.place"
CONSTANTS = ("spread", "bins", "middle", "half", "two", "one", "zero")
"""Numbers of the graph that compiled code has of its own."""


def is_known(found: Named) -> bool:
    """Whether these are the weights of the graph we compile, int8 and symmetric, and no others."""
    wanted = _wanted(NAMES, GRUS, FLOATS, without_bias="from_", but="from_gains")
    if has_filter(found):
        wanted |= _wanted(FILTER_NAMES, FILTER_GRUS, FILTER_FLOATS, without_bias=".input")
        wanted |= {FILTER_PLACE, *(f"filter.constant.{name}" for name in CONSTANTS)}
    return set(found) == wanted and not any(
        value.any() for name, value in found.items() if name.endswith(".weight_zero_point")
    )


def has_filter(found: Named) -> bool:
    """Whether there is a deep filter behind the bands."""
    return FILTER_PLACE in found


def _wanted(
    names: tuple[str, ...], grus: tuple[str, ...], floats: list[str], *, without_bias: str, but: str = ""
) -> set[str]:
    """Names of all weights of some layers."""
    wanted = {*floats, *(f"{gru}.bias_n" for gru in grus)}
    for name in names:
        wanted |= {f"{name}.weight_{part}" for part in ("quantized", "scale", "zero_point")}
    return wanted | {f"{name}.bias" for name in names if without_bias not in name or name == but}


def packed(found: Named) -> Weights:
    """All layers of the bands' network."""
    return _packed({**found, **_biases(found)}, NAMES, FLOATS)


def packed_filter(found: Named) -> Weights:
    """All layers of the deep filter's network."""
    biases: Named = {}
    for gru in FILTER_GRUS:
        alone = found[f"{gru}.bias_n"]
        biases[f"{gru}.input.bias"] = np.concatenate([np.zeros(2 * len(alone), np.float32), alone])
    return _packed({**found, **biases}, FILTER_NAMES, FILTER_FLOATS)


def _packed(found: Named, names: tuple[str, ...], wanted_floats: list[str]) -> Weights:
    """Layers behind one another, in the order in which they are read."""
    layers = [pack(_codes(found, n), found[f"{n}.weight_scale"], found[f"{n}.bias"]) for n in names]
    tiles, edges, columns = (
        np.cumsum([0, *(part.size for part in parts)]) for parts in list(zip(*layers, strict=True))[1:]
    )
    places = [[edges[i], columns[i], *_codes(found, name).shape] for i, name in enumerate(names)]
    mean, dense, dense_bias = (np.array(found[name]) for name in wanted_floats)
    return Weights(
        mean,
        dense,
        dense_bias,
        _on_cache_lines(np.concatenate([layer.tiles for layer in layers])),
        np.concatenate([layer.quads for layer in layers]),
        np.concatenate([layer.edges + start for layer, start in zip(layers, tiles, strict=False)]),
        np.concatenate([layer.columns.ravel() for layer in layers]),
        np.array(places),
    )


def _on_cache_lines(tiles: NDArray[np.int8]) -> NDArray[np.int8]:
    """The same where each tile is one line of the cache, not parts of two."""
    room = np.empty(tiles.size + TILE, np.int8)
    start = -room.ctypes.data % TILE
    aligned = room[start : start + tiles.size].reshape(tiles.shape)
    aligned[:] = tiles
    return aligned


def _codes(found: Named, name: str) -> NDArray[np.int8]:
    codes: NDArray[np.int8] = found[f"{name}.weight_quantized"]
    return codes


def _biases(found: Named) -> Named:
    """The biases of new states, which the graph adds later, where they can be added at once."""
    units, few = len(found["gru1.bias_n"]), len(found["strengths.bias_n"])
    biases: Named = {}
    after = {"from_conv": "gru1", "from_gru1": "gru2", "from_gru2": "gru3", "from_gru3": "gains"}
    for name, gru in after.items():
        bias = biases[f"{name}.bias"] = np.zeros(_codes(found, name).shape[1], np.float32)
        bias[2 * units : 3 * units] = found[f"{gru}.bias_n"]
    biases["from_gru3.bias"][3 * units :][2 * few : 3 * few] = found["strengths.bias_n"]
    return biases


def state_sizes(found: Named) -> list[int]:
    """Length of each of `step.States` for one channel."""
    inputs = {name: _codes(found, name).shape[0] for name in NAMES}
    past1 = inputs["convolution1"] - len(found["dense.bias"])
    past2 = inputs["convolution2"] - len(found["convolution1.bias"])
    return [past1, past2, *(inputs[f"{gru}.recurrent"] for gru in GRUS)]


def hints_per_place(found: Named) -> int:
    """How many numbers besides gains the bands' network tells each place of the deep filter."""
    outputs: int = _codes(found, "from_gains").shape[1]
    return (outputs - BANDS) // PLACES
