"""The written-out ONNX graph against the trained network."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from bandwise.apps.export import export  # noqa: E402
from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.suppress.compiled import compiled_model  # noqa: E402
from bandwise.suppress.estimates import room_for_estimates  # noqa: E402
from bandwise.suppress.network import Network  # noqa: E402
from bandwise.suppress.places import INPUTS  # noqa: E402
from bandwise.suppress.session import SessionModel  # noqa: E402
from bandwise.training import export as exporting  # noqa: E402
from bandwise.training.checkpoint import Run, save  # noqa: E402
from bandwise.training.drift import largest_difference  # noqa: E402
from bandwise.training.export import data_fingerprint, export_run  # noqa: E402
from bandwise.training.fit_config import FitConfig  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.optimisers import make_optimisers  # noqa: E402
from bandwise.training.pruning import Pruning  # noqa: E402
from bandwise.training.quantise import quantise  # noqa: E402
from bandwise.training.step_graph import step_graph  # noqa: E402
from bandwise.training.trained import DATA_FACTS, trained  # noqa: E402
from bandwise.training.treble import TREBLE_SHIFT, TREBLE_SLOPE  # noqa: E402


def _network(size="toy", filter_units=0, filter_hints=0):
    """A network with loud random weights and a normalisation, so that no gate is idle."""
    torch.manual_seed(4)
    network = PercepNet(replace(SIZES[size], filter_units=filter_units, filter_hints=filter_hints))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.mul_(3)
        if network.filter:
            network.filter.patch.weight[:, INPUTS:].normal_(std=0.3)  # a fresh filter ignores hints
    network.normalise_like(7 + 5 * torch.randn(200, 70) * torch.rand(70))
    return network


@pytest.fixture
def run(tmp_path):
    """Folder of a run whose checkpoint holds the network above."""
    network = _network()
    optimisers = make_optimisers(network, weight_decay=0.0)
    rng = np.random.default_rng(0)
    state = Run(PercepNet(network.config), network, optimisers, Pruning(), rng)
    save(FitConfig(network=network.config, updates=1), state, tmp_path)
    return tmp_path


@pytest.mark.parametrize("sizes", [("toy",), ("small",), ("toy", 16), ("toy", 16, 3)])
def test_graph_equals_the_network_over_many_steps(tmp_path, sizes):
    """From random non-zero states on, 200 frames of random features: within 1e-4 (measured 2e-6)."""
    network = _network(*sizes)
    onnx.save(step_graph(network), tmp_path / "step.onnx")
    assert largest_difference(network, tmp_path / "step.onnx", steps=200) < 1e-4


def test_parity_test_notices_a_wrong_reset_gate(tmp_path):
    """The test above can fail: with b_h outside the reset gate (linear_before_reset=0) it is far off."""
    network = _network()
    wrong = PercepNet(network.config)
    wrong.load_state_dict(network.state_dict())
    units = network.config.gru
    with torch.no_grad():
        wrong.gru2.bias_ih_l0[2 * units :] += wrong.gru2.bias_hh_l0[2 * units :]
        wrong.gru2.bias_hh_l0[2 * units :] = 0
    onnx.save(step_graph(wrong), tmp_path / "step.onnx")
    assert largest_difference(network, tmp_path / "step.onnx", steps=200) > 1e-3


def test_graph_has_no_recurrent_operator_and_all_products_have_constant_weights():
    """What quantisation needs: MatMul only, each with an initialiser as second factor."""
    graph = step_graph(_network()).graph
    weights = {w.name for w in graph.initializer}
    products = [n for n in graph.node if n.op_type == "MatMul"]
    assert not {n.op_type for n in graph.node} & {"GRU", "Conv", "Gemm", "LSTM"}
    assert all(n.input[1] in weights for n in products)
    counted = sum(np.prod(w.dims) for w in graph.initializer if w.name.endswith("weight"))
    assert counted == sum(p.numel() for p in _network().parameters() if p.ndim > 1)


@pytest.mark.parametrize(("filter_units", "filter_hints"), [(0, 0), (16, 0), (16, 3)])
def test_interface_is_the_documented_one(filter_units, filter_hints):
    """In: features [1, 70] and states.  Out: gains, strengths [1, 34] and states of the same shapes.

    A deep filter also hears sound [25, 120], and gives taps [25, 48].
    """
    graph = step_graph(_network("toy", filter_units, filter_hints)).graph
    shapes = [
        {v.name: [d.dim_value for d in v.type.tensor_type.shape.dim] for v in side}
        for side in (graph.input, graph.output)
    ]
    assert shapes[0].pop("features") == [1, 70]
    assert shapes[1].pop("gains") == shapes[1].pop("strengths") == [1, 34]
    assert shapes[0].pop("sound", None) == ([25, 120] if filter_units else None)
    assert shapes[1].pop("taps", None) == ([25, 48] if filter_units else None)
    assert {name.removeprefix("state_"): s for name, s in shapes[0].items()} == {
        name.removeprefix("next_"): s for name, s in shapes[1].items()
    }


@pytest.mark.parametrize("hints", [0, 3])
def test_compiled_filter_estimates_as_onnx_runtime_does(tmp_path, hints):
    """The int8 file with a deep filter is one that we compile, and its estimates are those of ONNX Runtime.

    Not to the bit: there a whole table has one scale, here each place has its own.
    """
    network = _network("toy", 16, hints)
    onnx.save(step_graph(network), tmp_path / "float.onnx")
    quantise(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    content = (tmp_path / "int8.onnx").read_bytes()
    compiled = compiled_model(content)
    assert compiled is not None
    assert compiled.filters
    inputs, _ = room_for_estimates(1, 60, filters=True)
    rng = np.random.default_rng(0)
    inputs.features[:] = (
        network.feature_mean.numpy() + rng.standard_normal((60, 70)) / network.feature_scale.numpy()
    )
    inputs.features[..., 68:] = rng.uniform(-1, 1, (60, 2))  # a period there is, and how sure it is
    inputs.sound[:] = rng.uniform(-1, 1, inputs.sound.shape)
    ours, theirs = (room_for_estimates(1, 60, filters=True)[1] for _ in range(2))
    compiled.start(1, 60).estimate(inputs, 60, ours)
    SessionModel(content, "int8.onnx").start(1, 60).estimate(inputs, 60, theirs)
    errors, spread = ours.taps - theirs.taps, np.std(theirs.taps)
    assert np.sqrt(np.mean(errors**2)) < 0.1 * spread


@pytest.mark.parametrize(("int8", "tolerance"), [(False, 1e-4), (True, 0.2)])
def test_run_is_exported_with_its_facts(run, int8, tolerance):
    """The file of a run is close to its network and carries format, layout, configuration and data."""
    (run / DATA_FACTS).write_text(json.dumps({"sha256": "abc"}))
    drift = export_run([run], run / "out" / "model.onnx", int8=int8)
    assert drift < tolerance
    facts = {p.key: p.value for p in onnx.load(run / "out" / "model.onnx").metadata_props}
    assert json.loads(facts["network"])["gru"] == SIZES["toy"].gru
    assert [config["updates"] for config in json.loads(facts["training"])] == [1]
    assert json.loads(facts["training_data"]) == [{"sha256": "abc"}]
    assert [p.name for p in (run / "out").iterdir()] == ["model.onnx"]


def test_mean_of_a_run_and_itself_is_that_run(run):
    """Several runs go into one file, which names the configuration and, if known, the data of each."""
    files = []
    for runs in ([run], [run, run]):
        files.append(run / "out" / f"mean-of-{len(runs)}.onnx")
        export_run(runs, files[-1])
    one, two = (onnx.load(path) for path in files)
    assert [w.raw_data for w in one.graph.initializer] == [w.raw_data for w in two.graph.initializer]
    facts = {p.key: p.value for p in two.metadata_props}
    assert len(json.loads(facts["training"])) == 2
    assert json.loads(facts["training_data"]) == [None, None]


def test_a_file_takes_part_in_a_mean_with_its_history(run):
    """The mean of a run and of the file made of it is that run; the file's own facts go on."""
    export_run([run], run / "one.onnx", int8=False)
    drift = export_run([run / "one.onnx", run], run / "both.onnx", int8=False)
    assert drift < 1e-4
    first, second = (onnx.load(run / f"{name}.onnx") for name in ("one", "both"))
    for a, b in zip(first.graph.initializer, second.graph.initializer, strict=True):
        np.testing.assert_allclose(onnx.numpy_helper.to_array(a), onnx.numpy_helper.to_array(b), atol=1e-3)
    assert len(json.loads({p.key: p.value for p in second.metadata_props}["training"])) == 2


