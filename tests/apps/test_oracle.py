"""`bandwise oracle` with a ladder whose rungs are known: each takes away more of the noise."""

import json
import sys
from types import ModuleType

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from bandwise.apps.cli import app
from bandwise.apps.oracle import read_mixture
from bandwise.measure.levels import active_speech, mean_square_db

RUNGS = {"noisy": 1.0, "34 bands": 0.3, "bands + comb": 0.1}


@pytest.fixture(autouse=True)
def _known_ladder(monkeypatch):
    """Stand in for the signal path."""
    module = ModuleType("bandwise.suppress.oracle")
    module.ladder = lambda clean, noisy: {
        name: clean + left * (noisy - clean) for name, left in RUNGS.items()
    }
    monkeypatch.setitem(sys.modules, "bandwise.suppress.oracle", module)


@pytest.fixture
def files(small_data_folder):
    """Options that name a voice and a noise."""
    return [
        "--clean",
        small_data_folder / "speech" / "da.wav",
        "--noise",
        small_data_folder / "noise" / "fan.wav",
    ]


def run(*arguments):
    """The command as a user types it."""
    return CliRunner().invoke(app, ["oracle", *map(str, arguments)])


def test_rungs_are_tabled_in_their_order(files):
    """One line per rung with its scores, SI-SDR rising by what the stand-in takes away."""
    result = run(*files, "--snr", 5, "--json")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [row["system"] for row in rows] == list(RUNGS)
    scores = [row["si_sdr"] for row in rows]
    np.testing.assert_allclose(np.diff(scores), [-20 * np.log10(0.3), 20 * np.log10(3)], atol=0.3)


def test_every_rung_is_heard_and_seen(files, tmp_path):
    """A WAV per rung in order, the clean speech, and one picture; all as long as the speech."""
    pytest.importorskip("matplotlib")
    assert run(*files, "-o", tmp_path / "ladder").exit_code == 0
    folder = tmp_path / "ladder" / "da-fan"
    names = sorted(path.name for path in folder.glob("*.wav"))
    assert names == ["0-noisy.wav", "1-34-bands.wav", "2-bands---comb.wav", "3-clean.wav"]
    assert {soundfile.info(folder / name).frames for name in names} == {4 * 48_000}
    assert (folder / "spectrograms.png").read_bytes().startswith(b"\x89PNG")


def test_mean_over_mixtures_of_a_data_folder(small_data_folder):
    """Without -o nothing is written; the table has a PESQ column per SNR."""
    pytest.importorskip("pesq")
    result = run("--data", small_data_folder, "--count", 4, "--snr", "0,10")
    assert result.exit_code == 0, result.output
    for text in ("4 mixtures", "PESQ-wb 0 dB", "PESQ-wb 10 dB", *RUNGS):
        assert text in result.stdout


@pytest.mark.parametrize("snr_db", [-5.0, 12.0])
def test_mixture_of_two_files_has_its_snr(small_data_folder, snr_db):
    """Active speech level minus mean square of the noise."""
    pair = read_mixture(
        small_data_folder / "speech" / "fo.wav", small_data_folder / "noise" / "fan.wav", snr_db
    )
    level_db, _ = active_speech(pair.clean, pair.sample_rate)
    assert level_db - mean_square_db(pair.noisy - pair.clean) == pytest.approx(snr_db, abs=0.01)


@pytest.mark.parametrize(
    ("samples", "says"), [(np.zeros(48_000), "silent"), (np.full(48_000, np.nan), "NaN or Inf")]
)
def test_noise_that_is_none_is_refused(files, tmp_path, samples, says):
    """An SNR against silence, or against no numbers, means nothing."""
    soundfile.write(tmp_path / "none.wav", samples, 48_000, subtype="FLOAT")
    result = run(*files[:-1], tmp_path / "none.wav")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert says in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--clean", "nowhere"],
        ["--clean", "nowhere", "--noise", "nowhere"],
        ["--clean", "nowhere", "--noise", "nowhere", "--snr", "0,5"],
        ["--data", "nowhere"],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_mistakes_end_in_one_line(arguments):
    """Status 2, one line, no traceback."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1


def rows_of(*arguments):
    """What --json tells of every rung."""
    return json.loads(run(*arguments, "--json").stdout)["rows"]


def test_the_ratio_is_that_of_the_help(files, small_data_folder):
    """5 dB for one mixture; 0 to 15 dB in turn for many."""
    assert {row["snr_db"] for row in rows_of(*files)} == {5.0}
    many = rows_of("--data", small_data_folder, "--count", 4)
    assert {row["snr_db"] for row in many} == {0.0, 5.0, 10.0, 15.0}


def test_another_seed_is_another_mixture(small_data_folder):
    """The same one is the same."""
    one, same, other = (
        rows_of("--data", small_data_folder, "--count", 1, "--seed", seed)[0]["digest"] for seed in (1, 1, 2)
    )
    assert one == same != other


def test_rungs_go_into_a_csv_but_not_over_a_sound(files, tmp_path):
    """A line per rung; what is heard stays."""
    assert run(*files, "--csv", tmp_path / "t.csv").exit_code == 0
    assert (tmp_path / "t.csv").read_text().count("\n") == 1 + len(RUNGS)
    for sound in (files[1], files[3]):
        before = sound.read_bytes()
        result = run(*files, "--csv", sound)
        assert (result.exit_code, "is an input" in result.stderr) == (2, True)
        assert sound.read_bytes() == before


@pytest.mark.parametrize("short", ["--clean", "--noise"])
def test_too_short_a_recording_is_told(files, short, tmp_path):
    """Of voice as of noise."""
    soundfile.write(tmp_path / "short.wav", 0.1 * np.ones(10), 48_000)
    result = run(*files, short, tmp_path / "short.wav")
    assert (result.exit_code, "more than 0.1 s is needed" in result.stderr) == (2, True)
