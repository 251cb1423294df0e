"""int8 weights: size, drift, and the register of checksums."""

import hashlib
import json
import logging
from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from bandwise.training.drift import largest_difference  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.quantise import KEPT_IN_FLOAT, checksum, quantise, register_checksum  # noqa: E402
from bandwise.training.step_graph import step_graph  # noqa: E402


@pytest.fixture
def files(tmp_path):
    """A network, its float32 file and where the int8 one goes."""
    torch.manual_seed(2)
    network = PercepNet(SIZES["small"])
    onnx.save(step_graph(network), tmp_path / "float.onnx")
    return network, tmp_path / "float.onnx", tmp_path / "int8.onnx"


@pytest.mark.parametrize("reduce_range", [False, True])
def test_int8_is_a_quarter_of_the_size_and_close(files, reduce_range):
    """The file shrinks below 0.3 and the outputs stay within 0.02 of the network (random weights)."""
    network, source, target = files
    quantise(source, target, reduce_range=reduce_range)
    assert target.stat().st_size < 0.3 * source.stat().st_size
    assert largest_difference(network, target, steps=200) < 0.02


def test_every_product_is_quantised_but_the_named_ones(tmp_path):
    """No float MatMul is left except those by name; weights are int8 with a scale per output."""
    network = PercepNet(replace(SIZES["toy"], filter_units=16, filter_hints=2))
    onnx.save(step_graph(network), tmp_path / "float.onnx")
    quantise(tmp_path / "float.onnx", tmp_path / "int8.onnx")
    graph = onnx.load(tmp_path / "int8.onnx").graph
    left = [n.name for n in graph.node if n.op_type == "MatMul"]
    assert sorted(left) == sorted(KEPT_IN_FLOAT)
    weights = {w.name: w for w in graph.initializer}
    for node in graph.node:
        if node.op_type == "MatMulInteger":
            weight = weights[node.input[1]]
            scale = weights[node.input[1].removesuffix("_quantized") + "_scale"]
            assert weight.data_type == onnx.TensorProto.INT8
            assert list(scale.dims) == [weight.dims[1]]


def test_reduced_range_holds_weights_to_seven_bits(files):
    """With reduce_range no weight is beyond 64, so that pairs of products fit 16 bits on any x86."""
    _, source, target = files
    quantise(source, target, reduce_range=True)
    integers = [w for w in onnx.load(target).graph.initializer if w.name.endswith("weight_quantized")]
    assert integers
    assert max(np.abs(onnx.numpy_helper.to_array(w).astype(int)).max() for w in integers) <= 64


def test_facts_survive_quantisation(files):
    """Metadata is the same before and after."""
    _, source, target = files
    quantise(source, target)
    before, after = ({p.key: p.value for p in onnx.load(f).metadata_props} for f in (source, target))
    assert before.items() <= after.items()


def test_published_network_fits_ten_megabytes(tmp_path):
    """The 8 million weights of the base size make an int8 file under 10 MB."""
    onnx.save(step_graph(PercepNet()), tmp_path / "base.onnx")
    quantise(tmp_path / "base.onnx", tmp_path / "base.onnx")
    assert (tmp_path / "base.onnx").stat().st_size < 10e6


def test_register_keeps_other_entries(tmp_path):
    """A checksum is SHA-256; entering one leaves the others and replaces an old one of the same name."""
    (tmp_path / "checksums.json").write_text(json.dumps({"other": "1", "base": "old"}))
    (tmp_path / "base.onnx").write_bytes(b"abc")
    assert checksum(tmp_path / "base.onnx") == hashlib.sha256(b"abc").hexdigest()
    register = register_checksum(tmp_path / "base.onnx")
    assert json.loads(register.read_text()) == {"other": "1", "base": checksum(tmp_path / "base.onnx")}


def test_other_messages_are_left_alone(files, caplog):
    """What is kept quiet while a network is quantised is not kept quiet for good."""
    _, source, target = files
    quantise(source, target)
    logging.getLogger().warning("some pre-processing of somebody else's")
    assert "pre-processing" in caplog.text
