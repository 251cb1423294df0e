"""`bandwise evaluate` with a suppressor whose effect is known."""

import csv
import json
import shutil
from types import SimpleNamespace

import pytest
import soundfile
from typer.testing import CliRunner

import bandwise
from bandwise.apps.cli import app
from bandwise.apps.evaluate_notes import lag_notes
from bandwise.apps.evaluate_systems import found_peers
from bandwise.apps.measuring import parse_snrs
from bandwise.errors import BandwiseError
from bandwise.measure import voices

SDR = ["--measures", "si_sdr"]


@pytest.fixture(autouse=True)
def _half_the_level(monkeypatch):
    """Stand in for the network: half the level, which SI-SDR does not mind; the model "late" is delayed."""

    def enhance(x, sample_rate, *, model="base", postfilter=False, attenuation_limit_db=None):
        y = x / 2
        if model == "late":
            y[100:], y[:100] = y[:-100].copy(), 0
        elif model == "mute":
            y[:] = 0
        return y

    monkeypatch.setitem(vars(bandwise), "enhance", enhance)


def run(*arguments):
    """The command as a user types it."""
    return CliRunner().invoke(app, ["evaluate", *map(str, arguments)])


def test_mixtures_become_a_table(small_data_folder):
    """Noisy beside enhanced, the gain between them, per SNR and in all."""
    result = run("--data", small_data_folder, "--count", 4, "--snr", "0,10", "--seconds", 3, *SDR)
    assert result.exit_code == 0, result.output
    for text in ("noisy", "base", "gain", "0 dB (2)", "10 dB (2)", "all (4)", "+0.0 ±0.0"):
        assert text in result.stdout
    assert result.stderr == ""


def test_json_and_csv_agree(small_data_folder, tmp_path):
    """One row per recording and system in both, and nothing but JSON on stdout."""
    out = tmp_path / "t.csv"
    result = run("--data", small_data_folder, "--count", 2, "--snr", "5", *SDR, "--json", "--csv", out)
    rows = json.loads(result.stdout)["rows"]
    with out.open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert [row["system"] for row in rows] == [row["system"] for row in read] == ["noisy", "base"] * 2
    for row, line in zip(rows, read, strict=True):
        assert float(line["si_sdr"]) == row["si_sdr"]


def test_two_models_are_compared(small_data_folder):
    """Each --model is a system of its own; switching the postfilter on shows in its name."""
    models = ["--model", "base", "--model", "runs/last.onnx", "--postfilter"]
    result = run("--data", small_data_folder, "--count", 1, *models, *SDR, "--json")
    systems = [row["system"] for row in json.loads(result.stdout)["rows"]]
    assert systems == ["noisy", "base, postfilter", "last, postfilter"]


def test_postfilter_can_stand_beside(small_data_folder):
    """With --with-postfilter the first network is there twice."""
    result = run("--data", small_data_folder, "--count", 1, "--with-postfilter", *SDR, "--json")
    systems = [row["system"] for row in json.loads(result.stdout)["rows"]]
    assert systems == ["noisy", "base", "base, postfilter"]


def test_lag_is_told_and_removed(small_data_folder):
    """A system that is 100 samples late gets its score all the same, and one line says so."""
    result = run("--data", small_data_folder, "--count", 1, "--model", "late", *SDR, "--json")
    late = json.loads(result.stdout)["rows"][1]
    assert late["lag_samples"] == 100
    assert late["si_sdr"] > 0
    assert "late lagged in 1 recordings (median 100 samples)" in result.stderr


def test_means_without_some_recordings_are_told(small_data_folder):
    """A system that mutes has an SI-SDR of minus infinity: not in the mean, so a line says so."""
    result = run("--data", small_data_folder, "--count", 2, "--model", "mute", *SDR, "--json")
    assert "mute has no finite si_sdr in 2 recordings" in result.stderr


