"""From the weights in a network file to those that the compiled arithmetic reads."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.suppress.int8 import Layer, pack, packed_bytes
from bandwise.suppress.step import States, Weights

Named = dict[str, NDArray[Any]]

LAYERS = {
    "convolution1": "convolution1",
    "convolution2": "convolution2",
    "from_conv": "from_conv",
    "gru1": "gru1.recurrent",
    "from_gru1": "from_gru1",
    "gru2": "gru2.recurrent",
    "from_gru2": "from_gru2",
    "gru3": "gru3.recurrent",
    "from_gru3": "from_gru3",
    "gains": "gains.recurrent",
    "from_gains": "from_gains",
    "strengths": "strengths.recurrent",
    "strengths_head": "strengths_head",
}
"""Each int8 layer's name in the file, in the order in which they are read."""

FLOATS = ["feature_mean", "dense.weight", "dense.bias"]


def is_known(found: Named) -> bool:
    """Whether these are the weights of the graph we compile, int8 and symmetric, and no others."""
    wanted = {*FLOATS, *(f"{gru}.bias_n" for gru in ("gru1", "gru2", "gru3", "gains", "strengths"))}
    for name in LAYERS.values():
        wanted |= {f"{name}.weight_{part}" for part in ("quantized", "scale", "zero_point")}
    wanted |= {f"{name}.bias" for name in LAYERS.values() if "from" not in name or name == "from_gains"}
    return set(found) == wanted and not any(
        value.any() for name, value in found.items() if name.endswith(".weight_zero_point")
    )


def packed(found: Named) -> Weights:
    """All layers in one stretch of memory, in the order in which they are read."""
    found = {**found, **_biases(found)}
    room = np.empty(sum(packed_bytes(*_codes(found, name).shape) for name in LAYERS.values()), np.int8)
    layers: dict[str, Layer] = {}
    start = 0
    for layer, name in LAYERS.items():
        codes = _codes(found, name)
        end = start + packed_bytes(*codes.shape)
        scale, bias = found[f"{name}.weight_scale"], found[f"{name}.bias"]
        layers[layer] = pack(codes, scale, bias, room[start:end])
        start = end
    mean, dense, dense_bias = (np.array(found[name]) for name in FLOATS)
    return Weights(mean, dense, dense_bias, **layers)


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


def fresh_states(weights: Weights, channels: int) -> States:
    """Silence behind every channel."""
    past = [
        weights.convolution1.weights.shape[1] * 4 - weights.dense_bias.size,
        weights.convolution2.weights.shape[1] * 4 - weights.convolution1.columns.shape[1],
    ]
    grus = [layer.columns.shape[1] // 3 for layer in (weights.gru1, weights.gru2, weights.gru3)]
    more = [layer.columns.shape[1] // 3 for layer in (weights.gains, weights.strengths)]
    return States(*(np.zeros((channels, size), np.float32) for size in (*past, *grus, *more)))
