"""Copies of a suppressor go on by themselves."""

import copy
import pickle

import numpy as np
import pytest
from networks import constant_network
from suppress_signals import noise

from bandwise import NoiseSuppressor

COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda each: pickle.loads(pickle.dumps(each))}  # noqa: S301


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize(("rate", "channels"), [(48_000, 2), (16_000, 1)])
def test_a_copy_goes_on_with_the_same_bits(copied, rate, channels):
    """What a copy in the middle of a hop gives is what the original gives, whichever goes on first."""
    suppressor = NoiseSuppressor(rate, channels, "small")
    x = np.stack([noise(20_000, seed) for seed in range(channels)], axis=1)
    suppressor.process(x[:7_777])
    first, second = copied(suppressor), copied(suppressor)
    np.testing.assert_array_equal(first.gains, suppressor.gains)
    ahead = first.process(x)
    np.testing.assert_array_equal(suppressor.process(x), ahead)
    np.testing.assert_array_equal(second.process(x), ahead)


def test_a_copy_with_a_network_of_its_own(tmp_path):
    """A network in a file, which another runtime computes, is copied as well."""
    pytest.importorskip("onnx")
    path = tmp_path / "half.onnx"
    constant_network(path, 0.5, 0.0)
    suppressor, x = NoiseSuppressor(model=path), noise(9_600)
    suppressor.process(x)
    twin = copy.deepcopy(suppressor)
    np.testing.assert_array_equal(twin.process(x), suppressor.process(x))


def test_a_pickle_holds_no_weights():
    """The past of a channel is a tenth of a megabyte, the weights of the network are nine."""
    assert len(pickle.dumps(NoiseSuppressor())) < 300_000