def test_models_of_one_file_name_are_told_apart(small_data_folder):
    """Two runs often call their best network the same."""
    models = ["--model", "a/best.onnx", "--model", "b/best.onnx"]
    result = run("--data", small_data_folder, "--count", 1, *models, *SDR, "--json")
    assert [row["system"] for row in json.loads(result.stdout)["rows"]][1:] == ["a/best.onnx", "b/best.onnx"]


def test_clean_speech_through_has_rows_per_language(small_data_folder):
    """Half the level is no harm: SI-SDR is infinite, so its mean is over nothing."""
    result = run("--data", small_data_folder, "--count", 2, "--clean-through", *SDR, "--json")
    found = json.loads(result.stdout)
    assert {row["language"] for row in found["clean_rows"]} == {"da", "fo"}
    assert {s["group"]: s["count"] for s in found["clean_summary"]} == {"da": 0, "fo": 0, "all": 0}


def test_pairs_of_files(small_data_folder, tmp_path):
    """Real pairs have no SNR: one column for all."""
    clean = small_data_folder / "speech" / "da.wav"
    x, rate = soundfile.read(clean)
    soundfile.write(
        tmp_path / "noisy.wav", x + 0.1 * soundfile.read(small_data_folder / "noise" / "fan.wav")[0], rate
    )
    result = run("--clean", clean, "--noisy", tmp_path / "noisy.wav", *SDR)
    assert result.exit_code == 0
    assert "all (1)" in result.stdout


def test_plot_is_drawn(small_data_folder, tmp_path):
    """A PNG, without a display."""
    pytest.importorskip("matplotlib")
    out = tmp_path / "t.png"
    assert run("--data", small_data_folder, "--count", 2, *SDR, "--plot", out).exit_code == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_no_input_becomes_a_result(tmp_path):
    """Scores do not take the place of a recording."""
    soundfile.write(tmp_path / "a.wav", voices.synthesise(1, 1.0)[0], 48_000)
    before = (tmp_path / "a.wav").read_bytes()
    both = ("--clean", tmp_path / "a.wav", "--noisy", tmp_path / "a.wav")
    result = run(*both, "--csv", tmp_path / "a.wav")
    assert (result.exit_code, "is an input" in result.stderr) == (2, True)
    assert (tmp_path / "a.wav").read_bytes() == before


@pytest.mark.parametrize(
    ("kind", "old", "new", "says"),
    [
        ("noise", "class", "kind", "no column class"),
        ("speech", "speaker", "who", "no column speaker"),
        ("noise", "fan,4", "fan,long", "a number above 0 is needed"),
        ("speech", ".wav", ".none", "which does not exist"),
        ("noise", "fan,4", "fan,1", "2 s or more"),
    ],
)
def test_a_faulty_manifest_is_told(small_data_folder, tmp_path, kind, old, new, says):
    """By what must be mended."""
    folder = shutil.copytree(small_data_folder, tmp_path / "data")
    manifest = folder / kind / "MANIFEST.csv"
    assert old in manifest.read_text()
    manifest.write_text(manifest.read_text().replace(old, new))
    result = run("--data", folder, *SDR)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert says in result.stderr


def test_pairs_too_short_to_measure_are_refused(tmp_path):
    """One sample has no PESQ."""
    pytest.importorskip("pesq")
    soundfile.write(tmp_path / "one.wav", [0.5], 48_000)
    result = run("--clean", tmp_path / "one.wav", "--noisy", tmp_path / "one.wav")
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert "0.1 s are needed" in result.stderr


