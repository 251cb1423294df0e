"""Scores that are known already: taken where nothing changed, and nowhere else."""

from dataclasses import replace

import numpy as np
import pytest

from bandwise.errors import BandwiseError
from bandwise.measure import tables
from bandwise.measure.pairs import Pair
from bandwise.measure.reuse import read_rows
from bandwise.measure.scorer import Scorer
from bandwise.measure.scoring import evaluate_pairs

SDR = Scorer(("si_sdr",))


class Counting:
    """A system of a stated version that counts its calls."""

    def __init__(self, version):
        self.version, self.calls = version, 0

    def __call__(self, x, sample_rate):
        self.calls += 1
        return x / 2


@pytest.fixture
def pair(voice):
    """A voice in white noise."""
    noise = np.random.default_rng(0).standard_normal(len(voice)).astype(np.float32)
    return Pair("p", voice, voice + np.std(voice) * noise, 48_000, 0.0)


def test_known_rows_come_back_from_a_csv(pair, tmp_path):
    """The second run calls nothing, and its rows are those of the first."""
    system = Counting("1")
    rows = evaluate_pairs([pair], {"peer": system}, scorer=SDR)
    tables.write_csv(tmp_path / "t.csv", rows, SDR.titles())
    again = evaluate_pairs([pair], {"peer": system}, scorer=SDR, known=read_rows(tmp_path / "t.csv"))
    assert system.calls == 1
    assert again == rows


def test_known_rows_take_the_names_and_measures_of_now(pair):
    """The same samples under another name, and more measures known than are asked for."""
    known = evaluate_pairs([pair], {"peer": Counting("1")}, scorer=Scorer(("si_sdr", "lsd_high")))
    renamed = replace(pair, name="q", snr_db=5.0)
    again = evaluate_pairs([renamed], {"peer": Counting("1")}, scorer=SDR, known=known)
    assert {(row.name, row.snr_db, *row.scores) for row in again} == {("q", 5.0, "si_sdr")}


@pytest.mark.parametrize("change", ["version", "no version", "samples", "measures"])
def test_what_changed_is_measured_again(pair, change):
    """Another version, none at all, other samples or one more measure: the old score is not taken."""
    known = evaluate_pairs([pair], {"peer": Counting("1")}, scorer=SDR)
    if change == "no version":
        known = [replace(row, version="") for row in known]
    system = Counting({"version": "2", "no version": ""}.get(change, "1"))
    heard = replace(pair, noisy=pair.noisy * 2) if change == "samples" else pair
    scorer = Scorer(("si_sdr", "lsd_high")) if change == "measures" else SDR
    evaluate_pairs([heard], {"peer": system}, scorer=scorer, known=known)
    assert system.calls == 1


@pytest.mark.parametrize("content", [None, "a,b\n1,2\n", "a,b\n1,2,3\n"])
def test_other_files_are_refused(tmp_path, content):
    """No file, or no scores in it: one line, not a traceback."""
    path = tmp_path / "t.csv"
    if content:
        path.write_text(content)
    with pytest.raises(BandwiseError, match="not readable as scores"):
        read_rows(path)
