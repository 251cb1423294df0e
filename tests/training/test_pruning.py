"""Tiles of zero weights: how many, which, and that they stay."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import PercepNetConfig  # noqa: E402
from bandwise.training.pruning import OTHERS, Pruning, density_at, kept_tiles, tile_norms  # noqa: E402

SIZES = PercepNetConfig(dense=16, convolution=32, gru=32, strength_gru=16)


def _tiles(matrix):
    """Norms of tiles by plain loops."""
    rows, columns = matrix.shape
    return [
        [float((matrix[r : r + 16, c : c + 4] ** 2).sum()) for c in range(0, columns, 4)]
        for r in range(0, rows, 16)
    ]


def test_tile_norms_are_sums_over_16_by_4():
    """They equal what plain loops give."""
    gate = torch.randn(32, 12)
    assert torch.allclose(tile_norms(gate), torch.tensor(_tiles(gate)), rtol=1e-5)


def test_the_largest_tiles_are_kept_whole():
    """The mask is constant in a tile, has the share asked for, and no tile it drops is above one it keeps."""
    gate = torch.randn(64, 32)
    mask = kept_tiles(gate, 0.25)
    per_tile = tile_norms(mask) / 64
    assert set(per_tile.flatten().tolist()) == {0.0, 1.0}
    assert per_tile.mean() == 0.25
    norms = tile_norms(gate)
    assert norms[per_tile == 1].min() > norms[per_tile == 0].max()


def test_zero_tiles_stay_zero_whatever_the_updates():
    """What is dropped comes back neither by updates nor when more is dropped; gates keep their shares."""
    torch.manual_seed(1)
    network = PercepNet(SIZES)
    pruning = Pruning()
    matrix = network.gru2.weight_hh_l0
    dropped = None
    for density in (0.8, 0.5, 0.5):
        pruning.tighten(network, density, 1.0)
        pruning.apply(network)
        if dropped is not None:
            assert (matrix[dropped] == 0).all()
        dropped = matrix == 0
        with torch.no_grad():
            matrix.add_(torch.randn_like(matrix))
        pruning.apply(network)
    shares = [(gate != 0).float().mean().item() for gate in matrix.chunk(3)]
    assert shares == pytest.approx([0.3, 0.5, 0.7], abs=0.05)


def test_other_layers_are_left_alone():
    """The filter and what is small lose nothing, and nothing changes at a density of one."""
    network = PercepNet(replace(SIZES, filter_units=16))
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    pruning = Pruning()
    pruning.tighten(network, 1.0, 1.0)
    pruning.apply(network)
    assert all(torch.equal(before[name], p) for name, p in network.named_parameters())
    pruning.tighten(network, 0.3, 1.0)
    pruning.apply(network)
    changed = {name for name, p in network.named_parameters() if not torch.equal(before[name], p)}
    gated = {
        f"{gru}.weight_{kind}_l0"
        for gru in ("gru1", "gru2", "gru3", "gains_gru", "strengths_gru")
        for kind in ("ih", "hh")
    }
    assert changed == gated | set(OTHERS)


def test_a_matrix_that_tiles_do_not_fill_has_some_that_reach_beyond():
    """Of 34 outputs the last two are a row of tiles by themselves, which goes or stays like any."""
    weights = torch.full((34, 10), 0.1)
    weights[32:, 8:] = 9.0
    assert tile_norms(weights).shape == (3, 3)
    mask = kept_tiles(weights, 1 / 9)
    assert mask.shape == weights.shape
    assert mask[32:, 8:].all()
    assert mask.sum() == 4


def test_density_falls_once_and_settles():
    """All weights at the start, the final share from half of the run on, never up in between."""
    course = [density_at(share, 0.4) for share in np.linspace(0, 1, 101)]
    assert course[0] == 1.0
    assert course[50:] == pytest.approx([0.4] * 51)
    assert all(after <= before for before, after in pairwise(course))


def test_matrices_without_gates_keep_more():
    """At a density of 0.3 they keep 2.3 times that, rounded to whole tiles."""
    network, pruning = PercepNet(SIZES), Pruning()
    pruning.tighten(network, 0.3, 1.0)
    for name in OTHERS:
        tiles = tile_norms(pruning.state_dict()[name].float()) > 0
        assert tiles.float().mean().item() == pytest.approx(0.69, abs=1 / tiles.numel())


def test_every_gate_loses_its_tiles_along_its_own_cubic():
    """At a hundredth of the run hardly a tile is gone, in the reset gate no more than in proportion."""
    network, pruning = PercepNet(SIZES), Pruning()
    pruning.tighten(network, 0.3, progress=0.01)
    reset, _, new = pruning.state_dict()["gru2.weight_hh_l0"].float().chunk(3)
    left = 0.98**3
    assert reset.mean().item() == pytest.approx(0.18 + 0.82 * left, abs=0.04)
    assert new.mean().item() == pytest.approx(0.42 + 0.58 * left, abs=0.04)
