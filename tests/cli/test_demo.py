"""`bandwise demo`: one command that shows the main job."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandwise.apps.demo import SNR_DB, VOICE_SEED, make_clip, report
from bandwise.apps.report import Outcome
from bandwise.measure.voices import synthesise

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


def test_clip_has_the_ratio_of_voice_to_noise_that_is_stated():
    """5 dB between the voice and what was added to it."""
    x, voice = make_clip(4.0), synthesise(VOICE_SEED, 4.0)[0]
    scale = np.dot(x, voice) / np.dot(voice, voice)
    assert 20 * np.log10(np.std(voice) / np.std(x / scale - voice)) == pytest.approx(SNR_DB, abs=0.5)


def test_report_says_what_was_measured():
    """Load in percent of a core, speed as times of real time."""
    outcome = Outcome("a.wav", "b.wav", seconds=3.0, sample_rate=8_000, channels=2, cpu_load=0.125)
    told = report(replace(outcome, real_time_factor=0.04, elapsed_seconds=0.12), Path("p.png"), [30.0, 40.0])
    assert "before   a.wav (3.0 s, 8000 Hz, 2 channels)" in told
    assert "cost     12.5 % of one core in real time; this run took 0.1 s, 25 x real time" in told


def test_demo_takes_the_network_that_is_named(noisy, tmp_path):
    """One that is not there is told."""
    assert "only base is known here" in failed(call("demo", noisy, "-o", tmp_path / "d", "--model", "mine"))


def test_a_pipe_is_refused(tmp_path):
    """It is read twice: once to be cleaned, once for the picture."""
    assert "a file is needed" in failed(call("demo", "-", "-o", tmp_path / "out"))
    assert not (tmp_path / "out").exists()