def test_graph_that_strays_is_not_written(run, monkeypatch):
    """If the graph disagreed with the network, export refuses and leaves nothing behind."""
    monkeypatch.setattr(exporting, "largest_difference", lambda *args: 0.5)
    with pytest.raises(BandwiseError, match="off the trained network"):
        export_run([run], run / "out" / "model.onnx")
    assert not list((run / "out").iterdir())


def test_missing_checkpoint_is_told(tmp_path):
    """A folder without a checkpoint is a one-line error."""
    with pytest.raises(BandwiseError, match="checkpoint"):
        export_run([tmp_path], tmp_path / "model.onnx")


def test_data_fingerprint_depends_on_names_and_contents(tmp_path):
    """It is the same for the same shards and differs when one changes or is renamed."""
    prints = []
    for name, content in (("shard-1.npy", b"a"), ("shard-1.npy", b"b"), ("shard-2.npy", b"b")):
        folder = tmp_path / f"{len(prints)}"
        folder.mkdir()
        (folder / name).write_bytes(content)
        prints.append(data_fingerprint(folder))
        assert data_fingerprint(folder) == prints[-1]
    assert len(set(prints)) == 3


def test_weight_limit_is_part_of_the_facts():
    """A limited network says so in its file, for the card."""
    network = PercepNet(replace(SIZES["toy"], weight_limit=0.5))
    facts = {p.key: p.value for p in step_graph(network).metadata_props}
    assert json.loads(facts["network"])["weight_limit"] == 0.5


