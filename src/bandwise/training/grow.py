"""A small trained network made large without forgetting anything.

The old units keep their weights, new ones beside them get the usual first weights, and what leads from new
units to old ones is zero: the large network computes what the small one did.  A zero weight is no dead end,
since the new unit behind it already sounds: its gradient is there at the first update.  And pruning, which
takes the tiles of least norm, leaves what was learnt.

A deep filter grows in the same way, and may get hints, which it ignores at first; a network that had none
gets a fresh one, which does next to nothing.
"""

import torch
from torch import Tensor

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.places import FAR, INPUTS, NEAR, PLACES, TAP_VALUES
from bandwise.training.model import PercepNet
from bandwise.training.network_config import PercepNetConfig

GATES = 3  # blocks of rows of a GRU's weights: reset, update, new

Widths = tuple[int, int]
"""Units of a layer in the small network and in the large one."""


def grow(small: PercepNet, config: PercepNetConfig, seed: int = 0) -> PercepNet:
    """Return a network of the layer sizes in `config`, none below `small`'s, with the same outputs."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return grow_into(small, PercepNet(config))


@torch.no_grad()
def grow_into(small: PercepNet, large: PercepNet) -> PercepNet:
    """Give `large` the units of `small` in place of its first ones; what `small` does not have stays."""
    _check(small.config, large.config)
    state, sizes = large.state_dict(), _layers(small.config, large.config)
    for name, old in small.state_dict().items():
        layer, _, kind = name.rpartition(".")
        if found := sizes.get(layer) or sizes.get(name):
            rows, sources = found
            read = rows[:1] if kind == "weight_hh_l0" else sources
            _put(old, state[name], _places(rows), _places(read))
        else:
            state[name] = old
    large.load_state_dict(state)
    return large


def _check(old: PercepNetConfig, new: PercepNetConfig) -> None:
    if old.kernels != new.kernels or any(b < a for a, b in zip(widths(old), widths(new), strict=True)):
        raise BandwiseError(
            f"got layers of {widths(new)} to grow {widths(old)} into; no layer may shrink; train anew"
        )
    if old.filter_units > new.filter_units or old.filter_hints > new.filter_hints:
        raise BandwiseError(
            f"got a deep filter of {new.filter_units} units and {new.filter_hints} hints to go on from one "
            f"of {old.filter_units} and {old.filter_hints}; neither may be fewer; "
            "ask for that or start from another checkpoint"
        )


def widths(config: PercepNetConfig) -> tuple[int, int, int, int]:
    """Units of the layers that grow."""
    return config.dense, config.convolution, config.gru, config.strength_gru


def _layers(old: PercepNetConfig, new: PercepNetConfig) -> dict[str, tuple[list[Widths], list[Widths]]]:
    """Of each layer or table: the units that its rows are for, and those that its columns are for."""
    dense, conv, gru, strengths = zip(widths(old), widths(new), strict=True)
    features, bands = (FEATURES, FEATURES), (BANDS, BANDS)
    hints = (old.filter_hints, new.filter_hints)
    return {
        "dense": ([dense], [features]),
        "convolution1.product": ([conv], [dense] * old.kernels[0]),
        "convolution2.product": ([conv], [conv] * old.kernels[1]),
        "gru1": ([gru] * GATES, [conv]),
        "gru2": ([gru] * GATES, [gru]),
        "gru3": ([gru] * GATES, [gru]),
        "gains_gru": ([gru] * GATES, [gru]),
        "gains_head": ([bands, *[hints] * PLACES], [conv, gru, gru, gru, gru]),
        "strengths_gru": ([strengths] * GATES, [gru, conv]),
        "strengths_head": ([bands], [strengths]),
        **_filter_layers((old.filter_units, new.filter_units), hints),
    }


def _filter_layers(units: Widths, hints: Widths) -> dict[str, tuple[list[Widths], list[Widths]]]:
    """As `_layers`; where places look around, each neighbour's share of the units grows by itself."""
    shares = {
        name: [(units[0] // len(around), units[1] // len(around))] * len(around)
        for name, around in (("near", NEAR), ("mix1", FAR), ("mix2", FAR))
    }
    return {
        "filter.patch": ([units], [(INPUTS, INPUTS), hints]),
        "filter.place": ([(PLACES, PLACES)], [units]),
        "filter.globe": ([units], [(FEATURES, FEATURES)]),
        **{f"filter.{name}.lin": (share, [units]) for name, share in shares.items()},
        **{f"filter.{name}.back": ([units], share) for name, share in shares.items()},
        "filter.gru1": ([units] * GATES, [units]),
        "filter.gru2": ([units] * GATES, [units]),
        "filter.taps": ([(TAP_VALUES, TAP_VALUES)], [units]),
    }


def _places(parts: list[Widths]) -> Tensor:
    """Where the small network's rows or columns lie among the large one's, which are parts in a row."""
    ends = torch.tensor([new for _, new in parts]).cumsum(0)
    return torch.cat([end - new + torch.arange(old) for end, (old, new) in zip(ends, parts, strict=True)])


def _put(old: Tensor, into: Tensor, rows: Tensor, columns: Tensor) -> None:
    """Set the old units' weights or biases, and clear what comes to them from new units."""
    if old.ndim > 1:
        into[rows] = 0
        into[rows[:, None], columns] = old
    else:
        into[rows] = old
