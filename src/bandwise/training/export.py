"""The network as an ONNX graph of one frame: features and states in, gains, strengths and next states out.

Written by hand, because exporters keep the GRU operator, which quantisation does not touch (and have got it
wrong).  Products that share an input are one MatMul with their columns side by side, so that each input is
quantised and read once.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper
from torch import Tensor

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.suppress.features import LAYOUT_VERSION, PITCH_CORRELATION, PITCH_PERIOD
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.network import BAND_FORMAT, FILTER_FORMAT, Network
from bandwise.suppress.places import BINS_PER_PLACE, PLACES, SOUND, TAP_VALUES
from bandwise.training.checkpoint import trained_network
from bandwise.training.deep_filter import WEIGHTS, Memories
from bandwise.training.export_filter import add_filter
from bandwise.training.filter_inputs import Heard, harmonics
from bandwise.training.graph import Graph, Weight
from bandwise.training.model import PercepNet, States
from bandwise.training.quantise import checksum, quantise

OPSET = 17
IR_VERSION = 8  # the oldest that opset 17 needs, so that older runtimes read the file
DATA_FACTS = "data.json"  # what the run was trained on, beside its checkpoint
PITCH = slice(PITCH_PERIOD, PITCH_CORRELATION + 1)
LARGEST_DRIFT = 1e-4  # of the float32 graph from the trained network


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
    x = g.gru_cell("gru1", "gru1", projected, w, c.gru)
    for index, name in enumerate(("gru2", "gru3")):
        projected, part = _branches(
            g, f"from_gru{index + 1}", x, {name: w[f"{name}.weight_ih_l0"], "gains_head": head[index + 1]}
        )
        parts.append(part)
        x = g.gru_cell(name, name, projected, w, c.gru)
    projected, from_gru3, part = _branches(
        g, "from_gru3", x, {"gains": w["gains_gru.weight_ih_l0"], "strengths": below, "gains_head": head[3]}
    )
    parts.append(part)
    upper = g.gru_cell("gains_gru", "gains", projected, w, c.gru)
    parts.append(g.affine(upper, "from_gains", head[4], w["gains_head.bias"]))
    g.add("Sigmoid", [g.add("Sum", parts, "gain_logits")], "gains")
    both = g.add("Add", [from_conv, from_gru3], "strengths.from_both")
    lower = g.gru_cell("strengths_gru", "strengths", both, w, c.strength_gru)
    logits = g.affine(lower, "strengths_head", w["strengths_head.weight"], w["strengths_head.bias"])
    g.add("Sigmoid", [logits], "strengths")
    if network.filter:
        add_filter(g, w)
    return _model(g, network, facts or {})


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


def state_shapes(network: PercepNet) -> dict[str, tuple[int, int]]:
    """Name and shape of each state of the graph; frames of a convolution's past one after the other."""
    shapes = {name: (1, state.numel()) for name, state in network.initial_states(1)._asdict().items()}
    if network.filter:
        shapes |= dict.fromkeys(("places1", "places2"), (PLACES, network.filter.units))
    return shapes


@torch.no_grad()
def largest_difference(network: PercepNet, file: Path, steps: int = 100, seed: int = 0) -> float:
    """Largest difference of any answer between network and file, `steps` on from a random state."""
    rng = np.random.default_rng(seed)
    network = network.cpu().eval()
    runtime = Network(file)
    random = {
        name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in state_shapes(network).items()
    }
    runtime.set_states(random)
    trained = _Stepped(network, {name: torch.from_numpy(value) for name, value in random.items()})
    mean, scale = network.feature_mean.numpy(), network.feature_scale.numpy()
    worst = 0.0
    for _ in range(steps):
        features = (mean + rng.standard_normal(FEATURES) / scale).astype(np.float32)
        features[PITCH] = np.clip(features[PITCH], -1, 1)
        sound = rng.uniform(-1, 1, (PLACES, SOUND)).astype(np.float32)
        answers = trained.step(torch.from_numpy(features), torch.from_numpy(sound))
        for got, wanted in zip(runtime.step(features, sound), answers, strict=True):
            worst = max(worst, float(np.abs(got - wanted.numpy()).max()))
    return worst


class _Stepped:
    """The trained network frame by frame, from given states on, as a file does it."""

    def __init__(self, network: PercepNet, states: dict[str, Tensor]) -> None:
        self.network = network
        zeros = network.initial_states(1)._asdict()
        self._states = States(**{name: states[name].view_as(zero) for name, zero in zeros.items()})
        self._memories = Memories(states["places1"], states["places2"]) if network.filter else None

    def step(self, features: Tensor, sound: Tensor) -> list[Tensor]:
        """Features [70], sound [25, 120] -> gains, strengths [34], and taps [25, 48] if there is a filter."""
        gains, strengths, self._states = self.network.step(features[None], self._states)
        if not self.network.filter:
            return [gains[0], strengths[0]]
        own = self.network.filter
        normal = (features - own.feature_mean) * own.feature_scale
        heard = Heard(sound[None, None], harmonics(features[None, None]), normal[None, None])
        weights, self._memories = own(heard, gains[None], strengths[None], self._memories)
        places = weights.view(WEIGHTS, 2, PLACES, BINS_PER_PLACE).permute(2, 0, 1, 3)
        return [gains[0], strengths[0], places.reshape(PLACES, TAP_VALUES)]


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
