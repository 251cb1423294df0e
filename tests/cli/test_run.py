"""What a run over files makes of its options, and what it tells, in this process."""

import io
import json
import os
import subprocess
import sys
import warnings
from functools import partial
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

import bandwise
from bandwise.apps import cli, enhance
from bandwise.apps.cli import app
from bandwise.apps.jobs import Job
from bandwise.apps.run import process_files
from bandwise.apps.run_file import excerpt, run_job
from bandwise.apps.run_options import RunOptions
from bandwise.apps.together import grouped, run_together
from bandwise.errors import BandwiseError
from bandwise.stream import BlockProcessor

from .calling import command, environment, read, sound
from .standin import make_half


@pytest.fixture(autouse=True)
def _half(monkeypatch):
    """Stand in for the network."""
    monkeypatch.setattr(enhance, "make_suppressor", make_half)


def run(*arguments):
    """The command as a user types it."""
    return CliRunner().invoke(app, list(map(str, arguments)))


@pytest.fixture
def folder(tmp_path):
    """Two files of one rate, which are worked on side by side, the second in stereo and twice as long."""
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "a.wav", sound(4_800), 48_000)
    soundfile.write(tmp_path / "in" / "b.wav", sound(9_600, 2), 48_000)
    return tmp_path / "in"


def rows_of(done):
    """What --json told."""
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_file_of_a_folder_gets_its_facts_and_its_share_of_the_time(folder, tmp_path):
    """As a file alone does; the time of all is shared by length and channels."""
    a, b = rows_of(run("enhance", folder, "-o", tmp_path / "out", "--json"))
    for row, seconds, channels in ((a, 0.1, 1), (b, 0.2, 2)):
        assert (row["status"], row["sample_rate"], row["latency_samples"]) == ("done", 48_000, 1_919)
        assert (row["seconds"], row["channels"]) == (seconds, channels)
        assert row["elapsed_seconds"] == pytest.approx(row["real_time_factor"] * seconds)
    assert b["real_time_factor"] == pytest.approx(2 * a["real_time_factor"])
    assert b["cpu_load"] == pytest.approx(2 * a["cpu_load"])


def test_broken_samples_of_a_folder_are_counted(folder, tmp_path):
    """File by file, over all of its blocks."""
    x = np.full(60_000, 0.25, np.float32)
    x[[10, 40_000, 50_000]] = np.nan
    soundfile.write(folder / "c.wav", x, 48_000, "FLOAT")
    done = run("enhance", folder, "-o", tmp_path / "out", "--json")
    assert [row["nonfinite_samples"] for row in rows_of(done)] == [0, 0, 3]
    assert f"{folder / 'c.wav'}: 3 samples" in done.stderr
    y = soundfile.read(tmp_path / "out" / "c.wav")[0]
    assert np.array_equal(y, np.where(np.isfinite(x), x, 0) / 2)


def test_failures_are_told_in_words_and_in_json(folder, tmp_path):
    """Of a file that holds nothing, though its header does not say so; the others are done."""
    flac = folder / "c.flac"
    soundfile.write(flac, np.zeros(0), 48_000, "PCM_16")
    done = run("enhance", folder, "-o", tmp_path / "out", "--json")
    assert done.exit_code == 2
    told = {row["input"]: (row["status"], row["error"]) for row in rows_of(done)}
    assert told[str(folder / "a.wav")] == ("done", None)
    status, error = told[str(flac)]
    assert (status, "is empty" in error) == ("failed", True)
    assert error in done.stderr
    assert not (tmp_path / "out" / "c.flac").exists()


def test_exact_samples_stay_exact_side_by_side(folder, tmp_path):
    """24 bits in a folder are not rounded to 16."""
    x = np.random.default_rng(0).integers(-(2**20), 2**20, 9_600) * 4 / 2**23
    for name in ("c.wav", "d.wav"):
        soundfile.write(folder / name, x, 48_000, "PCM_24")
    assert run("enhance", folder, "-o", tmp_path / "out").exit_code == 0
    assert np.array_equal(soundfile.read(tmp_path / "out" / "d.wav")[0], x / 2)


