"""Pairs through systems: alignment, order, gains, and the processes that share the work."""

import csv

import numpy as np
import pytest

from bandwise.apps import measuring
from bandwise.errors import BandwiseError
from bandwise.measure import tables
from bandwise.measure.alignment import align
from bandwise.measure.pairs import Pair, read_pairs
from bandwise.measure.scorer import Scorer
from bandwise.measure.scoring import evaluate_pairs

SDR = Scorer(("si_sdr",))


def pairs_of(voice, snrs_db=(0.0, 10.0), each=3):
    """Pairs of one voice with white noise at known SI-SDR, at the rate of the scores so that none is lost."""
    rng = np.random.default_rng(0)
    for index in range(each * len(snrs_db)):
        snr_db = snrs_db[index % len(snrs_db)]
        noise = rng.standard_normal(len(voice)) * np.sqrt(np.mean(voice**2)) * 10 ** (-snr_db / 20)
        yield Pair(
            f"p{index}", voice, voice + noise.astype(np.float32), 16_000, snr_db, language="ab"[index % 2]
        )


@pytest.mark.parametrize("lag", [-700, -1, 0, 3, 480, 1440])
@pytest.mark.parametrize("sign", [1, -1])
def test_lag_is_found_and_removed(lag, sign, voice):
    """A delayed noisy copy, its sign turned or not, is moved back to where it was."""
    rng = np.random.default_rng(0)
    late = np.roll(voice, lag) + 0.3 * np.std(voice) * rng.standard_normal(len(voice)).astype(np.float32)
    aligned, found = align(voice, sign * late, 48_000)
    assert found == lag
    assert len(aligned) == len(voice)
    assert sign * np.corrcoef(aligned, voice)[0, 1] > 0.9


def test_aligned_output_is_left_alone(voice):
    """Noise does not make a lag out of none, nor does silence."""
    noisy = voice + np.random.default_rng(1).standard_normal(len(voice)).astype(np.float32) * np.std(voice)
    assert align(voice, noisy, 48_000)[1] == 0
    assert align(voice, np.zeros_like(voice), 48_000)[1] == 0


def test_gain_of_a_known_system(voice):
    """A system that removes three quarters of the noise's amplitude gains 12 dB of SI-SDR at every SNR."""
    clean = {pair.noisy.tobytes(): pair.clean for pair in pairs_of(voice)}

    def process(x, rate):
        return x - 0.75 * (x - clean[x.tobytes()])

    rows = evaluate_pairs(pairs_of(voice), process, scorer=SDR)
    summaries = tables.summarise(rows)
    assert [s.group for s in summaries if s.gain] == ["0 dB", "10 dB", "all"]
    for summary in summaries:
        if summary.gain:
            assert summary.gain.value == pytest.approx(20 * np.log10(4), abs=0.05)
        elif summary.group == "10 dB":
            assert summary.mean.value == pytest.approx(10, abs=0.1)


def test_systems_are_scored_in_their_order_and_languages_grouped(voice):
    """Noisy first, then the systems as named; groups by language count their own."""
    systems = {"same": lambda x, rate: x, "half": lambda x, rate: x / 2}
    rows = evaluate_pairs(pairs_of(voice), systems, scorer=SDR)
    assert [row.system for row in rows[:3]] == ["noisy", "same", "half"]
    assert rows[1].scores["si_sdr"] == pytest.approx(rows[2].scores["si_sdr"], abs=1e-3)
    by_language = tables.summarise(rows, tables.by_language)
    assert {(s.group, s.mean.count) for s in by_language} == {("a", 3), ("b", 3), ("all", 6)}


def test_two_processes_find_the_same(voice):
    """The rows and their order do not depend on the number of jobs."""
    alone, shared = (evaluate_pairs(pairs_of(voice), {}, scorer=SDR, jobs=jobs) for jobs in (1, 2))
    assert alone == shared