def test_a_picture_that_cannot_be_drawn_is_told_at_the_start(small_data_folder, tmp_path):
    """Not after an hour of measuring."""
    pytest.importorskip("matplotlib")
    result = run("--data", small_data_folder, "--plot", tmp_path / "t.xyz")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "use .png" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--data", "nowhere"],
        ["--clean", "nowhere", "--noisy", "nowhere"],
        ["--clean", "nowhere"],
        ["--data", "nowhere", "--clean", "nowhere"],
        ["--data", "nowhere", "--snr", "loud"],
        ["--data", "nowhere", "--measures", "mos"],
        ["--data", "nowhere", "--dnsmos", "nowhere"],
        ["--data", "nowhere", "--csv", "nowhere/t.csv"],
        ["--data", "nowhere", "--plot", "nowhere/t.png"],
    ],
    ids=lambda arguments: " ".join(arguments) or "nothing",
)
def test_mistakes_end_in_one_line(arguments):
    """Status 2, one line on stderr, nothing on stdout, no traceback."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("text", "snrs_db"), [("5", (5.0,)), ("0,5,10", (0.0, 5.0, 10.0)), ("-5, 2.5", (-5.0, 2.5))]
)
def test_snrs_are_read(text, snrs_db):
    """Decibels with commas."""
    assert parse_snrs(text) == snrs_db


@pytest.mark.parametrize("text", ["", "a", "5;6", "1000", "nan"])
def test_other_snrs_are_refused(text):
    """No number, or no plausible one."""
    with pytest.raises(BandwiseError):
        parse_snrs(text)


class SamePeer:
    """A peer that changes nothing."""

    name, version = "Same", "1.0"

    def __call__(self, x, sample_rate):
        return x


@pytest.fixture
def _one_peer(monkeypatch):
    """Of all the peers, one is here and one is not."""
    monkeypatch.setattr(
        "bandwise.peers.registry.find_peers", lambda wanted: ([SamePeer()], {"other": "pip install other"})
    )


@pytest.mark.usefixtures("_one_peer")
def test_peers_hear_the_same(small_data_folder):
    """Those that are here are systems like ours; of those that are not, one line says what to do."""
    arguments = ["--data", small_data_folder, "--count", 1, *SDR, "--peers"]
    result = run(*arguments, "--json")
    rows = json.loads(result.stdout)["rows"]
    assert [row["system"] for row in rows] == ["noisy", "base", "Same"]
    assert rows[2]["si_sdr"] == rows[0]["si_sdr"]
    assert "other is absent: pip install other" in result.stderr


@pytest.mark.usefixtures("_one_peer")
def test_many_systems_get_a_line_each(small_data_folder):
    """More than four systems: one line for each, then one for what each gains."""
    models = [part for name in ("a", "b", "c") for part in ("--model", name)]
    result = run("--data", small_data_folder, "--count", 2, *models, *SDR, "--peers")
    assert result.exit_code == 0, result.output
    assert "Gain over noisy" in result.stdout
    assert [line.split()[0] for line in result.stdout.splitlines() if "Same" in line] == ["Same", "Same"]


def test_unknown_peers_are_refused():
    """A slip of the pen is told with the names that there are."""
    result = run("--data", "nowhere", "--peer", "rnoise")
    assert result.exit_code == 2
    assert "error: " in result.stderr


def test_parts_are_left_out(small_data_folder, monkeypatch):
    """Every --without is a system of its own beside the whole."""
    left_out = []

    class Standin:
        def __init__(self, model, **parts):
            left_out.append((model, parts))

        def __call__(self, x, sample_rate):
            return x

    monkeypatch.setattr("bandwise.measure.ablation.Ablation", Standin)
    parts = ["--without", "comb", "--without", "pitch-path"]
    result = run("--data", small_data_folder, "--count", 1, *parts, *SDR, "--json")
    systems = [row["system"] for row in json.loads(result.stdout)["rows"]]
    assert systems == ["noisy", "base", "base, no comb", "base, no pitch-path"]
    limit = {"attenuation_limit_db": None}
    assert left_out[0] == ("base", {"postfilter": False, **limit, "comb": False})
    assert left_out[1] == ("base", {"postfilter": False, **limit, "pitch_path": False})


def test_unknown_parts_are_refused(small_data_folder):
    """With the names that there are."""
    result = run("--data", small_data_folder, "--without", "network")
    assert result.exit_code == 2
    assert "comb, pitch-path" in result.stderr


@pytest.mark.parametrize(
    ("words", "postfilters"), [(["--postfilter"], [True]), (["--with-postfilter"], [False, True])]
)
def test_options_reach_the_suppressor(small_data_folder, monkeypatch, words, postfilters):
    """What is measured is what was asked for."""
    heard = []
    monkeypatch.setitem(vars(bandwise), "enhance", lambda x, _rate, **asked: heard.append(asked) or x)
    words = [*words, "--model", "mine", "--attenuation-limit-db", 6]
    assert run("--data", small_data_folder, "--count", 1, *words, *SDR).exit_code == 0
    assert heard == [{"model": "mine", "postfilter": p, "attenuation_limit_db": 6.0} for p in postfilters]


def test_seed_and_length_choose_the_mixtures(small_data_folder):
    """Another seed is another mixture; excerpts end where asked; rooms are looked for if wanted."""

    def row(*words):
        result = run("--data", small_data_folder, "--count", 1, *words, *SDR, "--json")
        return json.loads(result.stdout)["rows"][0]

    assert row()["digest"] == row("--seed", 1)["digest"] != row("--seed", 2)["digest"]
    assert (row()["seconds"], row("--seconds", 3)["seconds"]) == (4.0, 3.0)
    assert "rir" in run("--data", small_data_folder, "--rooms", "--count", 3, *SDR).stderr


def test_scores_of_an_earlier_run_are_taken(small_data_folder, tmp_path):
    """From the CSV of that run; systems on clean speech go by names of their own in it."""
    words = ["--data", small_data_folder, "--count", 1, *SDR]
    run(*words, "--clean-through", "--csv", tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["system"] for row in rows] == ["noisy", "base", "base on clean"]
    text = (tmp_path / "t.csv").read_text()
    (tmp_path / "t.csv").write_text(text.replace(rows[0]["si_sdr"], "99.0"))
    again = json.loads(run(*words, "--reuse", tmp_path / "t.csv", "--json").stdout)["rows"]
    assert again[0]["si_sdr"] == 99.0


def test_clean_through_hears_the_clean_file(small_data_folder):
    """Of pairs, too: half the level of it is no harm, so its SI-SDR is infinite."""
    speech = small_data_folder / "speech"
    pair = ["--clean", speech / "da.wav", "--noisy", speech / "fo.wav"]
    found = json.loads(run(*pair, "--clean-through", *SDR, "--json").stdout)
    assert [row["si_sdr"] for row in found["clean_rows"]] == [None]


def test_the_lag_that_is_told_is_the_median():
    """Of those recordings that lag; one line for each system."""
    rows = [SimpleNamespace(system="a", lag_samples=lag) for lag in (0, 300, 1, 100)]
    assert lag_notes(rows) == ["a lagged in 3 recordings (median 100 samples); put right"]


def test_a_path_of_a_peer_counts_among_all_of_them(monkeypatch):
    """With --peers and --peer NAME=PATH all are looked for, that one there."""
    wanted = []
    monkeypatch.setattr(
        "bandwise.peers.registry.find_peers", lambda entries: (wanted.extend(entries) or [], {})
    )
    found_peers(["gtcrn=here.onnx"], all_known=True)
    assert "gtcrn=here.onnx" in wanted
    assert "gtcrn" not in wanted
    assert "rnnoise" in wanted


@pytest.mark.parametrize("name", ["speech/MANIFEST.csv", "noise/MANIFEST.csv"])
def test_scores_never_take_the_place_of_a_manifest(small_data_folder, tmp_path, name):
    """Nor of anything else in the data folder's lists."""
    folder = shutil.copytree(small_data_folder, tmp_path / "data")
    before = (folder / name).read_bytes()
    result = run("--data", folder, "--csv", folder / name, *SDR)
    assert (result.exit_code, "is an input" in result.stderr) == (2, True)
    assert (folder / name).read_bytes() == before


def test_options_of_mixtures_have_no_place_beside_pairs(tmp_path):
    """What would have no effect is refused, not passed over."""
    both = ("--clean", tmp_path / "a.wav", "--noisy", tmp_path / "a.wav")
    for option in (("--count", 5), ("--snr", "3"), ("--seed", 4), ("--seconds", 4), ("--rooms",)):
        result = run(*both, *option)
        assert (result.exit_code, f"got {option[0]}, which belongs" in result.stderr) == (2, True)
