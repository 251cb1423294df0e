"""The network as an ONNX graph of one frame: features and states in, gains, strengths and next states out.

Written by hand, because exporters keep the GRU operator, which quantisation does not touch (and have got it
wrong).  Products that share an input are one MatMul with their columns side by side, so that each input is
quantised and read once.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.suppress.features import LAYOUT_VERSION
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.network import MODEL_FORMAT, Network
from bandwise.training.checkpoint import trained_network
from bandwise.training.model import PercepNet, States
from bandwise.training.quantise import checksum, quantise

OPSET = 17
IR_VERSION = 8  # the oldest that opset 17 needs, so that older runtimes read the file
DATA_FACTS = "data.json"  # what the run was trained on, beside its checkpoint
LARGEST_DRIFT = 1e-4  # of the float32 graph from the trained network

Weight = NDArray[np.float32]


class _Graph:
    """ONNX nodes and weights as they are added; values are their names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, value: NDArray[Any]) -> str:
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def affine(self, x: str, name: str, weight: Weight, bias: Weight) -> str:
        """Add x weight^T + bias [1, out], from x [1, in] and weight [out, in]."""
        product = self.add("MatMul", [x, self.weight(f"{name}.weight", weight.T)], f"{name}.product")
        return self.add("Add", [product, self.weight(f"{name}.bias", bias)], f"{name}.sum")

    def split(self, x: str, names: list[str], sizes: list[int]) -> list[str]:
        """Cut [1, sum of sizes] into parts."""
        lengths = self.weight(f"{names[0]}.sizes", np.array(sizes, np.int64))
        self.nodes.append(helper.make_node("Split", [x, lengths], names, name=f"{names[0]}.split", axis=1))
        return names


def step_graph(network: PercepNet, facts: dict[str, str] | None = None) -> onnx.ModelProto:
    """The float32 graph of `PercepNet.step` for one sequence, with `facts` added to the file's metadata."""
    g, c = _Graph(), network.config
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
    x = _gru_cell(g, "gru1", projected, w, c.gru)
    for index, name in enumerate(("gru2", "gru3")):
        projected, part = _branches(
            g, f"from_gru{index + 1}", x, {name: w[f"{name}.weight_ih_l0"], "gains_head": head[index + 1]}
        )
        parts.append(part)
        x = _gru_cell(g, name, projected, w, c.gru)
    projected, from_gru3, part = _branches(
        g, "from_gru3", x, {"gains": w["gains_gru.weight_ih_l0"], "strengths": below, "gains_head": head[3]}
    )
    parts.append(part)
    upper = _gru_cell(g, "gains", projected, w, c.gru)
    parts.append(g.affine(upper, "from_gains", head[4], w["gains_head.bias"]))
    g.add("Sigmoid", [g.add("Sum", parts, "gain_logits")], "gains")
    both = g.add("Add", [from_conv, from_gru3], "strengths.from_both")
    lower = _gru_cell(g, "strengths", both, w, c.strength_gru)
    logits = g.affine(lower, "strengths_head", w["strengths_head.weight"], w["strengths_head.bias"])
    g.add("Sigmoid", [logits], "strengths")
    return _model(g, network, facts or {})


def _dense(g: _Graph, w: dict[str, Weight]) -> str:
    """Normalisation and first layer.

    The scale is folded into the weights.  The mean stays a subtraction of its own: folded into the bias,
    means many deviations from zero would cost digits.
    """
    centred = g.add("Sub", ["features", g.weight("feature_mean", w["feature_mean"])], "features.centred")
    scaled = w["dense.weight"] * w["feature_scale"]
    return g.add("Tanh", [g.affine(centred, "dense", scaled, w["dense.bias"])], "dense")


def _convolution(g: _Graph, name: str, x: str, w: dict[str, Weight], kernel: int, inputs: int) -> str:
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


def _branches(g: _Graph, name: str, x: str, weights: dict[str, Weight]) -> list[str]:
    """Products of one input with several weights [out, in], as one MatMul."""
    product = g.add(
        "MatMul", [x, g.weight(f"{name}.weight", np.concatenate(list(weights.values())).T)], f"{name}.product"
    )
    return g.split(product, [f"{name}.to_{branch}" for branch in weights], [len(v) for v in weights.values()])