@pytest.mark.parametrize("name", ["small", Path("small")])
def test_a_network_that_ships_is_known_by_its_name(name):
    """The command line hands names over as paths."""
    assert trained(name).network.config == trained("small").network.config


def test_decided_treble_is_exported_and_told(run):
    """Gains of the file are steeper from band 24 up; read back, it is the network that was trained."""
    files = [run / f"{name}.onnx" for name in ("plain", "decided")]
    for path in files:
        export_run([run], path, int8=False, decided_treble=path.stem == "decided")
    features = np.linspace(-3, 3, 70, dtype=np.float32)
    plain, decided = (Network(path).step(features)[0].astype(np.float64) for path in files)
    logits = np.log(plain / (1 - plain))[24:]
    doubtful = np.abs(logits) < 5
    expected = 1 / (1 + np.exp(-(TREBLE_SLOPE * logits + TREBLE_SHIFT)))
    assert doubtful.any()
    assert np.allclose(decided[24:][doubtful], expected[doubtful], atol=1e-4)
    assert np.allclose(decided[:24], plain[:24], atol=1e-6)
    bias = trained(run).network.gains_head.bias
    assert torch.allclose(trained(files[1]).network.gains_head.bias, bias, atol=1e-5)


def test_several_runs_are_exported_as_their_mean(run, tmp_path):
    """The file of two runs whose last biases are apart has the bias half way."""
    apart = _network()
    with torch.no_grad():
        apart.strengths_head.bias += 1
    state = Run(apart, apart, make_optimisers(apart, weight_decay=0.0), Pruning(), np.random.default_rng(0))
    (tmp_path / "other").mkdir()
    save(FitConfig(network=apart.config, updates=1), state, tmp_path / "other")
    export_run([run, tmp_path / "other"], tmp_path / "mean.onnx", int8=False)
    mean = trained(tmp_path / "mean.onnx").network.strengths_head.bias
    assert torch.allclose(mean, trained(run).network.strengths_head.bias + 0.5, atol=1e-5)


@pytest.mark.parametrize(
    ("out", "says"), [("mine.onnx", "is an input"), ("song.wav", "an .onnx file"), (".", "an .onnx file")]
)
def test_nothing_but_a_network_is_replaced_by_a_network(tmp_path, monkeypatch, out, says):
    """Neither what is exported, nor a recording by a slip of the hand."""
    monkeypatch.chdir(tmp_path)
    for name in ("mine.onnx", "song.wav"):
        Path(name).write_bytes(b"precious")
    with pytest.raises(BandwiseError, match=says):
        export([Path("mine.onnx")], Path(out))
    assert [Path(name).read_bytes() for name in ("mine.onnx", "song.wav")] == [b"precious"] * 2
