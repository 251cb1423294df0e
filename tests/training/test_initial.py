"""What a fresh run begins with: networks read back from files, normalised anew, pruned as they came."""

import json
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.suppress.network import model_content  # noqa: E402
from bandwise.training.drift import largest_difference  # noqa: E402
from bandwise.training.fit import start  # noqa: E402
from bandwise.training.fit_config import FitConfig  # noqa: E402
from bandwise.training.initial import initial_network  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES, PercepNetConfig  # noqa: E402
from bandwise.training.network_file import network_of_file  # noqa: E402
from bandwise.training.normalisation import same_outputs  # noqa: E402
from bandwise.training.pruning import Pruning  # noqa: E402
from bandwise.training.quantise import quantise  # noqa: E402
from bandwise.training.sources import Batch  # noqa: E402
from bandwise.training.step_graph import step_graph  # noqa: E402
from bandwise.training.trained import trained  # noqa: E402
from bandwise.training.treble import decide_treble  # noqa: E402

TILED = PercepNetConfig(dense=16, convolution=32, gru=32, strength_gru=16)


class Loud:
    """Features far from zero mean and unit variance."""

    @staticmethod
    def batch(rng, sequences, frames):
        features = 5 + 3 * rng.standard_normal((sequences, frames, 70)).astype(np.float32)
        return Batch(features, np.zeros((sequences, frames, 68), np.float32), np.full(sequences, 34))


def _network(config, seed=5):
    """Random weights of a trained network's size, normalised for the features above."""
    torch.manual_seed(seed)
    network = PercepNet(config)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(2)
    features = torch.from_numpy(Loud.batch(np.random.default_rng(0), 64, 20).features)
    network.normalise_like(features)
    if network.filter:
        network.filter.normalise_like(features)
    return network


def _written(network, path, facts=None):
    onnx.save(step_graph(network, facts), path)
    return path


@pytest.mark.parametrize(("filter_units", "filter_hints"), [(0, 0), (16, 0), (16, 2)])
def test_a_float_file_gives_back_the_network_it_was_made_of(tmp_path, filter_units, filter_hints):
    """The graph of what was read is the graph that was written: outputs agree over 100 frames."""
    sizes = replace(SIZES["toy"], filter_units=filter_units, filter_hints=filter_hints)
    path = _written(_network(sizes), tmp_path / "float.onnx")
    assert largest_difference(network_of_file(path)[0], path) < 1e-4


def test_an_int8_file_gives_back_every_weight_but_for_rounding(tmp_path):
    """No recurrent weight is further off than half a step of its unit's scale, 1 / 63 of the largest."""
    network = _network(replace(SIZES["toy"], filter_units=16))
    quantise(_written(network, tmp_path / "float.onnx"), tmp_path / "int8.onnx")
    read = dict(network_of_file(tmp_path / "int8.onnx")[0].named_parameters())
    recurrent = {name: p for name, p in network.named_parameters() if "weight_hh" in name}
    assert len(recurrent) == 7
    for name, weights in recurrent.items():
        steps = weights.abs().amax(1, keepdim=True) / 63
        assert ((read[name] - weights).abs() <= 0.51 * steps).all()


@pytest.mark.parametrize("name", ["base", "small"])
def test_what_ships_can_be_gone_on_from(name, tmp_path):
    """Read by its name and written again, it computes what the file that ships does, steep treble and all."""
    network = trained(name).network
    decide_treble(network)
    shipped = tmp_path / "shipped.onnx"
    shipped.write_bytes(model_content(name)[0])
    assert largest_difference(network, shipped, steps=30) < 0.05  # it rounds activations


def test_decided_treble_is_taken_back(tmp_path):
    """The file says what was done to the gains above the filter, and reading undoes it."""
    network = _network(SIZES["toy"])
    before = network.gains_head.weight.clone()
    decide_treble(network, 1.4, -0.3)
    path = _written(network, tmp_path / "a.onnx", {"treble": json.dumps({"slope": 1.4, "shift": -0.3})})
    assert torch.allclose(network_of_file(path)[0].gains_head.weight, before, rtol=1e-5)


