"""An exchange between neighbours in frequency: a layer over the places of the deep filter."""

# mypy: disable-error-code="override, no-untyped-call", disallow-subclassing-any=False
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import pad

from bandwise.suppress.places import PLACES

RESIDUAL = 0.3  # of the usual first weights: a layer starts as little more than its input


def moved_units(offsets: tuple[int, ...], units: int) -> NDArray[np.int64]:
    """Where each unit of each place comes from among all units of all places, when they look around.

    [25, units]; behind the last unit stands a zero, for what is beyond the ends.
    """
    part = np.arange(units) * len(offsets) // units
    there = np.arange(PLACES)[:, None] + np.array(offsets)[part]
    inside = (there >= 0) & (there < PLACES)
    return np.where(inside, there * units + np.arange(units), PLACES * units)


@cache
def _moved_parts(offsets: tuple[int, ...], device: torch.device) -> Tensor:
    """The same for whole parts, [25 * parts]."""
    return torch.from_numpy(moved_units(offsets, len(offsets)).ravel()).to(device)


def shifted(x: Tensor, offsets: tuple[int, ...]) -> Tensor:
    """Part i of the units of x [T, B, 25, units], seen from `offsets[i]` places below; 0 beyond."""
    parts = x.reshape(-1, PLACES * len(offsets), x.shape[3] // len(offsets))
    with_zeros = pad(parts, (0, 0, 0, 1))
    return with_zeros.index_select(1, _moved_parts(offsets, x.device)).view_as(x)


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