def _gru_cell(g: _Graph, name: str, from_input: str, w: dict[str, Weight], units: int) -> str:
    """torch.nn.GRU's cell, gates in the order r, z, n; `from_input` [1, 3H] still without its bias.

    The biases of r and z act as sums; in n, b_h is scaled by r and b_i is not.
    """
    layer = f"{name}_gru" if name in ("gains", "strengths") else name
    b_i, b_h = w[f"{layer}.bias_ih_l0"], w[f"{layer}.bias_hh_l0"]
    both, alone = np.split(b_i, [2 * units])
    merged = b_h + np.concatenate([both, np.zeros_like(alone)])
    state = f"state_{name}"
    from_state = g.affine(state, f"{name}.recurrent", w[f"{layer}.weight_hh_l0"], merged)
    x_rz, x_n = g.split(from_input, [f"{name}.x_rz", f"{name}.x_n"], [2 * units, units])
    h_rz, h_n = g.split(from_state, [f"{name}.h_rz", f"{name}.h_n"], [2 * units, units])
    rz = g.add("Sigmoid", [g.add("Add", [x_rz, h_rz], f"{name}.sum_rz")], f"{name}.rz")
    r, z = g.split(rz, [f"{name}.r", f"{name}.z"], [units, units])
    x_n = g.add("Add", [x_n, g.weight(f"{name}.bias_n", alone)], f"{name}.x_n_biased")
    scaled = g.add("Mul", [r, h_n], f"{name}.h_n_scaled")
    n = g.add("Tanh", [g.add("Add", [x_n, scaled], f"{name}.sum_n")], f"{name}.n")
    kept = g.add("Mul", [z, g.add("Sub", [state, n], f"{name}.change")], f"{name}.kept")
    return g.add("Add", [n, kept], f"next_{name}")


def _model(g: _Graph, network: PercepNet, facts: dict[str, str]) -> onnx.ModelProto:
    shapes = state_shapes(network)
    inputs = {"features": FEATURES, **{f"state_{name}": size for name, size in shapes.items()}}
    outputs = {"gains": BANDS, "strengths": BANDS, **{f"next_{name}": size for name, size in shapes.items()}}
    sides = [
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in side.items()]
        for side in (inputs, outputs)
    ]
    graph = helper.make_graph(g.nodes, "percepnet_step", sides[0], sides[1], g.weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    model.producer_name = "bandwise"
    own = {
        "format": str(MODEL_FORMAT),
        "feature_layout": str(LAYOUT_VERSION),
        "network": json.dumps(asdict(network.config)),
    }
    helper.set_model_props(model, {**own, **facts})
    onnx.checker.check_model(model, full_check=True)
    return model


def state_shapes(network: PercepNet) -> dict[str, int]:
    """Name and length of each state of the graph; frames of a convolution's past one after the other."""
    return {name: state.numel() for name, state in network.initial_states(1)._asdict().items()}


@torch.no_grad()
def largest_difference(network: PercepNet, file: Path, steps: int = 100, seed: int = 0) -> float:
    """Largest difference in gains and strengths between network and file, `steps` on from a random state."""
    rng = np.random.default_rng(seed)
    network = network.cpu().eval()
    runtime = Network(file)
    shapes = {name: state.shape for name, state in network.initial_states(1)._asdict().items()}
    random = {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}
    runtime.set_states({name: value.ravel() for name, value in random.items()})
    states = States(**{name: torch.from_numpy(value) for name, value in random.items()})
    mean, scale = network.feature_mean.numpy(), network.feature_scale.numpy()
    worst = 0.0
    for _ in range(steps):
        features = (mean + rng.standard_normal(FEATURES) / scale).astype(np.float32)
        *expected, states = network.step(torch.from_numpy(features)[None], states)
        for got, wanted in zip(runtime.step(features), expected, strict=True):
            worst = max(worst, float(np.abs(got - wanted[0].numpy()).max()))
    return worst


def data_fingerprint(shards: Path) -> str:
    """SHA-256 over names and contents of the shards in a folder."""
    digest = hashlib.sha256()
    for path in sorted(shards.glob("shard-*.npy")):
        digest.update(f"{path.name} {checksum(path)}\n".encode())
    return digest.hexdigest()


def export_run(run: Path, out: Path, *, int8: bool = True) -> float:
    """Write the network of a run's checkpoint to `out`; the largest difference of what was written from it.

    Raises BandwiseError if the float32 graph strays from the trained network.
    """
    path = run / "checkpoint.pt" if run.is_dir() else run
    network, config = trained_network(path)
    facts = {"training": json.dumps(asdict(config))}
    data = path.with_name(DATA_FACTS)
    if data.exists():
        facts["training_data"] = data.read_text()
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_name(f".{out.name}.part")
    try:
        onnx.save(step_graph(network, facts), partial)
        drift = largest_difference(network, partial)
        if drift > LARGEST_DRIFT:
            raise BandwiseError(
                f"got a graph {drift:.2g} off the trained network; {LARGEST_DRIFT} is allowed; report it"
            )
        if int8:
            quantise(partial, partial)
            drift = largest_difference(network, partial)
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    return drift
