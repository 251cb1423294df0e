"""The compiled int8 network: exact sums, rows that never mix, the estimates of ONNX Runtime."""

import numpy as np
import pytest

from bandwise.suppress import activations, int8
from bandwise.suppress.compiled import compiled_model
from bandwise.suppress.estimates import room_for_estimates
from bandwise.suppress.network import Network, model_content, model_names
from bandwise.suppress.onnx_file import read_model
from bandwise.suppress.session import SessionModel


def features(channels, frames, seed=0):
    """Features spread as those of the shipped network's training data are."""
    weights, _ = read_model(model_content("base")[0])
    rng = np.random.default_rng(seed)
    return (weights["feature_mean"] + rng.standard_normal((channels, frames, 70))).astype(np.float32)


def estimated(network, x, group=None, *, filters=None):
    """All estimates for features [channels, frames, 70], `group` frames at a time, [channels, frames, any].

    A deep filter is given the same in all channels.
    """
    inputs, estimates = room_for_estimates(
        *x.shape[:2], filters=network.filters if filters is None else filters
    )
    inputs.features[:] = x
    inputs.sound[:] = np.random.default_rng(5).standard_normal(inputs.sound.shape[1:])
    step = group or x.shape[1]
    for start in range(0, x.shape[1], step):
        some = [type(tables)(*(t[:, start : start + step] for t in tables)) for tables in (inputs, estimates)]
        network.estimate(some[0], some[0].features.shape[1], some[1])
    return np.concatenate([t.reshape(*x.shape[:2], -1) for t in estimates if t.size], axis=2)


