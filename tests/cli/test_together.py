"""Several files in one processor: each comes out as if it were alone."""

import numpy as np
import pytest
import soundfile

from bandwise import NoiseSuppressor
from bandwise.apps.jobs import Job
from bandwise.apps.together import grouped, run_together
from bandwise.stream import HopProcessor, whole

from .calling import call
from .standin import Half

LENGTHS = [1, 479, 24_000, 30_001]


def noise(frames, channels=1, seed=0):
    """White noise at -12 dB, 16-bit steps."""
    return np.random.default_rng(seed).integers(-8_000, 8_000, (frames, channels)).astype(np.int16)


@pytest.fixture
def jobs(tmp_path):
    """Files of four lengths, one of them stereo, and where to put them."""
    made = []
    for index, frames in enumerate(LENGTHS):
        path = tmp_path / f"{index}.wav"
        soundfile.write(path, noise(frames, 1 + (index == 2), index), 48_000)
        made.append(Job(str(path), str(tmp_path / "out" / path.name)))
    return made


def make_half(sample_rate, channels):
    """A delay that halves the sound."""
    return HopProcessor(Half, sample_rate, channels)


def test_files_together_are_files_alone(jobs):
    """With the network that ships, every file gets the very samples that it gets alone."""
    outcomes = run_together(jobs, NoiseSuppressor)
    assert [outcome.status for outcome in outcomes] == ["done"] * 4
    for job in jobs:
        x, _ = soundfile.read(job.source, dtype="int16")
        y, _ = soundfile.read(job.target, dtype="int16")
        alone = NoiseSuppressor(channels=1 if x.ndim == 1 else x.shape[1])
        assert np.array_equal(y, whole(alone, x))


def test_a_bad_file_ends_alone(jobs, tmp_path):
    """One that stops in the middle and one that cannot be written fail; the others are done."""
    content = (tmp_path / "3.wav").read_bytes()
    (tmp_path / "3.wav").write_bytes(content[:20_000])
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "1.wav").mkdir()
    outcomes = run_together(jobs, make_half)
    assert [outcome.status for outcome in outcomes] == ["done", "failed", "done", "failed"]
    assert "truncated" in outcomes[3].error
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["0.wav", "1.wav", "2.wav"]


def test_a_processor_that_cannot_be_made_fails_its_files_alone(noisy, tmp_path):
    """Two files of a rate that nothing can process among good ones: they are told, the others are done."""
    folder, out = tmp_path / "in", tmp_path / "out"
    for name, rate in {"a": 4_000, "b": 4_000, "c": 48_000, "d": 48_000}.items():
        folder.mkdir(exist_ok=True)
        soundfile.write(folder / f"{name}.wav", noise(4_800), rate)
    done = call("enhance", folder, "-o", out)
    assert done.returncode == 2
    assert done.stderr.decode().count("got a sample rate of 4000 Hz") == 2
    assert sorted(path.name for path in out.iterdir()) == ["c.wav", "d.wav"]


def test_interrupts_leave_nothing_behind(jobs, tmp_path):
    """When the run is broken off, no file and no part of one stays."""

    class Breaking(Half):
        def process_hops(self, hops):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_together(jobs, lambda rate, channels: HopProcessor(Breaking, rate, channels))
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


def test_groups_share_a_rate_and_a_length(jobs, tmp_path):
    """Files of one rate are sorted by length; other rates, unreadable files and pipes stay apart."""
    soundfile.write(tmp_path / "slow.wav", noise(100), 16_000)
    (tmp_path / "bad.wav").write_text("not audio")
    others = [Job(str(tmp_path / name), "x") for name in ("slow.wav", "bad.wav")] + [Job("-", "-")]
    groups = grouped([*others, *reversed(jobs)], 3)
    assert [[job.source.rsplit("/", 1)[-1] for job in group] for group in groups] == [
        ["bad.wav"],
        ["-"],
        ["slow.wav"],
        ["0.wav", "1.wav", "2.wav"],
        ["3.wav"],
    ]
    assert grouped(jobs, 1) == [[job] for job in jobs]
