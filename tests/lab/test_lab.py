"""The experiment: what it counts, what it concludes, and that it resumes."""

import json

import numpy as np
import pytest

from bandwise.apps.lab import _numbers as volumes_of
from bandwise.apps.lab_materials import tuned_for
from bandwise.device.adaptive import KalmanCanceller
from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import DRIVERS
from bandwise.device.room import Room
from bandwise.dynamics.store import load_preset
from bandwise.errors import BandwiseError
from bandwise.lab.bench import Bench
from bandwise.lab.drives import Drives
from bandwise.lab.experiment import Experiment
from bandwise.lab.gaps import GapEnergies, gap_distortion
from bandwise.lab.measuring import Loudness
from bandwise.lab.plan import LINEAR, Materials, Plan
from bandwise.lab.programme import LOUDNESS_LUFS, SAMPLE_RATE, recorded, synthesised
from bandwise.lab.talker import Speech, Word, counted, loudest_rms, silent_mask, spoken
from bandwise.lab.verdict import change_interval, verdicts
from bandwise.measure.loudness import bass_level_db, integrated_loudness

RATE = 16_000
BENCH = Bench(DRIVERS["nd65-4"], Amplifier(8.0, 8.0), Room(rt60_s=0.15))


def test_synthetic_music_is_what_it_says():
    """Seeded, at -14 LUFS, and only bass-heavy pieces have their energy below 120 Hz."""
    pieces = synthesised(3, 4.0, 7)
    again = synthesised(3, 4.0, 7)
    for piece, twin in zip(pieces, again, strict=True):
        assert np.array_equal(piece.samples, twin.samples)
        assert integrated_loudness(piece.samples, SAMPLE_RATE) == pytest.approx(LOUDNESS_LUFS, abs=0.05)
    bass = {p.bass_heavy: bass_level_db(p.samples, SAMPLE_RATE) for p in pieces}
    assert bass[True] > bass[False] + 15


def test_gaps_stay_empty_for_what_is_linear():
    """A filter puts nothing into the gaps, a cubic does, the more the stronger."""
    x = synthesised(1, 3.0, 1)[0].samples * 0.3
    assert gap_distortion(lambda y: 0.5 * y, x) < 0.01
    weak, strong = (gap_distortion(lambda y, a=a: y + a * y**3, x) for a in (0.1, 0.4))
    assert 0.1 < weak < strong


def test_joints_and_ends_are_not_distortion():
    """Pieces cut out of the middle of music, behind a filter that rings on over their joints, stay clean."""
    x = np.concatenate([piece.samples[7_000:55_000] for piece in synthesised(3, 2.0, 1)])
    ringing = np.sin(0.05 * np.arange(2_000)) * np.exp(-np.arange(2_000) / 300.0)
    assert gap_distortion(lambda y: np.convolve(y, ringing)[: len(y)], x, window_seconds=1.0) < 0.05


def test_gaps_count_alike():
    """Energies of 1 % and 3 % in two gaps are 2 %, so 14.1 % of RMS; a piece drawn twice counts twice."""
    whole = np.array([[10.0, 1_000.0], [90.0, 0.0]])
    gaps = GapEnergies(np.array([[0.5, 30.0], [0.5, 0.0]]), whole)
    assert gaps.percent == pytest.approx(100.0 * np.sqrt(0.02))
    assert gaps.drawn(np.array([[0, 1], [0, 0]])) == pytest.approx([gaps.percent, 100.0 * np.sqrt(0.04)])


def speech_of(keywords, starts, ends):
    """A speech of empty words."""
    words = tuple(Word(k, np.zeros(10), "valid") for k in keywords)
    return Speech(np.zeros(20 * RATE), starts, ends, words)


def test_hits_misses_and_false_accepts_are_counted():
    """A word heard twice is one hit, one heard late is missed, what is heard elsewhere is false."""
    speech = speech_of(["alexa", "other", "alexa", "alexa"], (1.0, 4.0, 7.0, 12.0), (2.0, 5.0, 8.0, 13.0))
    assert counted(speech, np.array([1.9, 2.5, 4.5, 9.5])) == (3, 1, 2, "hmm")
    assert counted(speech, np.array([])) == (3, 0, 0, "mmm")
    assert counted(speech, np.array([1.5]), split="train") == (0, 0, 0, "")
    assert speech.seconds_without() == pytest.approx(20 - 3 * 2.0)


