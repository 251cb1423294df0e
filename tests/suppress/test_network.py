"""The run-time network: states between frames, and models that cannot be used."""

import hashlib
import json

import numpy as np
import pytest

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.suppress import network as module
from bandwise.suppress.features import LAYOUT_VERSION as FEATURE_LAYOUT
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.network import BAND_FORMAT, Network

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def _accumulator(**facts):
    """A graph whose state sums all features; gains are 34 of the sums, strengths the new features."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    sizes = {"from": 0, "to": BANDS, "axis": 1}
    nodes = [
        helper.make_node("Add", ["state_sum", "features"], ["next_sum"]),
        helper.make_node("Slice", ["next_sum", "from", "to", "axis"], ["gains"]),
        helper.make_node("Slice", ["features", "from", "to", "axis"], ["strengths"]),
    ]
    inputs = {"features": FEATURES, "state_sum": FEATURES}
    outputs = {"gains": BANDS, "strengths": BANDS, "next_sum": FEATURES}
    graph = helper.make_graph(
        nodes,
        "accumulator",
        [helper.make_tensor_value_info(name, kind, [1, size]) for name, size in inputs.items()],
        [helper.make_tensor_value_info(name, kind, [1, size]) for name, size in outputs.items()],
        [onnx.numpy_helper.from_array(np.array([v], np.int64), name) for name, v in sizes.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"format": BAND_FORMAT, "feature_layout": str(FEATURE_LAYOUT), **facts})
    return model


@pytest.fixture
def accumulator(tmp_path):
    """Path of the graph above."""
    onnx.save(_accumulator(), tmp_path / "accumulator.onnx")
    return tmp_path / "accumulator.onnx"


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A models folder of our own with the graph above under the name `sum`."""
    content = _accumulator().SerializeToString()
    (tmp_path / "sum.onnx").write_bytes(content)
    register = {"sum": hashlib.sha256(content).hexdigest()}
    (tmp_path / "checksums.json").write_text(json.dumps(register))
    monkeypatch.setattr(module.resources, "files", lambda package: tmp_path)
    return tmp_path


def test_states_are_carried_from_frame_to_frame(accumulator):
    """After each of five frames the sum is that of all frames so far: both state buffers are in use."""
    network = Network(accumulator)
    frames = np.random.default_rng(0).standard_normal((5, FEATURES)).astype(np.float32)
    for count, frame in enumerate(frames, 1):
        gains, strengths = network.step(frame)
        assert np.allclose(gains, frames[:count, :BANDS].sum(axis=0), atol=1e-5)
        assert np.array_equal(strengths, frame[:BANDS])


@pytest.mark.parametrize("frames", [1, 2, 3])
def test_reset_forgets_everything(accumulator, frames):
    """After a reset the next output is that of a fresh network, whichever buffer was current."""
    network = Network(accumulator)
    for _ in range(frames):
        network.step(np.ones(FEATURES, np.float32))
    network.reset()
    for expected in (1, 2):
        assert np.array_equal(network.step(np.ones(FEATURES, np.float32))[0], np.full(BANDS, expected))


def test_networks_of_one_file_share_weights_but_not_states(accumulator):
    """Two channels use one runtime session; frames of one are not heard by the other."""
    left, right = Network(accumulator), Network(accumulator)
    assert left.model is right.model
    left.step(np.full(FEATURES, 5, np.float32))
    assert np.array_equal(right.step(np.ones(FEATURES, np.float32))[0], np.ones(BANDS))


def test_states_can_be_set_by_name(accumulator):
    """A state set to a value is what the next frame starts from."""
    network = Network(accumulator)
    network.set_states({"sum": np.full(FEATURES, 7, np.float32)})
    assert np.array_equal(network.step(np.ones(FEATURES, np.float32))[0], np.full(BANDS, 8))


def test_outputs_of_an_earlier_file_survive_the_network(accumulator):
    """The buffers that the runtime writes to live as long as the network: many short ones do no harm."""
    results = [Network(accumulator).step(np.full(FEATURES, k, np.float32))[0].copy() for k in range(20)]
    assert [result[0] for result in results] == list(range(20))