@pytest.mark.parametrize("content", [b"", b"no network", None])
def test_other_files_are_refused(tmp_path, content):
    """Rubbish, and an ONNX file of something else, are one-line errors."""
    path = tmp_path / "other.onnx"
    if content is None:
        onnx.save(onnx.helper.make_model(onnx.helper.make_graph([], "g", [], [])), path)
    else:
        path.write_bytes(content)
    with pytest.raises(BandwiseError, match="not a network to go on from"):
        network_of_file(path)


@pytest.mark.parametrize("name", ["", "bass", "missing.onnx", "missing.pt"])
def test_networks_that_are_not_there_are_told(tmp_path, name):
    """A misspelt name, a missing file, a folder without a run: one-line errors that name what there is."""
    with pytest.raises(BandwiseError, match=r"base.* small"):
        trained(tmp_path / name)


@pytest.mark.parametrize("filter_units", [0, 16])
def test_a_new_normalisation_changes_no_output(filter_units):
    """Mean and scale are those of the new features, and gains are what they were."""
    network = _network(replace(SIZES["toy"], filter_units=filter_units))
    features = -2 + 0.5 * torch.randn(4, 50, 70)
    part = network.filter or network
    first = network.filter.globe if network.filter else network.dense
    with torch.no_grad():
        before = first((features - part.feature_mean) * part.feature_scale)
        with same_outputs(part):
            part.normalise_like(features)
        normal = (features - part.feature_mean) * part.feature_scale
    assert torch.allclose(normal.flatten(0, 1).std(0), torch.ones(70), atol=1e-3)
    assert torch.allclose(before, first(normal), atol=1e-3)


def test_a_run_from_a_file_expects_the_features_of_its_data(tmp_path):
    """The weights of a file hold the scales; a run that goes on from it has them apart again."""
    network = _network(replace(SIZES["toy"], filter_units=16))
    path = _written(network, tmp_path / "float.onnx")
    config = FitConfig(network=network.config, updates=1, frames=20, initial=str(path))
    known, grown = initial_network(config, Loud(), np.random.default_rng(0))
    assert not grown
    assert torch.allclose(known.feature_scale, torch.full((70,), 1 / 3), rtol=0.05)
    assert torch.allclose(known.filter.feature_scale, torch.full((70,), 1 / 3), rtol=0.05)
    features = torch.from_numpy(Loud.batch(np.random.default_rng(3), 2, 20).features)
    with torch.no_grad():
        assert torch.allclose(known(features)[0], network(features)[0], atol=1e-4)


@pytest.mark.parametrize("changes", [{}, {"gru": 48}, {"weight_limit": 9.0}, {"filter_units": 16}])
def test_a_pruned_network_stays_pruned_and_a_grown_one_fills_its_zeros(tmp_path, changes):
    """Zeros that pruning made come back after no update; those between new and old units do.

    Neither a limit of the weights nor a filter put behind makes a network a grown one.
    """
    small = _network(TILED)
    pruning = Pruning()
    pruning.tighten(small, 0.5, 1.0)
    pruning.apply(small)
    path = _written(small, tmp_path / "pruned.onnx")
    config = FitConfig(network=replace(TILED, **changes), updates=1, frames=20, initial=str(path))
    run = start(config, Loud(), tmp_path / "run", torch.device("cpu"))
    zeros = run.network.gru2.weight_hh_l0 == 0
    with torch.no_grad():
        run.network.gru2.weight_hh_l0 += 1
    run.pruning.apply(run.network)
    back = run.network.gru2.weight_hh_l0[zeros] != 0
    assert zeros.any()
    assert back.all() if "gru" in changes else not back.any()