def test_speech_is_placed_at_its_level():
    """Each word has the RMS asked for in its loudest half second; nobody speaks where the mask says so."""
    rng = np.random.default_rng(0)
    words = [Word("alexa", rng.standard_normal(RATE)), Word("other", 0.01 * rng.standard_normal(RATE))]
    speech = spoken(words, Room(), 0.02, rng)
    for start, end in zip(speech.starts_s, speech.ends_s, strict=True):
        assert loudest_rms(speech.samples[round(start * RATE) : round(end * RATE)]) == pytest.approx(0.02)
    assert np.abs(speech.samples[silent_mask(speech)]).max() < 1e-3


def test_drive_is_found_for_a_loudness():
    """Between the measured drives by straight lines, at the end the largest one."""
    curve = Loudness(np.array([-10.0, 0.0, 10.0]), np.array([-40.0, -30.0, -25.0]))
    assert curve.drive_for(-35.0) == pytest.approx(-5.0)
    assert curve.drive_for(-10.0) == pytest.approx(10.0)


def row(name, volume, bass, distortion, missed):
    """A row with what the verdicts read."""
    return {
        "processor": name, "volume_db": volume, "bass_db": bass, "distortion_percent": distortion,
        "loudness_lufs": volume, "wanted_lufs": volume + (3.0 if name == "none" else 0.0),
        "ear_missed": missed, "ear_words": 100,
        "ear_each": "m" * missed + "h" * (100 - missed),
        "ear_missed_without_music": 3,
    }  # fmt: skip


def at_equal_bass(volume):
    """What a row knows about equal bass; the match failed at -20 dB."""
    ratio = {"equal_bass_ratio": 0.4, "equal_bass_ratio_low": 0.3, "equal_bass_ratio_high": 0.6}
    error = 0.5 * (volume == -20.0)
    distortion = {"equal_distortion_bass_db": 3.0, "equal_distortion_error_db": error}
    return ratio | distortion | {"equal_bass_trim_db": -1.0, "equal_bass_error_db": error}


def test_verdicts_say_what_rows_say():
    """Bass, distortion, misses and missing loudness of invented rows come back as invented."""
    rows = []
    for k, volume in enumerate((-20.0, -10.0, 0.0)):
        rows += [
            row("conventional", volume, -30.0 + 10 * k, 2.0 * (k + 1), 20),
            row("tuned", volume, -24.0 + 10 * k, 2.0 * (k + 1), 10) | at_equal_bass(volume),
            row("none", volume, -30.0 + 10 * k, 2.0 * (k + 1), 5),
        ]
    text = "\n".join(verdicts(rows, ["ear"]))
    assert "tuned against conventional: 0 dB: +6.0 dB of bass, distortion x 1.00" in text
    assert "until it distorts as conventional: 0 dB: +3.0 dB of bass; -10 dB: +3.0 dB of bass" in text
    assert "-20 dB: +3.0 dB of bass, 0.5 dB beside it." in text
    assert "bass of tuned trimmed to that of conventional: distortion 0 dB: x 0.40 (95 % 0.30" in text
    assert "0.60, trim -1.0 dB); -10 dB: x 0.40" in text
    assert "0.60, trim -1.0 dB, 0.5 dB beside it)." in text
    assert "tuned missed 10 of 100, conventional 20 (-50 %, 95 % interval" in text
    assert "by volume never more than conventional" in text
    assert "more than none at -20, -10, 0 dB" in text
    assert "ear misses 3 of 100 with no music at all" in text
    assert "none stays below the loudness asked for by 3.0 LU" in text


def test_nothing_missed_leaves_nothing_to_change():
    """Where the other missed no word there is no percentage, and none is made up."""
    rows = [row(name, volume, -30.0, 2.0, 0) for volume in (-10.0, 0.0) for name in ("conventional", "tuned")]
    text = "\n".join(verdicts([r | at_equal_bass(0.0) for r in rows], ["ear"]))
    assert "tuned missed 0 of 100, conventional 0; by volume never more" in text
    assert "nan" not in text


def test_the_interval_of_a_change_is_one():
    """Nothing between twins; around the change that was made, and narrower for more words."""
    some = "mhhhmhhhhh" * 10
    assert change_interval([some], [some]) == (0.0, 0.0)
    assert np.isnan(change_interval([some], ["h" * 100])).all()
    fewer = some.replace("mhhhm", "hhhhm")
    low, high = change_interval([fewer], [some])
    assert low < -50 < high < 0
    narrow = change_interval([10 * fewer], [10 * some])
    assert low < narrow[0] < -50 < narrow[1] < high