def test_system_that_changes_the_length_is_refused(voice):
    """Its name and both shapes are in the message."""
    with pytest.raises(BandwiseError, match="short made"):
        evaluate_pairs(pairs_of(voice), {"short": lambda x, rate: x[1:]}, scorer=SDR)


def test_system_that_makes_nan_is_refused(voice):
    """Before any measure stumbles over it."""
    with pytest.raises(BandwiseError, match="broken made NaN"):
        evaluate_pairs(pairs_of(voice), {"broken": lambda x, rate: x * np.nan}, scorer=SDR)


def test_unknown_measure_is_refused():
    """The message lists those that exist."""
    with pytest.raises(BandwiseError, match="pesq, stoi"):
        Scorer(("mos",))


def test_missing_package_leaves_its_measures_out_with_one_note(voice, monkeypatch):
    """STOI and ESTOI share a package: one line for both, and neither is scored."""
    monkeypatch.setattr("bandwise.measure.quality.find_spec", lambda name: None)
    scorer = Scorer()
    assert list(scorer(voice, voice, 48_000)) == ["si_sdr", "lsd_high"]
    notes = scorer.missing()
    assert len(notes) == 2
    assert "STOI, ESTOI left out" in notes[1]
    assert "pip install" in notes[1]


def test_csv_holds_every_row_and_no_nan(voice, tmp_path):
    """Undefined and infinite scores are empty cells."""
    rows = evaluate_pairs(pairs_of(voice), {"clean": lambda x, rate: voice}, scorer=SDR)
    tables.write_csv(tmp_path / "t.csv", rows, SDR.titles())
    with (tmp_path / "t.csv").open(newline="") as lines:
        read = list(csv.DictReader(lines))
    assert len(read) == 12
    assert {line["si_sdr"] for line in read if line["system"] == "clean"} == {""}


def test_pairs_are_matched_by_name(tmp_path, voice):
    """Whatever the suffix; what has no counterpart is left out, and other rates are refused."""
    import soundfile

    for folder, names in (("clean", ("a.wav", "b.flac", "c.wav")), ("noisy", ("a.flac", "b.wav", "d.wav"))):
        (tmp_path / folder / "deep").mkdir(parents=True)
        for name in (*names, "deep/a.wav"):
            soundfile.write(tmp_path / folder / name, voice[:4800], 48_000)
    assert [pair.name for pair in read_pairs(tmp_path / "clean", tmp_path / "noisy")] == ["a", "b", "deep/a"]
    soundfile.write(tmp_path / "noisy" / "a.flac", voice[:4800], 44_100)
    with pytest.raises(BandwiseError, match="44100 Hz"):
        list(read_pairs(tmp_path / "clean", tmp_path / "noisy"))


@pytest.mark.parametrize(
    ("name", "content"), [("none.wav", None), ("text.wav", b"hello"), ("empty.wav", b"")]
)
def test_bad_files_are_refused_in_one_line(tmp_path, name, content):
    """Missing, not audio, empty."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(BandwiseError) as caught:
        list(read_pairs(path, path))
    assert "\n" not in str(caught.value)


def test_a_table_of_many_languages_is_told_whole(voice, capsys):
    """Twenty groups are more than a terminal is wide: they come in pieces that leave no cell out."""
    rng = np.random.default_rng(0)
    pairs = [
        Pair(f"p{index}", voice, voice + rng.standard_normal(len(voice)).astype(np.float32) * 0.01, 16_000,
             language=f"language {index:02}")
        for index in range(20)
    ]  # fmt: skip
    rows = evaluate_pairs(iter(pairs), {"as it is": lambda x, _: x}, scorer=SDR, jobs=1)
    summaries = tables.summarise(rows, tables.by_language)
    pieces = tables.in_pieces(summaries)
    assert len(pieces) == 3
    for piece in pieces:
        measuring.print_table(tables.table(piece, SDR.titles(), "clean"))
    told = capsys.readouterr().out
    assert "…" not in told
    assert all(f"language {index:02} (1)" in told for index in range(20))
