"""Copies go on by themselves, and threads take turns."""

import copy
import pickle
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.store import load_preset

COPIES = {"copy": copy.copy, "deepcopy": copy.deepcopy}
COPIES["pickle"] = lambda each: pickle.loads(pickle.dumps(each))  # noqa: S301

TWO_THREADS = """
import threading, time
import numpy as np
from dataclasses import replace
from bandwise import MultibandDynamics
from bandwise.dynamics.store import load_preset

many = load_preset("voice")
few = replace(many, cutoffs_hz=(), bands=many.bands[:1])
processor, bad = MultibandDynamics(many), []
until = time.monotonic() + 3.0

def play():
    x = np.full(480, 0.1, np.float32)
    while time.monotonic() < until:
        bad.append(not np.abs(processor.process(x)).max() <= 1.0)

thread = threading.Thread(target=play)
thread.start()
while time.monotonic() < until:
    processor.update(few)
    processor.update(many)
    processor.gain_reduction_db
thread.join()
assert bad and not any(bad)
"""


@pytest.fixture
def on_the_way():
    """A processor whose bands are just becoming fewer, and noise to go on with."""
    x = (0.3 * np.random.default_rng(0).standard_normal(20_000)).astype(np.float32)
    settings = load_preset("voice")
    processor = MultibandDynamics(settings)
    processor.process(x)
    processor.update(replace(settings, cutoffs_hz=settings.cutoffs_hz[:1], bands=settings.bands[:2]))
    processor.process(x[:777])
    return processor, x


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_goes_on_with_the_same_bits(copied, on_the_way):
    """A copy made in the middle of a change gives what the original gives."""
    processor, x = on_the_way
    np.testing.assert_array_equal(copied(processor).process(x), processor.process(x))


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_leaves_the_original_alone(copied, on_the_way):
    """What a copy hears and is told changes nothing in the original, nor the other way round."""
    processor, x = on_the_way
    twin = copied(processor)
    other = copied(processor)
    other.update(replace(other.settings, output_gain_db=-20.0))
    quiet = other.process(x)
    loud = processor.process(x)
    np.testing.assert_array_equal(twin.process(x), loud)
    assert np.std(quiet[-4_800:]) < 0.2 * np.std(loud[-4_800:])


def test_one_thread_may_change_what_another_plays():
    """Bands come and go in one thread while another processes: nothing breaks, and all stays in range."""
    done = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