def test_shipped_model_loads_by_name(shipped):
    """A registered name is found in the models folder and listed."""
    assert module.model_names() == ["sum"]
    assert Network("sum").step(np.ones(FEATURES, np.float32))[0].max() == 1


def test_damaged_model_is_refused(shipped):
    """One flipped byte in a shipped file is caught by its checksum."""
    content = bytearray((shipped / "sum.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (shipped / "sum.onnx").write_bytes(content)
    with pytest.raises(BandwiseError, match=r"damaged.*checksum.*install"):
        Network("sum")


def test_missing_file_of_a_shipped_model_is_a_damage_too(shipped):
    """A registered name whose file is gone is refused in the same way."""
    (shipped / "sum.onnx").unlink()
    with pytest.raises(BandwiseError, match="damaged"):
        Network("sum")


def test_unknown_name_lists_the_known_ones(shipped):
    """The message says what came and what would do."""
    with pytest.raises(BandwiseError, match=r"'bass'.*sum.*path"):
        Network("bass")


def test_file_that_is_no_network_is_refused(tmp_path):
    """Any other file given as path is a one-line error."""
    (tmp_path / "song.wav").write_bytes(b"RIFF" + bytes(100))
    with pytest.raises(BandwiseError, match=r"song\.wav.*ONNX"):
        Network(tmp_path / "song.wav")


@pytest.mark.parametrize("facts", [{"format": "0"}, {"feature_layout": "99"}])
def test_network_of_another_layout_is_refused(tmp_path, facts):
    """A file made for other features or states does not run by accident."""
    onnx.save(_accumulator(**facts), tmp_path / "old.onnx")
    kept = []  # an error that somebody holds keeps alive what was on the way when it was raised
    for _ in range(2):
        with pytest.raises(BandwiseError, match="export") as error:
            Network(tmp_path / "old.onnx")
        kept.append(error)


@pytest.fixture
def altered(tmp_path):
    """A function that writes the small network with one weight changed, and returns its path."""

    def write(name, change):
        model = onnx.load_from_string(module.model_content("small")[0])
        weight = next(each for each in model.graph.initializer if each.name == name)
        weight.CopyFrom(onnx.numpy_helper.from_array(change(onnx.numpy_helper.to_array(weight)), name))
        onnx.save(model, tmp_path / "altered.onnx")
        return tmp_path / "altered.onnx"

    return write


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("feature_mean", lambda x: np.zeros(100_000, np.float32)),
        ("dense.bias", lambda x: x[:-8]),
        ("filter.place", lambda x: x[:10]),
        ("from_gru1.weight_quantized", lambda x: x[:64]),
        ("from_gru1.weight_scale", lambda x: x[:-1]),
        ("filter.taps.bias", lambda x: np.append(x, x)),
        ("gains.bias_n", lambda x: x * np.float32(np.nan)),
        ("convolution1.weight_quantized", lambda x: x[:-1]),
        ("convolution1.weight_quantized", lambda x: np.squeeze(x[:1, :1])),
        ("dense.bias", lambda x: x[:0]),
        ("convolution1.bias", lambda x: x[:0]),
        ("filter.place", lambda x: np.squeeze(x[:1, :1])),
    ],
)
def test_weights_that_do_not_fit_each_other_are_refused(altered, name, change):
    """Compiled code would read beyond them, or answer nonsense; the message names the file."""
    with pytest.raises(BandwiseError, match="altered"):
        Network(altered(name, change))


def test_a_graph_with_other_inputs_is_refused(tmp_path):
    """A network that says it is of this version, and is not, is told before the first frame."""
    model = _accumulator()
    model.graph.input[0].type.tensor_type.shape.dim[1].dim_value = FEATURES + 1
    model.graph.input[1].type.tensor_type.shape.dim[1].dim_value = FEATURES + 1
    onnx.save(model, tmp_path / "wide.onnx")
    with pytest.raises(BandwiseError, match="wide"):
        Network(tmp_path / "wide.onnx")


def test_a_number_without_an_end_is_no_network(tmp_path):
    """It is not read to its end, which would take hours."""
    path = tmp_path / "damaged.onnx"
    path.write_bytes(b"\xff" * 2_000_000)
    with pytest.raises(BandwiseError, match="damaged"):
        Network(path)
