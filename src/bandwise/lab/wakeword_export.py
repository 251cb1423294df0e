"""The small wake word network as an ONNX graph of one frame, its GRU written out so that int8 applies."""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.device.logmel import BANDS
from bandwise.training.quantise import quantise
from bandwise.training.step_graph import IR_VERSION, OPSET

if TYPE_CHECKING:
    import onnx
    from numpy.typing import NDArray


def export(network: Any, path: Path, facts: dict[str, str]) -> None:
    """Write the network with int8 weights; `facts` go into the file's metadata."""
    import onnx

    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder) / "float.onnx"
        onnx.save(step_graph(network, facts), str(plain))
        quantise(plain, path)


def step_graph(network: Any, facts: dict[str, str]) -> "onnx.ModelProto":
    """Features [1, BANDS] and state [1, units] -> score [1, 1] in 0..1 and the next state.

    torch's GRU: r, z = sigmoid(W x + U h + b), n = tanh(W_n x + b_n + r (U_n h + c_n)), h' = (1 - z) n + z h.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    w = {name: value.detach().cpu().numpy() for name, value in network.state_dict().items()}
    units = w["gru.weight_hh_l0"].shape[1]
    constants: dict[str, NDArray[Any]] = {
        "mean": w["mean"][None], "scale": w["scale"][None],
        "from_input.weight": w["gru.weight_ih_l0"].T, "from_input.bias": w["gru.bias_ih_l0"],
        "from_state.weight": w["gru.weight_hh_l0"].T, "from_state.bias": w["gru.bias_hh_l0"],
        "head.weight": w["head.weight"].T, "head.bias": w["head.bias"],
        "sizes": np.full(3, units, np.int64),
    }  # fmt: skip
    node = helper.make_node
    nodes = [
        node("Sub", ["features", "mean"], ["centred"]),
        node("Mul", ["centred", "scale"], ["x"]),
        node("MatMul", ["x", "from_input.weight"], ["xw"]),
        node("Add", ["xw", "from_input.bias"], ["xb"]),
        node("MatMul", ["state", "from_state.weight"], ["hw"]),
        node("Add", ["hw", "from_state.bias"], ["hb"]),
        node("Split", ["xb", "sizes"], ["xr", "xz", "xn"], axis=1),
        node("Split", ["hb", "sizes"], ["hr", "hz", "hn"], axis=1),
        node("Add", ["xr", "hr"], ["r_in"]),
        node("Sigmoid", ["r_in"], ["r"]),
        node("Add", ["xz", "hz"], ["z_in"]),
        node("Sigmoid", ["z_in"], ["z"]),
        node("Mul", ["r", "hn"], ["reset"]),
        node("Add", ["xn", "reset"], ["n_in"]),
        node("Tanh", ["n_in"], ["n"]),
        node("Sub", ["state", "n"], ["away"]),
        node("Mul", ["z", "away"], ["back"]),
        node("Add", ["n", "back"], ["next_state"]),
        node("MatMul", ["next_state", "head.weight"], ["head.product"]),
        node("Add", ["head.product", "head.bias"], ["logit"]),
        node("Sigmoid", ["logit"], ["score"]),
    ]
    for each in nodes:
        each.name = each.output[0]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "wakeword",
        [value("features", TensorProto.FLOAT, [1, BANDS]), value("state", TensorProto.FLOAT, [1, units])],
        [value("score", TensorProto.FLOAT, [1, 1]), value("next_state", TensorProto.FLOAT, [1, units])],
        [numpy_helper.from_array(np.ascontiguousarray(c), name) for name, c in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    return model
