"""Neighbours in frequency hear of each other: a layer over the places of the deep filter."""

# mypy: disable-error-code="override, no-untyped-call", disallow-subclassing-any=False
from typing import Any

import torch
from torch import Tensor, nn

RESIDUAL = 0.3  # of the usual first weights: a layer starts as little more than its input


def shifted(x: Tensor, offsets: tuple[int, ...]) -> Tensor:
    """Part i of the units of x [T, B, places, units], seen from `offsets[i]` places below; 0 beyond."""
    out = torch.zeros_like(x)
    places = x.shape[2]
    width = x.shape[3] // len(offsets)
    for part, offset in enumerate(offsets):
        units = slice(part * width, (part + 1) * width)
        first, last = max(-offset, 0), places - max(offset, 0)
        out[:, :, first:last, units] = x[:, :, first + offset : last + offset, units]
    return out


class _Shift(torch.autograd.Function):
    """`shifted`.  What went up comes back down: the gradient is shifted the other way."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, offsets: tuple[int, ...]) -> Tensor:
        ctx.offsets = offsets
        return shifted(x, offsets)

    @staticmethod
    def backward(ctx: Any, d_out: Tensor) -> tuple[Tensor, None]:
        return shifted(d_out, tuple(-offset for offset in ctx.offsets)), None


class Mix(nn.Module):
    """x + back(shift(relu(lin(x)))): each part of the units carries news from another neighbour."""

    def __init__(self, units: int, offsets: tuple[int, ...]) -> None:
        super().__init__()
        self.offsets = offsets
        self.lin = nn.Linear(units, units)
        self.back = nn.Linear(units, units)
        with torch.no_grad():
            self.back.weight.mul_(RESIDUAL)
            self.back.bias.zero_()

    def forward(self, x: Tensor) -> Tensor:
        """[T, B, places, units] -> same."""
        moved: Tensor = _Shift.apply(torch.relu(self.lin(x)), self.offsets)
        mixed: Tensor = x + self.back(moved)
        return mixed
