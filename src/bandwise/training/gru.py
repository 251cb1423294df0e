"""A GRU layer that trains fast on CPUs: torch.nn.GRU's arithmetic, backpropagation through time by hand.

torch.nn.GRU adds to its weight gradients at every time step and packs its weights anew for every product.
Here the input projection, the gradient of the input and both weight gradients are one product each over all
frames; the loops over time keep only [B, H] x [H, 3H] with weights packed once, and one compiled kernel for
the gates.
"""

# mypy: disable-error-code="override, no-untyped-call", disallow-subclassing-any=False
# ruff: noqa: SLF001  (the packed products have no public name in torch)
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bandwise.training.gates import gates_backward, gates_forward

Product = Callable[[Tensor], Tensor]


def packed_product(weight: Tensor, bias: Tensor | None, rows: int) -> Product:
    """Return x [rows, in] -> x weight^T + bias [rows, out].

    bfloat16 weights are laid out once for oneDNN's matrix units.
    """
    if weight.dtype == torch.bfloat16 and torch.backends.mkldnn.is_available():
        packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), rows)
        return lambda x: torch.ops.mkldnn._linear_pointwise(x, packed, bias, "none", [], "")
    return lambda x: nn.functional.linear(x, weight, bias)


def _as_array(x: Tensor) -> np.ndarray[Any, Any]:
    """Share memory with NumPy; bfloat16 as its bit patterns in uint16."""
    x = x.detach()
    return x.view(torch.uint16).numpy() if x.dtype == torch.bfloat16 else x.numpy()


class _Recurrence(torch.autograd.Function):
    """(x [T, B, in], h [B, H] float32, weights) -> (outputs [T, B, H], last state [B, H] float32)."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, h: Tensor, w_i: Tensor, w_h: Tensor, b_i: Tensor, b_h: Tensor, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        x, w_i, w_h, b_i, b_h = (v.detach().to(dtype) for v in (x, w_i, w_h, b_i, b_h))
        frames, batch, _ = x.shape
        units = h.shape[1]
        from_input = _as_array(
            packed_product(w_i, b_i, frames * batch)(x.flatten(0, 1)).view(frames, batch, -1)
        )
        recurrent = packed_product(w_h, b_h, batch)
        state = h.detach().float().clone(memory_format=torch.contiguous_format)
        gates = torch.empty(frames, batch, 4 * units, dtype=dtype)
        outputs = torch.empty(frames + 1, batch, units, dtype=dtype)
        outputs[0] = state
        state_array, gate_array, output_array = _as_array(state), _as_array(gates), _as_array(outputs)
        rows = np.arange(batch)
        for t in range(frames):
            gates_forward(
                t, rows, from_input, _as_array(recurrent(outputs[t])), state_array, gate_array, output_array
            )
        ctx.save_for_backward(x, gates, outputs, w_i, w_h)
        return outputs[1:], state

    @staticmethod
    def backward(ctx: Any, d_outputs: Tensor, d_last: Tensor) -> tuple[Tensor | None, ...]:
        x, gates, outputs, w_i, w_h = ctx.saved_tensors
        frames, batch, units = len(x), outputs.shape[1], outputs.shape[2]
        through_time = packed_product(w_h.t(), None, batch)
        d_state = d_last.float().clone(memory_format=torch.contiguous_format)
        d_outputs = d_outputs.to(x.dtype).contiguous()
        d_input, d_recurrent = (torch.empty(frames, batch, w_h.shape[0], dtype=x.dtype) for _ in range(2))
        d_through = torch.zeros_like(outputs[0])
        arrays = [_as_array(v) for v in (d_state, gates, outputs, d_input, d_recurrent)]
        d_output_array = _as_array(d_outputs)
        rows = np.arange(batch)
        for t in reversed(range(frames)):
            gates_backward(t, rows, d_output_array, _as_array(d_through), *arrays)
            d_through = through_time(d_recurrent[t])
        d_input, d_recurrent = d_input.flatten(0, 1), d_recurrent.flatten(0, 1)
        d_x = packed_product(w_i.t(), None, frames * batch)(d_input).view_as(x)
        ones = torch.ones(8, len(d_input), dtype=x.dtype)  # eight rows: a shape the matrix units like
        d_b_i = (ones @ d_input)[0].float()
        d_b_n = (ones @ d_recurrent[:, -units:])[0].float()
        return (
            d_x,
            d_state + d_through.float(),
            (d_input.t() @ x.flatten(0, 1)).float(),
            (d_recurrent.t() @ outputs[:-1].flatten(0, 1)).float(),
            d_b_i,
            torch.cat([d_b_i[:-units], d_b_n]),
            None,
        )


class GRU(nn.GRU):
    """One GRU layer; parameters and their names are torch.nn.GRU's.

    On a CPU it runs the code above, in bfloat16 inside `torch.autocast("cpu")`, else in float32.
    On other devices it is torch's own.
    """

    def __init__(self, inputs: int, units: int) -> None:
        super().__init__(inputs, units)

    def forward(self, x: Tensor, state: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Run over x [T, B, in] from `state` [B, H] (None: zeros) -> outputs [T, B, H], last state."""
        if x.device.type != "cpu":
            outputs, last = super().forward(x, None if state is None else state[None])
            return outputs, last[0]
        if state is None:
            state = x.new_zeros(x.shape[1], self.hidden_size, dtype=torch.float32)
        dtype = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32
        weights = (self.weight_ih_l0, self.weight_hh_l0, self.bias_ih_l0, self.bias_hh_l0)
        outputs, last = _Recurrence.apply(x, state, *weights, dtype)
        return outputs, last
