"""A network file turned back into a network that learns: what `step_graph` and `quantise` did, undone.

What the rounding to int8 took is lost, and mended by the first minutes of training.  Two things come back in
another form that computes the same: the scales of the features are one, since the file holds them within the
weights, and the biases of a GRU's first two gates are all on the side of the state.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.suppress.network import model_content
from bandwise.suppress.onnx_file import read_model
from bandwise.suppress.packing import FILTER_PLACE, Named
from bandwise.training.model import PercepNet
from bandwise.training.network_config import PercepNetConfig
from bandwise.training.treble import undecide_treble

MIXES = ("near", "mix1", "mix2")


def network_of_file(model: str | Path) -> tuple[PercepNet, dict[str, str]]:
    """The network in an ONNX file that `bandwise export` wrote, int8 or not; one that ships, by its name.

    Second, the facts in the file.

    Raises BandwiseError for a file that is something else.
    """
    content, source = model_content(model)
    try:
        found, facts = read_model(content)
        network = PercepNet(PercepNetConfig.from_dict(json.loads(facts["network"])))
        values = {**_bands(found, network.config), **(_filter(found) if network.filter else {})}
        weights = {name: torch.from_numpy(np.array(value)) for name, value in values.items()}
        network.load_state_dict({**network.state_dict(), **weights})
    except (ValueError, KeyError, TypeError, RuntimeError) as error:
        raise BandwiseError(
            f"got {source}, not a network to go on from; a file that `bandwise export` wrote is one; "
            "name such a file, a checkpoint, or a network that ships"
        ) from error
    if "treble" in facts:
        undecide_treble(network, **json.loads(facts["treble"]))
    return network, facts


def _bands(found: Named, c: PercepNetConfig) -> Named:
    """The bands' weights, by their names in PercepNet."""
    gates, few = 3 * c.gru, 3 * c.strength_gru
    gru1, beside, head0 = _parts(found, "from_conv", [gates, few])
    gru2, head1 = _parts(found, "from_gru1", [gates])
    gru3, head2 = _parts(found, "from_gru2", [gates])
    gains, below, head3 = _parts(found, "from_gru3", [gates, few])
    head4 = _matrix(found, "from_gains")
    return {
        "feature_mean": found["feature_mean"],
        **_layer(found, "dense"),
        **_layer(found, "convolution1", "convolution1.product"),
        **_layer(found, "convolution2", "convolution2.product"),
        **_gru(found, "gru1", gru1),
        **_gru(found, "gru2", gru2),
        **_gru(found, "gru3", gru3),
        **_gru(found, "gains", gains, "gains_gru"),
        **_gru(found, "strengths", np.hstack([below, beside]), "strengths_gru"),
        "gains_head.weight": np.hstack([head0, head1, head2, head3, head4]),
        "gains_head.bias": found["from_gains.bias"],
        **_layer(found, "strengths_head"),
    }


def _filter(found: Named) -> Named:
    """The deep filter's."""
    values = {name: found[name] for name in ("filter.feature_mean", FILTER_PLACE)}
    for name in ("patch", "globe", "taps", *(f"{mix}.{end}" for mix in MIXES for end in ("lin", "back"))):
        values |= _layer(found, f"filter.{name}")
    for name in ("filter.gru1", "filter.gru2"):
        values |= _gru(found, name, _matrix(found, f"{name}.input"))
    return values


def _layer(found: Named, name: str, trained_name: str = "") -> Named:
    trained_name = trained_name or name
    return {f"{trained_name}.weight": _matrix(found, name), f"{trained_name}.bias": found[f"{name}.bias"]}


def _gru(found: Named, name: str, from_input: NDArray[Any], trained_name: str = "") -> Named:
    """A GRU whose products with its input [3 units, inputs] are known."""
    alone = found[f"{name}.bias_n"]
    values = {
        "weight_ih": from_input,
        "weight_hh": _matrix(found, f"{name}.recurrent"),
        "bias_ih": np.concatenate([np.zeros(2 * len(alone)), alone]),
        "bias_hh": found[f"{name}.recurrent.bias"],
    }
    return {f"{trained_name or name}.{part}_l0": value for part, value in values.items()}


def _parts(found: Named, name: str, rows: list[int]) -> list[NDArray[Any]]:
    """Weights that meet the same input: so many rows for each, the rest for the last."""
    parts: list[NDArray[Any]] = np.split(_matrix(found, name), np.cumsum(rows))
    return parts


def _matrix(found: Named, name: str) -> NDArray[Any]:
    """Weights [out, in] of a product."""
    plain = found.get(f"{name}.weight")
    if plain is None:
        plain = found[f"{name}.weight_quantized"] * found[f"{name}.weight_scale"]
    weights: NDArray[Any] = plain.T
    return weights
