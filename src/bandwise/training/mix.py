"""Neighbours in frequency hear of each other: a layer over the places of the deep filter."""

# mypy: disable-error-code="override, no-untyped-call", disallow-subclassing-any=False
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

RESIDUAL = 0.3  # of the usual first weights: a layer starts as little more than its input


def shifted(x: Tensor, offsets: tuple[int, ...]) -> Tensor:
    """Part i of the units of x [T, B, places, units], seen from `offsets[i]` places below; 0 beyond."""
    places, parts = x.shape[2], len(offsets)
    pieces = x.reshape(-1, places * parts, x.shape[3] // parts)
    with_silence = pad(pieces, (0, 0, 0, 1))
    return with_silence.index_select(1, _pieces_seen(offsets, places).to(x.device)).view_as(x)


@cache
def _pieces_seen(offsets: tuple[int, ...], places: int) -> Tensor:
    """[places * parts]: which piece, counted place by place, goes where; behind the last one is silence."""
    parts = len(offsets)
    seen = torch.arange(places)[:, None] + torch.tensor(offsets)
    inside = (seen >= 0) & (seen < places)
    return torch.where(inside, seen * parts + torch.arange(parts), places * parts).flatten()


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
