"""ONNX nodes and weights as they are added, one by one, to a graph of one frame."""

from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

Weight = NDArray[np.float32]


class Graph:
    """Nodes and weights; values are their names."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: dict[str, onnx.TensorProto] = {}

    def weight(self, name: str, value: NDArray[Any]) -> str:
        """Enter an array under a name, once."""
        self.weights.setdefault(name, numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def add(self, operator: str, inputs: list[str], output: str, **attributes: Any) -> str:
        """Add a node of one output."""
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def affine(self, x: str, name: str, weight: Weight, bias: Weight) -> str:
        """Add x weight^T + bias [rows, out], from x [rows, in] and weight [out, in]."""
        product = self.add("MatMul", [x, self.weight(f"{name}.weight", weight.T)], f"{name}.product")
        return self.add("Add", [product, self.weight(f"{name}.bias", bias)], f"{name}.sum")

    def split(self, x: str, names: list[str], sizes: list[int]) -> list[str]:
        """Cut [rows, sum of sizes] into parts."""
        lengths = self.weight(f"{names[0]}.sizes", np.array(sizes, np.int64))
        self.nodes.append(helper.make_node("Split", [x, lengths], names, name=f"{names[0]}.split", axis=1))
        return names

    def reshape(self, x: str, shape: tuple[int, ...], name: str) -> str:
        """The same values as another table."""
        return self.add("Reshape", [x, self.weight(f"{name}.shape", np.array(shape, np.int64))], name)

    def gru_cell(
        self,
        name: str,
        from_input: str,
        w: dict[str, Weight],
        units: int,
        *,
        layer: str = "",
        state: str = "",
    ) -> str:
        """torch.nn.GRU's cell, gates in the order r, z, n; `from_input` [rows, 3H] still without its bias.

        `w` has its weights under `layer`; layer and state are called `name`, too, unless they are given. The
        biases of r and z act as sums; in n, b_h is scaled by r, b_i is not.
        """
        layer, state = layer or name, state or name
        b_i, b_h = w[f"{layer}.bias_ih_l0"], w[f"{layer}.bias_hh_l0"]
        both, alone = np.split(b_i, [2 * units])
        merged = b_h + np.concatenate([both, np.zeros_like(alone)])
        from_state = self.affine(f"state_{state}", f"{name}.recurrent", w[f"{layer}.weight_hh_l0"], merged)
        x_rz, x_n = self.split(from_input, [f"{name}.x_rz", f"{name}.x_n"], [2 * units, units])
        h_rz, h_n = self.split(from_state, [f"{name}.h_rz", f"{name}.h_n"], [2 * units, units])
        rz = self.add("Sigmoid", [self.add("Add", [x_rz, h_rz], f"{name}.sum_rz")], f"{name}.rz")
        r, z = self.split(rz, [f"{name}.r", f"{name}.z"], [units, units])
        x_n = self.add("Add", [x_n, self.weight(f"{name}.bias_n", alone)], f"{name}.x_n_biased")
        scaled = self.add("Mul", [r, h_n], f"{name}.h_n_scaled")
        n = self.add("Tanh", [self.add("Add", [x_n, scaled], f"{name}.sum_n")], f"{name}.n")
        change = self.add("Sub", [f"state_{state}", n], f"{name}.change")
        return self.add("Add", [n, self.add("Mul", [z, change], f"{name}.kept")], f"next_{state}")
