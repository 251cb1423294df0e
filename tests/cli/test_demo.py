"""`bandwise demo`: one command that shows the main job."""

import re

import numpy as np
import pytest
import soundfile

from bandwise.apps.demo import make_clip

from .calling import call, failed

pytest.importorskip("matplotlib")
pytest.importorskip("scipy")


def test_demo_makes_its_own_clip(tmp_path):
    """Without arguments: a clip, its enhancement, a picture, cost and latency."""
    done = call("demo", "-o", tmp_path / "demo")
    assert done.returncode == 0, done.stderr.decode()
    made = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert made == ["demo-before-after.png", "demo-enhanced.wav", "demo-noisy.wav"]
    told = done.stdout.decode()
    assert re.search(r"cost +[\d.]+ % of one core", told)
    assert "latency  30.0 ms in blocks of 10 ms, 40.0 ms in blocks of any size" in told


def test_demo_takes_a_recording(tmp_path, noisy):
    """With a path that recording is enhanced, and only read."""
    before = noisy.read_bytes()
    done = call("demo", noisy, "-o", tmp_path / "demo")
    assert done.returncode == 0, done.stderr.decode()
    made = sorted(path.name for path in (tmp_path / "demo").iterdir())
    assert made == ["demo-before-after.png", "demo-enhanced.wav"]
    assert soundfile.info(tmp_path / "demo" / "demo-enhanced.wav").frames == soundfile.info(noisy).frames
    assert noisy.read_bytes() == before


def test_demo_of_nothing_is_one_line(tmp_path):
    """A wrong path is told like everywhere else."""
    done = call("demo", tmp_path / "none.wav", "-o", tmp_path / "demo")
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)


def test_clip_is_the_same_everywhere_and_as_noisy_as_it_says():
    """Deterministic, within full scale, with pauses in which only the noise is heard."""
    x = make_clip(4.0)
    assert np.array_equal(x, make_clip(4.0))
    assert np.max(np.abs(x)) <= 0.9
    level = np.sqrt(np.mean(x[: len(x) // 480 * 480].reshape(-1, 480) ** 2, axis=1))
    assert np.percentile(level, 95) > 3 * np.percentile(level, 5)


def test_demo_leaves_its_input_alone(tmp_path, noisy):
    """Also one that has the name of what it makes."""
    own = noisy.rename(tmp_path / "demo-enhanced.wav")
    before = own.read_bytes()
    assert "its own output" in failed(call("demo", own, "-o", tmp_path))
    assert own.read_bytes() == before