def without_tiles(weights, share, rng):
    """The weights [inputs, outputs] with about `share` of all tiles, 4 inputs by 16 outputs, set to zero."""
    inputs, outputs = weights.shape
    kept = rng.random((-(-inputs // 4), -(-outputs // 16))) >= share
    return weights * np.kron(kept, np.ones((4, 16), np.int8))[:inputs, :outputs]


def rounded(x, codes):
    """One row to its codes; the scale and the zero that they have."""
    ranges = np.empty((3, 1), np.float32)
    int8.quantise(x[None], codes[None], ranges)
    return ranges[0, 0], int(ranges[2, 0])


@pytest.mark.parametrize(
    ("inputs", "outputs", "rows"), [(512, 1536, 1), (72, 34, 5), (13, 65, 15), (16, 1, 9)]
)
@pytest.mark.parametrize("share", [0.0, 0.7, 1.0])
def test_products_are_exact_sums_of_codes(inputs, outputs, rows, share):
    """Every product equals that of NumPy in whole numbers, whatever the sizes and however many zeros."""
    rng = np.random.default_rng(inputs)
    weights = without_tiles(rng.integers(-128, 128, (inputs, outputs)).astype(np.int8), share, rng)
    bias = rng.standard_normal(outputs).astype(np.float32)
    layer = int8.pack(weights, np.ones(outputs, np.float32), bias)
    x, out = rng.uniform(-1, 1, (rows, inputs)).astype(np.float32), np.empty((rows, outputs), np.float32)
    int8.affine(x, layer, out)
    for row, got in zip(x, out, strict=True):
        codes = np.zeros(inputs, np.uint8)
        scale, zero = rounded(row, codes)
        exact = (codes.astype(np.int64) - zero) @ weights.astype(np.int64)
        assert np.array_equal(got, exact.astype(np.float32) * np.float32(scale) + bias)


def test_zero_tiles_are_not_stored():
    """A layer takes as many bytes as it has tiles with weights, but for those that fill up four at once."""
    rng = np.random.default_rng(3)
    weights = without_tiles(np.ones((256, 128), np.int8), 0.75, rng)
    tiles = weights.reshape(64, 4, 8, 16).any(axis=(1, 3)).sum()
    stored = int8.pack(weights, np.ones(128, np.float32), None).tiles
    assert tiles <= len(stored) <= tiles + 3 * 8
    assert np.count_nonzero(stored) == np.count_nonzero(weights)


def test_extremes_are_those_of_the_numbers_and_zero():
    """Numbers of all sizes and both signs, infinite ones too, come in the order that NumPy finds."""
    rng = np.random.default_rng(2)
    numbers = np.concatenate([[np.inf, -np.inf, -0.0, 0.0], *rng.standard_normal((3, 9)) ** [[1], [9], [99]]])
    numbers = np.append(numbers, np.float32(1e-45)).astype(np.float32)
    for _ in range(50):
        some = rng.choice(numbers, rng.integers(1, 20))
        assert int8.extremes(some) == (min(some.min(), 0), max(some.max(), 0))


@pytest.mark.parametrize("kind", ["both signs", "positive", "negative", "zero"])
def test_codes_stand_for_their_values(kind):
    """Back from codes, scale (code - zero) is within half a step of the value, and zero is met exactly."""
    x = np.random.default_rng(1).uniform(-1, 1, 77).astype(np.float32)
    x = {"both signs": x, "positive": np.abs(x), "negative": -np.abs(x), "zero": 0 * x}[kind]
    x[5] = 0.0
    codes = np.zeros(80, np.uint8)
    scale, zero = rounded(x, codes)
    meant = scale * (codes[:77].astype(np.float32) - zero)
    assert np.max(np.abs(meant - x)) <= 0.51 * scale
    assert meant[5] == 0.0


def test_activations_are_close_to_the_true_ones():
    """Tanh and sigmoid differ from those of NumPy in double precision by less than 4e-7 everywhere."""
    x = np.linspace(-30, 30, 20_001).astype(np.float32)
    exact = x.astype(np.float64)
    tanh = np.array([activations.tanh(v) for v in x])
    sigmoid = np.array([activations.sigmoid(v) for v in x])
    assert np.max(np.abs(tanh - np.tanh(exact))) < 4e-7
    assert np.max(np.abs(sigmoid - 1 / (1 + np.exp(-exact)))) < 4e-7


def test_fraction_of_tanh_is_the_best_of_its_kind():
    """Its error is below 4e-8 and swings between peaks of about one height, as that of a best fit does."""
    x = 9.0 * np.sin(np.pi / 2 * (np.arange(2_000) + 0.5) / 2_000)
    top, bottom = (
        np.polyval(activations.NUMERATOR[::-1], x**2),
        np.polyval(activations.DENOMINATOR[::-1], x**2),
    )
    error = np.abs(x * top / bottom / np.tanh(x) - 1)
    peaks = error[1:-1][(error[1:-1] > error[:-2]) & (error[1:-1] > error[2:])]
    assert error.max() < 4e-8
    assert len(peaks) >= 8
    assert np.sort(peaks)[-6:].min() > error.max() / 4


@pytest.mark.parametrize("group", [1, 3, 16])
def test_frames_may_come_in_any_groups(group):
    """The bits do not depend on how many frames are asked for at once."""
    x = features(1, 16)
    assert np.array_equal(estimated(Network("base", 1, 16), x, group), estimated(Network("base", 1, 16), x))


def test_channels_side_by_side_are_channels_alone():
    """Five channels at once get the very bits that each gets alone."""
    x = features(5, 12)
    together = estimated(Network("base", 5, 12), x)
    for channel in range(5):
        alone = estimated(Network("base", 1, 12), x[channel : channel + 1])
        assert np.array_equal(together[channel], alone[0])


@pytest.mark.parametrize("name", model_names())
def test_estimates_are_those_of_onnx_runtime(name):
    """Over 100 frames the same file in ONNX Runtime says the same, but for codes on the edge of two.

    Bands and taps each differ by less than a hundredth of what they spread over.
    """
    content, source = model_content(name)
    x = features(1, 100)
    network, runtime = Network(name, 1, 100), SessionModel(content, source)
    ours = estimated(network, x)
    theirs = estimated(runtime.start(1, 100), x, filters=runtime.filters)
    assert ours.shape == theirs.shape == (1, 100, 68 + 25 * 48)
    for part in (slice(68), slice(68, None)):
        errors, spread = (ours - theirs)[..., part], np.std(ours[..., part])
        assert np.sqrt(np.mean(errors**2)) < 0.01 * spread
        assert spread > 0.05


def test_shipped_network_is_compiled():
    """The shipped file is recognised, and a file with another weight is not."""
    content, _ = model_content("base")
    assert compiled_model(content) is not None
    assert compiled_model(content.replace(b"gru1.bias_n", b"gru1.bias_m")) is None
    assert compiled_model(b"RIFF" + bytes(100)) is None


def test_weights_are_read_as_onnx_reads_them():
    """Names, shapes and values of every float32 and int8 weight, and the facts, equal those of `onnx`."""
    onnx = pytest.importorskip("onnx")
    content, _ = model_content("base")
    ours, facts = read_model(content)
    model = onnx.load_model_from_string(content)
    theirs = {w.name: onnx.numpy_helper.to_array(w) for w in model.graph.initializer if w.data_type in (1, 3)}
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    assert facts == {fact.key: fact.value for fact in model.metadata_props}