class Ear:
    """A detector that hears a word where the sound is loud."""

    name, threshold = "ear", 0.5

    def scores(self, x):
        """Loudness of 100 ms pieces as a score."""
        size = RATE // 10
        level = np.square(x[: len(x) // size * size]).reshape(-1, size).mean(axis=1)
        return (np.arange(len(level)) + 1) * 0.1, (level > 1e-4).astype(float)


def small_experiment(folder, seed=1):
    """Two processors, one volume, one word, a few seconds."""
    rng = np.random.default_rng(0)
    plan = Plan((-20.0,), measured_seconds=1.0, echo_seconds=1.0, extra_drive_db=0.0, seed=seed)
    materials = Materials(
        {"none": None, "conventional": load_preset("conventional"), LINEAR: None},
        synthesised(1, 1.0, 1),
        [Word("alexa", rng.standard_normal(RATE))],
        KalmanCanceller(),
        [(Ear(), None)],
    )  # fmt: skip
    return Experiment(plan, BENCH, materials, folder)


def test_an_experiment_runs_and_resumes(tmp_path):
    """Equal loudness, echo cancelled; a second run measures nothing; other settings are refused."""
    rows = small_experiment(tmp_path).run()
    assert {r["processor"] for r in rows} == {"none", "conventional", LINEAR}
    assert abs(rows[0]["loudness_lufs"] - rows[1]["loudness_lufs"]) < 1.0
    assert all(r["erle_db"] > 15 and r["ear_words"] == 1 for r in rows)
    assert (tmp_path / "results.csv").read_text().count("\n") == 4
    marked = tmp_path / "points" / "none_-20.json"
    marked.write_text(json.dumps(json.loads(marked.read_text()) | {"bass_db": 123.0}))
    assert small_experiment(tmp_path).run()[0]["bass_db"] == 123.0
    with pytest.raises(BandwiseError, match="other settings"):
        small_experiment(tmp_path, seed=2)


def test_unprocessed_drive_is_the_volume():
    """None is driven by volume plus full drive; others as their curve says."""
    drives = Drives(Plan(), BENCH, Materials({}, [], [], KalmanCanceller()), np.zeros(1))
    curve = Loudness(np.array([-30.0, 6.0]), np.array([-50.0, -14.0]))
    softer = Loudness(np.array([-30.0, 6.0]), np.array([-53.0, -17.0]))
    curves = {"none": curve, "soft": softer}
    assert drives.drive_db("none", -10.0, curves) == pytest.approx(-4.0)
    assert drives.drive_db("soft", -10.0, curves) == pytest.approx(-1.0)


def test_a_preset_of_another_device_is_not_taken_over(tmp_path):
    """What stands in the folder was tuned by hand or to something else: it is neither used nor replaced."""
    (tmp_path / "tuned.toml").write_text("cutoffs_hz = [100]\n")
    bench, pieces = Bench(DRIVERS["nd65-4"], Amplifier()), synthesised(2, 1.0, 1)
    with pytest.raises(BandwiseError, match="tuned to something else"):
        tuned_for(tmp_path, bench, Plan((0.0,)), pieces, None)
    assert (tmp_path / "tuned.toml").read_text() == "cutoffs_hz = [100]\n"


@pytest.mark.parametrize("text", ["-41", "0,0", "1", "", "loud"])
def test_volumes_that_mean_nothing_are_refused(text):
    """Too soft for the gate of loudness meters, twice the same, above full scale, no numbers."""
    with pytest.raises(BandwiseError, match="-40 to 0"):
        volumes_of(text)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (None, "no MANIFEST.csv"),
        ("name,bass_heavy\na.wav,yes\n", "column path"),
        ("path,bass_heavy\na.wav,yes\n", "does not exist"),
        ("path,bass_heavy\ntext.wav,yes\n", "not audio"),
        ("path,bass_heavy\na.wav,no\n", "strong bass"),
    ],
)
def test_faulty_folders_of_music_are_told(tmp_path, manifest, says):
    """What is missing, and where."""
    (tmp_path / "text.wav").write_text("no sound at all")
    if manifest:
        (tmp_path / "MANIFEST.csv").write_text(manifest)
    with pytest.raises(BandwiseError, match=says):
        recorded(tmp_path, 5.0)


def test_the_end_of_a_trim_is_not_told_as_a_result():
    """Where distortion would allow more bass than the trim goes, the bass is a bound."""
    rows = [row(name, 0.0, -1.0, 5.0, 0) for name in ("conventional", "tuned")]
    rows[1] |= {
        "equal_distortion_trim_db": 12.0,
        "equal_distortion_error_db": 5.5,
        "equal_distortion_gap_db": 5.5,
        "equal_distortion_bass_db": 3.7,
        "equal_distortion_ends": "yes",
    }
    told = " ".join(verdicts(rows, []))
    assert "0 dB: more than +3.7 dB of bass (there the trim ends, at +12 dB, and distortion is 5.5 dB" in told
