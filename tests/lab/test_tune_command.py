"""`bandwise tune` from each of its inputs, as a user calls it."""

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from bandwise.apps.cli import app
from bandwise.device.amplifier import Amplifier
from bandwise.dynamics.store import load_settings
from bandwise.errors import BandwiseError
from bandwise.lab import sweep

RATE = sweep.SAMPLE_RATE
RUNNER = CliRunner()


def tune(*arguments):
    """Run the command; what it printed and the exception it ended with, if any."""
    return RUNNER.invoke(app, ["tune", *map(str, arguments)])


def commented(path):
    """Whether every number of a preset has a comment above it."""
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("[")]
    numbers = [k for k, line in enumerate(lines) if " = " in line and line[0] not in "#d"]
    return bool(numbers) and all(lines[k - 1].startswith("#") for k in numbers)


def test_from_thiele_small_data(tmp_path):
    """A TOML file of a driver gives a commented preset that loads, its lowest band held far down."""
    driver, preset = tmp_path / "mine.toml", tmp_path / "preset.toml"
    driver.write_text(
        "re_ohm=3.5\nfs_hz=90\nqes=0.7\nqms=5\nvas_l=0.5\nsd_cm2=15\nle_mh=0.1\nxmax_mm=3\n[box]\nvolume_l=1\n"
    )
    found = tune("--driver", driver, "-o", preset, "--evaluations", 0)
    assert found.exit_code == 0, found.output
    assert commented(preset)
    assert load_settings(preset).bands[0].limiter.ceiling_dbfs < -3.0


def test_from_measured_tables(tmp_path):
    """A response and a distortion table: the lowest band is held where its distortion passes the target."""
    table, response = tmp_path / "d.csv", tmp_path / "r.csv"
    preset, picture = tmp_path / "preset.toml", tmp_path / "picture.png"
    rows = [
        (hz, level, 2.0 * 10 ** ((level + 20) / 20) * (50 / hz))
        for hz in (40, 80, 160)
        for level in (-20, -10, 0)
    ]
    table.write_text(
        "frequency_hz,level_dbfs,distortion_percent\n" + "".join(f"{a},{b},{c}\n" for a, b, c in rows)
    )
    curve = [(hz, -6.0 if hz < 100 else 0.0) for hz in np.geomspace(20, 20_000, 40)]
    response.write_text("frequency_hz,level_db\n" + "".join(f"{a},{b}\n" for a, b in curve))
    found = tune(
        "--distortion", table, "--response", response, "-o", preset, "--target", 5, "--plot", picture
    )
    assert found.exit_code == 0, found.output
    assert commented(preset)
    bands = load_settings(preset).bands
    assert bands[0].limiter.ceiling_dbfs < bands[1].limiter.ceiling_dbfs <= 0.0
    assert bands[0].gain_db > 0.0
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_from_a_recording_of_the_sweep(tmp_path):
    """The file that --sweep writes, through a system that bends, comes back as a preset with its limits.

    The first channel counts, whatever is in the second.
    """
    played, recorded, preset = tmp_path / "sweep.wav", tmp_path / "recorded.wav", tmp_path / "preset.toml"
    assert tune("--sweep", played).exit_code == 0
    x, rate = soundfile.read(played)
    other = np.random.default_rng(0).uniform(-0.5, 0.5, len(x))
    soundfile.write(recorded, np.stack([0.5 * (x + 0.5 * x**3), other], 1), rate, "PCM_24")
    found = tune("--recording", recorded, "-o", preset, "--target", 5, "--plot", tmp_path / "picture.png")
    assert found.exit_code == 0, found.output
    assert commented(preset)
    # b A^2 / 4 over 1 + 3 b A^2 / 4 is 5 % at A = 0.69, 3.3 dB below full scale
    assert load_settings(preset).bands[0].limiter.ceiling_dbfs == pytest.approx(-3.3, abs=0.7)


def test_a_bad_recording_leaves_no_preset(tmp_path):
    """The reason is told, and nothing is written."""
    recorded, preset = tmp_path / "recorded.wav", tmp_path / "preset.toml"
    soundfile.write(recorded, np.zeros(RATE), RATE)
    found = tune("--recording", recorded, "-o", preset)
    assert found.exit_code != 0
    assert "record all" in str(found.exception) + found.output
    assert not preset.exists()


