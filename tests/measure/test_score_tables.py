"""Tables for a page."""

from dataclasses import replace

from bandwise.measure.rows import Row
from bandwise.measure.score_tables import differences_table, groups_table, means_table
from bandwise.measure.tables import by_language, by_snr, summarise

TITLES = {"pesq": ("PESQ-wb", 2)}


def rows():
    """Two pairs through two systems; "b" gains 0.5 in the mean over "a", which gains 1 over noisy."""
    scores = {"noisy": (1.0, 2.0), "a": (2.0, 3.0), "b": (2.4, 3.6)}
    return [
        Row(f"p{i}", system, 5.0 * i, "", "", "", 1.0, 0, {"pesq": values[i]})
        for i in (0, 1)
        for system, values in scores.items()
    ]


def test_means_and_gains():
    """One line per system; noisy gains nothing over itself and has no line among the gains."""
    lines = means_table(rows(), TITLES).splitlines()
    assert lines[:2] == ["|  | PESQ-wb |", "| --- | --- |"]
    assert lines[2].startswith("| noisy | 1.50 ±")
    gains = means_table(rows(), TITLES, gains=True).splitlines()
    assert gains[2:] == ["| a | +1.00 ±0.00 |", "| b | +1.50 ±1.27 |"]


def test_groups_stand_side_by_side():
    """A column per SNR and one for all."""
    lines = groups_table(rows(), "pesq", 2, by_snr).splitlines()
    assert lines[0] == "|  | 0 dB | 5 dB | all |"
    assert lines[3].startswith("| a | 2.00 | 3.00 | 2.50 ±")


def test_differences_are_paired():
    """0.4 and 0.6 more: the interval is that of the differences, not of the means."""
    lines = differences_table(rows(), TITLES, "a").splitlines()
    assert lines[2].startswith("| **a** | 2.50 ±")
    assert lines[4] == "| b | +0.50 ±1.27 |"


def test_a_language_called_nan_is_a_name():
    """Southern Min has that code; as a number it would leave the order of groups to chance."""
    spoken = [replace(row, language=code) for code in ("nl", "nan", "de", "inf", "en") for row in rows()]
    groups = list(dict.fromkeys(s.group for s in summarise(spoken, by_language)))
    assert groups == ["de", "en", "inf", "nan", "nl", "all"]
