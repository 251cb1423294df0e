"""Scores as tables for a page: one line per system, means with 95 % confidence intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bandwise import markdown
from bandwise.measure.intervals import mean_of
from bandwise.measure.rows import Row
from bandwise.measure.tables import ALL, Titles, shown, summarise


def means_table(rows: Sequence[Row], titles: Titles, *, gains: bool = False) -> str:
    """All pairs together: a column per measure; with `gains` what each system gains over the noisy signal."""
    cells: dict[str, list[str]] = {}
    for summary in summarise(rows, lambda _row: ""):
        digits = titles[summary.metric][1]
        mean = summary.gain if gains else summary.mean
        if mean is not None:
            cells.setdefault(summary.system, []).append(shown(mean, digits, sign="+" if gains else ""))
    return _table(["", *(title for title, _ in titles.values())], cells)


def groups_table(rows: Sequence[Row], key: str, digits: int, group_of: Callable[[Row], str]) -> str:
    """One measure: a column per group, and one for all."""
    summaries = [s for s in summarise(rows, group_of) if s.metric == key]
    groups = list(dict.fromkeys(s.group for s in summaries))
    cells: dict[str, list[str]] = {}
    for group in groups:
        for s in (s for s in summaries if s.group == group):
            cells.setdefault(s.system, []).append(shown(s.mean, digits))
    return _table(["", *groups], cells)


def differences_table(rows: Sequence[Row], titles: Titles, base: str) -> str:
    """What every other system scores more than `base`, pair by pair; `base` heads it with its means."""
    beside = {row.name: row for row in rows if row.system == base}
    cells = {f"**{base}**": _means([row for row in rows if row.system == base], titles, sign="")}
    for system in dict.fromkeys(row.system for row in rows if row.system != base):
        own = [row for row in rows if row.system == system and row.name in beside]
        cells[system] = _means([_less(row, beside[row.name].scores) for row in own], titles, sign="+")
    return _table(["", *(title for title, _ in titles.values())], cells)


def _less(row: Row, other: Mapping[str, float]) -> Row:
    return replace(row, scores={key: value - other[key] for key, value in row.scores.items()})


def _means(rows: Sequence[Row], titles: Titles, sign: str) -> list[str]:
    return [
        shown(mean_of(row.scores[key] for row in rows), digits, sign) for key, (_, digits) in titles.items()
    ]


def _table(header: Sequence[str], cells: Mapping[str, Sequence[str]]) -> str:
    """GitHub's Markdown; the group of all goes by that name."""
    named = ("all" if title == ALL else title for title in header)
    return markdown.table(named, ([system, *values] for system, values in cells.items()))