@pytest.mark.parametrize(
    "bad", [("40", "-10", "nan"), ("nan", "-10", "1"), ("0", "-10", "1"), ("40", "-10", "-1")]
)
def test_measurements_that_are_no_numbers_are_refused(tmp_path, bad):
    """A limit that came of NaN would be none, and the loudspeaker without protection."""
    table, preset = tmp_path / "table.csv", tmp_path / "preset.toml"
    good = [f"{hz},{level},{percent}" for hz in (50, 80, 200) for level, percent in ((-20, 1), (-5, 9))]
    table.write_text("\n".join(["frequency_hz,level_dbfs,distortion_percent", *good, ",".join(bad)]) + "\n")
    found = tune("--distortion", table, "-o", preset)
    assert found.exit_code != 0
    assert "percentages from 0" in str(found.exception) + found.output
    assert not preset.exists()


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["--distortion", "FILE", "-o", "FILE"], "input or another result"),
        (["--distortion", "FILE", "-o", "x.toml", "--plot", "x.toml"], "input or another result"),
        (["--distortion", "FILE", "--rail-v", "9"], "--rail-v without --driver"),
        (["--driver", "nd65-4", "--response", "FILE"], "--response without --distortion"),
        (["--sweep", "x.wav", "--target", "3"], "--target without a loudspeaker"),
    ],
)
def test_what_tune_would_lose_or_not_heed_is_refused(tmp_path, given, says):
    """Before anything is done."""
    file = tmp_path / "table.csv"
    file.write_text("as it was")
    found = tune(*(file if word == "FILE" else word for word in given))
    assert found.exit_code != 0
    assert says in str(found.exception) + found.output
    assert file.read_text() == "as it was"


@pytest.mark.parametrize("name", ["sweep.mp3", "sweep.xyz", "."])
def test_a_sweep_that_cannot_hold_24_bits_is_refused(tmp_path, name):
    """By its name, before it is made; so is a folder."""
    found = tune("--sweep", tmp_path / name)
    assert found.exit_code != 0
    said = str(found.exception) + found.output
    assert "got --sweep" in said or "is a folder" in said


@pytest.mark.parametrize("given", [[], ["--driver", "nd65-4", "--sweep", "x.wav"]])
def test_one_input_is_needed(given):
    """None, or two at once, are refused."""
    found = tune(*given)
    assert found.exit_code != 0
    assert "give one" in str(found.exception) + found.output


@pytest.mark.parametrize(
    "given",
    [["--recording", "FILE"], ["--driver", "FILE"], ["--distortion", "other.csv", "--response", "FILE"]],
)
@pytest.mark.parametrize("option", ["-o", "--plot"])
def test_no_input_becomes_a_result(tmp_path, given, option):
    """Neither the preset nor the picture takes its place."""
    file = tmp_path / "it.toml"
    file.write_text("as it was")
    found = tune(*(file if word == "FILE" else word for word in [*given, option, "FILE"]))
    assert (found.exit_code, "input or another result" in found.output) == (2, True)
    assert file.read_text() == "as it was"


def test_supply_and_music_are_those_asked_for(tmp_path, monkeypatch):
    """The amplifier has the rails that were given, and the music of the folder is played."""
    played, supplied = [], []

    def recorded(folder, _seconds):
        played.append(folder)
        raise BandwiseError("enough")

    monkeypatch.setattr("bandwise.lab.programme.recorded", recorded)
    monkeypatch.setattr("bandwise.lab.bench.Bench", lambda _driver, amplifier: supplied.append(amplifier))
    tune("--driver", "nd65-4", "--rail-v", 12, "--music", tmp_path, "-o", tmp_path / "preset.toml")
    assert played == [tmp_path]
    assert supplied == [Amplifier(12.0, 12.0, 0.3, 2.0)]


def test_an_empty_recording_is_told(tmp_path):
    """Of a pipe that ends at once, too."""
    soundfile.write(tmp_path / "empty.wav", np.zeros(0), RATE)
    for source, given in (("-", (tmp_path / "empty.wav").read_bytes()), (tmp_path / "empty.wav", b"")):
        words = ["tune", "--recording", str(source), "-o", str(tmp_path / "p.toml")]
        found = RUNNER.invoke(app, words, input=given)
        assert (found.exit_code, "holds no samples" in found.stderr) == (2, True), found.output


def test_a_picture_is_named_what_it_is(tmp_path):
    """It is a PNG."""
    pytest.importorskip("matplotlib")
    found = tune("--driver", "nd65-4", "-o", tmp_path / "p.toml", "--plot", tmp_path / "p.pdf")
    assert (found.exit_code, "pictures here are PNG" in found.stderr) == (2, True)
