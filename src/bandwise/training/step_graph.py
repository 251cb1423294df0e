"""The network as an ONNX graph of one frame: features and states in, gains, strengths and next states out.

Written by hand, because exporters keep the GRU operator, which quantisation does not touch (and have got it
wrong).  Products that share an input are one MatMul with their columns side by side, so that each input is
quantised and read once.
"""

import json
from dataclasses import asdict

import numpy as np
import onnx
from onnx import TensorProto, helper

from bandwise.bands.erb import BANDS
from bandwise.suppress.features import LAYOUT_VERSION
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.network import BAND_FORMAT, FILTER_FORMAT
from bandwise.suppress.places import PLACES, SOUND, TAP_VALUES
from bandwise.training.drift import state_shapes
from bandwise.training.export_filter import add_filter
from bandwise.training.graph import Graph, Weight
from bandwise.training.model import PercepNet

OPSET = 17
IR_VERSION = 8  # the oldest that opset 17 needs, so that older runtimes read the file


def step_graph(network: PercepNet, facts: dict[str, str] | None = None) -> onnx.ModelProto:
    """The float32 graph of `PercepNet.step` for one sequence, with `facts` added to the file's metadata."""
    g, c = Graph(), network.config
    w = {name: value.detach().cpu().float().numpy() for name, value in network.state_dict().items()}
    k1, k2 = c.kernels
    x = _dense(g, w)
    x = _convolution(g, "convolution1", x, w, k1, c.dense)
    conv = _convolution(g, "convolution2", x, w, k2, c.convolution)
    head = np.split(w["gains_head.weight"], [c.convolution + i * c.gru for i in range(4)], axis=1)
    below, beside = np.split(
        w["strengths_gru.weight_ih_l0"], [c.gru], axis=1
    )  # third GRU first, then convolution

    projected, from_conv, *parts = _branches(
        g, "from_conv", conv, {"gru1": w["gru1.weight_ih_l0"], "strengths": beside, "gains_head": head[0]}
    )
    x = g.gru_cell("gru1", projected, w, c.gru)
    for index, name in enumerate(("gru2", "gru3")):
        projected, part = _branches(
            g, f"from_gru{index + 1}", x, {name: w[f"{name}.weight_ih_l0"], "gains_head": head[index + 1]}
        )
        parts.append(part)
        x = g.gru_cell(name, projected, w, c.gru)
    projected, from_gru3, part = _branches(
        g, "from_gru3", x, {"gains": w["gains_gru.weight_ih_l0"], "strengths": below, "gains_head": head[3]}
    )
    parts.append(part)
    upper = g.gru_cell("gains", projected, w, c.gru, layer="gains_gru")
    parts.append(g.affine(upper, "from_gains", head[4], w["gains_head.bias"]))
    g.add("Sigmoid", [_gain_logits(g, g.add("Sum", parts, "said"), c.filter_hints)], "gains")
    both = g.add("Add", [from_conv, from_gru3], "strengths.from_both")
    lower = g.gru_cell("strengths", both, w, c.strength_gru, layer="strengths_gru")
    logits = g.affine(lower, "strengths_head", w["strengths_head.weight"], w["strengths_head.bias"])
    g.add("Sigmoid", [logits], "strengths")
    if network.filter:
        add_filter(g, w)
    return _model(g, network, facts or {})


def _gain_logits(g: Graph, said: str, hints: int) -> str:
    """What is said of the bands; where places get hints, those of all places stand behind it."""
    if not hints:
        return said
    logits, rest = g.split(said, ["gain_logits", "hint_logits"], [BANDS, PLACES * hints])
    g.reshape(g.add("Tanh", [rest], "hints.flat"), (PLACES, hints), "hints")
    return logits


def _dense(g: Graph, w: dict[str, Weight]) -> str:
    """Normalisation and first layer.

    The scale is folded into the weights.  The mean stays a subtraction of its own: folded into the bias,
    means many deviations from zero would cost digits.
    """
    centred = g.add("Sub", ["features", g.weight("feature_mean", w["feature_mean"])], "features.centred")
    scaled = w["dense.weight"] * w["feature_scale"]
    return g.add("Tanh", [g.affine(centred, "dense", scaled, w["dense.bias"])], "dense")


def _convolution(g: Graph, name: str, x: str, w: dict[str, Weight], kernel: int, inputs: int) -> str:
    """Add tanh of one product with the last `kernel` inputs; the state is all of them but the oldest."""
    window = g.add("Concat", [f"state_{name}", x], f"{name}.window", axis=1)
    rest = [
        g.weight(f"{name}.{end}", np.array([at], np.int64))
        for end, at in (("from", inputs), ("to", kernel * inputs))
    ]
    g.add("Slice", [window, *rest, g.weight(f"{name}.axis", np.array([1], np.int64))], f"next_{name}")
    return g.add(
        "Tanh",
        [g.affine(window, name, w[f"{name}.product.weight"], w[f"{name}.product.bias"])],
        f"{name}.out",
    )


def _branches(g: Graph, name: str, x: str, weights: dict[str, Weight]) -> list[str]:
    """Products of one input with several weights [out, in], as one MatMul."""
    product = g.add(
        "MatMul", [x, g.weight(f"{name}.weight", np.concatenate(list(weights.values())).T)], f"{name}.product"
    )
    return g.split(product, [f"{name}.to_{branch}" for branch in weights], [len(v) for v in weights.values()])


def _model(g: Graph, network: PercepNet, facts: dict[str, str]) -> onnx.ModelProto:
    shapes = state_shapes(network)
    inputs = {"features": (1, FEATURES), **{f"state_{name}": shape for name, shape in shapes.items()}}
    outputs = {"gains": (1, BANDS), "strengths": (1, BANDS)}
    outputs |= {f"next_{name}": shape for name, shape in shapes.items()}
    if network.filter:
        inputs["sound"], outputs["taps"] = (PLACES, SOUND), (PLACES, TAP_VALUES)
    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in side.items()]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(g.nodes, "percepnet_step", sides[0], sides[1], [*g.weights.values()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "bandwise"
    own = {
        "format": FILTER_FORMAT if network.filter else BAND_FORMAT,
        "feature_layout": str(LAYOUT_VERSION),
        "network": json.dumps(asdict(network.config)),
    }
    helper.set_model_props(model, {**own, **facts})
    onnx.checker.check_model(model, full_check=True)
    return model
