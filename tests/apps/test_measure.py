"""What `bandwise measure` reads of files and hands on."""

from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from bandwise.apps.cli import app
from bandwise.apps.measure import _read

RATE = 8_000


def run(*arguments):
    """The command as a user types it."""
    return CliRunner().invoke(app, ["measure", *map(str, arguments)])


@pytest.fixture
def four_seconds(tmp_path):
    """(File, its samples)."""
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (4 * RATE, 2)).astype(np.float32)
    soundfile.write(tmp_path / "x.wav", x, RATE, "FLOAT")
    return tmp_path / "x.wav", x


@pytest.mark.parametrize(("start", "seconds"), [(0.0, 60.0), (1.5, 1.0), (0.25, 2.5), (3.5, 1.0)])
def test_the_part_that_is_asked_for_is_read(four_seconds, start, seconds):
    """From its start on, as long as it goes, all channels."""
    path, x = four_seconds
    y, rate = _read(str(path), start, seconds)
    assert rate == RATE
    np.testing.assert_array_equal(y, x[round(start * RATE) :][: round(seconds * RATE)])


def test_what_lies_behind_the_end_is_told(four_seconds):
    """Nothing can be measured there."""
    done = run(four_seconds[0], "--start", 5)
    assert (done.exit_code, "no sound from 5 s on" in done.stderr) == (2, True)


def test_broken_samples_are_counted(four_seconds):
    """And measured as silence."""
    path, x = four_seconds
    x[[3, 5, 7], 1] = np.nan
    soundfile.write(path, x, RATE, "FLOAT")
    done = run(path, "--seconds", 1)
    assert done.exit_code == 0
    assert "3 samples that are NaN" in done.stderr


def test_presets_are_driven_as_asked(four_seconds, monkeypatch):
    """The gain is in front of the presets, and only there."""
    asked = []

    def measured(name, _x, _rate, **how):
        asked.append((name, how))
        return SimpleNamespace(cells=lambda _reference: [name])

    monkeypatch.setattr("bandwise.measure.programme.measured", measured)
    assert run(four_seconds[0], "--preset", "night", "--gain-db", 6).exit_code == 0
    assert asked == [("x.wav", {}), ("night", {"preset": "night", "gain_db": 6.0})]


def test_a_picture_does_not_take_the_place_of_a_preset(tmp_path):
    """A file of the user's is an input, too."""
    pytest.importorskip("matplotlib")
    (tmp_path / "mine.toml").write_text("cutoffs_hz = [100]\n")
    done = run("--preset", tmp_path / "mine.toml", "--plot", tmp_path / "mine.toml")
    assert (done.exit_code, "is an input" in done.stderr) == (2, True)
    assert (tmp_path / "mine.toml").read_text() == "cutoffs_hz = [100]\n"


def test_a_picture_is_what_its_name_says(four_seconds, tmp_path):
    """A PDF is one, and what no picture is called is refused before anything is measured."""
    pytest.importorskip("matplotlib")
    assert run(four_seconds[0], "--plot", tmp_path / "a.pdf").exit_code == 0
    assert (tmp_path / "a.pdf").read_bytes()[:4] == b"%PDF"
    done = run(four_seconds[0], "--plot", tmp_path / "a.xyz")
    assert (done.exit_code, "use .png" in done.stderr) == (2, True)