def test_every_file_of_a_folder_gets_its_picture(folder, tmp_path):
    """--plot leaves nobody out."""
    pytest.importorskip("matplotlib")
    done = run("enhance", folder, "-o", tmp_path / "out", "--plot", "--json")
    assert [row["plot"] for row in rows_of(done)] == [str(tmp_path / "out" / f"{n}.png") for n in "ab"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.png", "a.wav", "b.png", "b.wav"]


def test_what_is_left_alone_is_told(folder, tmp_path):
    """A line for each file that stands already, with how to make it again."""
    run("enhance", folder, "-o", tmp_path / "out")
    done = run("enhance", folder, "-o", tmp_path / "out")
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (0, "", 2)
    assert f"{tmp_path / 'out' / 'a.wav'} exists and is left alone; --overwrite" in done.stderr


def test_samples_do_not_go_to_a_terminal(noisy, monkeypatch):
    """It would show letters."""
    terminal = SimpleNamespace(isatty=lambda: True, buffer=io.BytesIO(), flush=lambda: None)
    monkeypatch.setattr("bandwise.apps.run.sys", SimpleNamespace(stdout=terminal))
    done = run("enhance", noisy, "-o", "-")
    assert (done.exit_code, "got a terminal as output" in done.stderr) == (2, True)
    assert terminal.buffer.getvalue() == b""


def test_options_reach_the_suppressor(monkeypatch):
    """Each of them, as it was given."""
    monkeypatch.undo()
    asked = []

    class Standin:
        def __init__(self, *places, **options):
            asked.append((places, options))

    monkeypatch.setitem(vars(bandwise), "NoiseSuppressor", Standin)
    options = {"model": "m", "postfilter": True, "attenuation_limit_db": 6.0, "block_multiple": 480}
    enhance.make_suppressor(16_000, 2, **options)
    assert asked == [((16_000, 2), options)]


def test_dynamics_heed_what_runs_are_asked(folder, tmp_path, monkeypatch):
    """Raw sound has the rate that was told; --overwrite and --json do what they say; pictures are its own."""
    rates, drawn = [], []

    def make(sample_rate, channels, *, preset):
        rates.append(sample_rate)
        return make_half(sample_rate, channels, model="base")

    monkeypatch.setattr("bandwise.apps.dynamics.make_dynamics", make)
    monkeypatch.setattr("bandwise.apps.dynamics.draw_picture", lambda *_, preset: drawn.append(preset))
    raw = ("--format", "s16le", "--rate", 16_000, "--channels", 2)
    done = CliRunner().invoke(
        app, ["dynamics", "-", "-o", str(tmp_path / "r.wav"), *map(str, raw)], input=bytes(800)
    )
    assert (done.exit_code, rates) == (0, [16_000])
    assert soundfile.read(tmp_path / "r.wav")[0].shape == (200, 2)
    words = ("dynamics", folder, "-o", tmp_path / "out", "--preset", "night", "--json")
    for more, status in (((), "done"), ((), "skipped"), (("--overwrite",), "done")):
        assert [row["status"] for row in rows_of(run(*words, *more))] == [status] * 2
    run(*words, "--overwrite", "--plot")
    assert drawn == ["night", "night"]


def test_files_of_many_channels_do_not_exceed_what_a_processor_takes(tmp_path):
    """They share one as far as its channels go."""
    jobs = [Job(str(tmp_path / f"{k}.wav"), str(tmp_path / "out" / f"{k}.wav")) for k in range(3)]
    for job in jobs:
        soundfile.write(job.source, np.zeros((480, 400)), 8_000)
    assert [len(group) for group in grouped(jobs, 8)] == [2, 1]


def test_a_picture_shows_the_first_channel_of_the_start(tmp_path):
    """Half a minute unless told; what is no number is silence."""
    x = np.random.default_rng(0).uniform(-1, 1, (31 * 8_000, 2)).astype(np.float32)
    x[5, 0] = np.inf
    soundfile.write(tmp_path / "x.wav", x, 8_000, "FLOAT")
    wanted = x[: 30 * 8_000, 0].copy()
    wanted[5] = 0
    np.testing.assert_array_equal(excerpt(str(tmp_path / "x.wav")), wanted)


def test_the_reason_of_a_failure_is_kept(noisy, tmp_path):
    """Of each of several files that no processor can be made for."""

    def refuse(_rate, _channels):
        raise BandwiseError("not today")

    jobs = [Job(str(noisy), str(tmp_path / "out" / name)) for name in ("a.wav", "b.wav")]
    outcomes = run_together(jobs, refuse)
    assert [(o.status, o.error) for o in outcomes] == [("failed", "not today")] * 2


def test_a_flush_or_reset_forgets():
    """A sample-wise stage starts afresh after its tail; the count of broken samples does so with `reset`."""

    class Counter(BlockProcessor):
        starts = 0

        def _reset(self):
            self.starts += 1

        def _process(self, planar):
            return planar

    processor = Counter()
    with pytest.warns(UserWarning, match="NaN"):
        processor.process(np.full(3, np.nan, np.float32))
    processor.flush()
    assert (processor.starts, processor.nonfinite_samples) == (1, 3)
    processor.reset()
    assert (processor.starts, processor.nonfinite_samples) == (2, 0)


def test_in_place_works_side_by_side(folder):
    """Every file of a folder is replaced by what was made of it."""
    assert run("enhance", folder, "--in-place").exit_code == 0
    assert np.array_equal(read(folder / "b.wav"), sound(9_600, 2) // 2)


def test_jobs_share_the_files_of_a_folder(folder, tmp_path, monkeypatch):
    """As many groups as there are processes, before any is as large as it may be."""
    for name in "cdef":
        soundfile.write(folder / f"{name}.wav", sound(480), 48_000)
    seen = []
    monkeypatch.setattr(
        "bandwise.apps.run.spread",
        lambda _work, groups, workers: seen.append((workers, [len(group) for group in groups])) or [],
    )
    options = RunOptions(jobs=3, together=8)
    make = partial(make_half, model="base")
    assert process_files([str(folder)], str(tmp_path / "out"), make, options) == 0
    assert seen == [(3, [2, 2, 2])]


def test_costs_are_per_second_of_sound(noisy, tmp_path, monkeypatch):
    """Two seconds on the clock, one of them at work, for half a second."""
    clock = SimpleNamespace(perf_counter=count(0, 2).__next__, process_time=count(0, 1).__next__)
    monkeypatch.setattr("bandwise.apps.run_file.time", clock)
    job = Job(str(noisy), str(tmp_path / "out.wav"))
    outcome = run_job(job, partial(make_half, model="base"), RunOptions())
    assert (outcome.elapsed_seconds, outcome.real_time_factor, outcome.cpu_load) == (2, 4, 2)


def test_names_that_are_no_text_can_be_printed(monkeypatch):
    """Standard output takes what it cannot encode in another form."""
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    cli._prepare_streams()
    out.write("\udcff.wav")
    out.flush()
    assert out.buffer.getvalue() == b"\\udcff.wav"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_pipes_among_files_are_read_once(noisy):
    """`bandwise enhance a.wav <(...) -o folder/`: what a pipe gave is gone, so nobody looks before."""
    pipe = noisy.with_name("in.pipe")
    os.mkfifo(pipe)
    with subprocess.Popen(["cp", noisy, pipe]) as writer:
        try:
            words = command("enhance", noisy, pipe, "-o", noisy.parent / "out")
            done = subprocess.run(words, capture_output=True, env=environment(), check=False, timeout=60)
            assert (done.returncode, done.stderr) == (0, b"")
        finally:
            writer.kill()
    made = [read(path) for path in sorted((noisy.parent / "out").iterdir())]
    assert len(made) == 2
    assert np.array_equal(*made)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_no_picture_of_a_pipe(noisy, refused):
    """It could be read once only; nothing is read, so that nothing is lost."""
    pipe = noisy.with_name("in.pipe")
    os.mkfifo(pipe)
    assert "a picture needs files" in refused(pipe, "-o", noisy.with_name("out.wav"), "--plot")
