"""Rows of scores as means with confidence intervals, as a table for the terminal and as CSV."""

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bandwise.measure.intervals import Mean, mean_of
from bandwise.measure.rows import NOISY, Row

if TYPE_CHECKING:
    from rich.table import Table

ALL = "all"
Titles = Mapping[str, tuple[str, int]]


@dataclass(frozen=True)
class Summary:
    """One measure of one system over one group of pairs; `gain` is the mean of (system - noisy) per pair."""

    group: str
    metric: str
    system: str
    mean: Mean
    gain: Mean | None


def by_snr(row: Row) -> str:
    """Group rows by the SNR that was asked for; rows without one have no group of their own."""
    return "" if row.snr_db is None or not isfinite(row.snr_db) else f"{row.snr_db:g} dB"


def by_language(row: Row) -> str:
    """Group rows by the language spoken."""
    return row.language


def summarise(rows: Sequence[Row], group_of: Callable[[Row], str] = by_snr) -> list[Summary]:
    """Means per group, measure and system; the group "all" comes last.

    A score that is infinite or undefined for one system is left out for that system alone; a gain needs both.
    """
    metrics = list(dict.fromkeys(key for row in rows for key in row.scores))
    systems = list(dict.fromkeys(row.system for row in rows))
    groups = sorted({group_of(row) for row in rows} - {""}, key=_natural)
    return [
        _summary(group, metric, system, [row for row in rows if group in {ALL, group_of(row)}])
        for group in ([*groups, ALL] if rows else [])
        for metric in metrics
        for system in systems
    ]


def _summary(group: str, metric: str, system: str, members: Sequence[Row]) -> Summary:
    own = [row for row in members if row.system == system]
    gains = [
        row.scores[metric] - before.scores[metric]
        for row, before in beside_noisy(members)
        if row.system == system
    ]
    mean = mean_of(row.scores[metric] for row in own)
    return Summary(group, metric, system, mean, mean_of(gains) if gains else None)


def beside_noisy(rows: Sequence[Row]) -> list[tuple[Row, Row]]:
    """Every row of a system beside the row of the noisy signal that it was made of, where there is one."""
    before = {row.name: row for row in rows if row.system == NOISY}
    return [(row, before[row.name]) for row in rows if row.system != NOISY and row.name in before]


def in_pieces(summaries: Sequence[Summary], most: int = 7) -> list[list[Summary]]:
    """The same, cut where a table would be too wide: at most so many groups in each piece."""
    groups = list(dict.fromkeys(s.group for s in summaries))
    cuts = [groups[at : at + most] for at in range(0, len(groups), most)]
    return [[s for s in summaries if s.group in cut] for cut in cuts]


def table(summaries: Sequence[Summary], titles: Titles, title: str) -> "Table":
    """A rich table: a block of lines per measure (each system, its gain over noisy), a column per group."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    groups = list(dict.fromkeys(s.group for s in summaries))
    systems = list(dict.fromkeys(s.system for s in summaries))
    cells = {(s.group, s.metric, s.system): s for s in summaries}
    grid = Table(title=title, title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    grid.add_column("measure", no_wrap=True)
    grid.add_column("system")
    for group in groups:
        count = max(s.mean.count for s in summaries if s.group == group)
        grid.add_column(f"{group} ({count})", justify="right")
    for key, (name, digits) in titles.items():
        for line, system in enumerate(systems):
            own = [cells[group, key, system] for group in groups]
            grid.add_row(name if line == 0 else "", system, *(shown(s.mean, digits) for s in own))
            if any(s.gain for s in own):
                grid.add_row("", "  gain", *(shown(s.gain, digits, sign="+") for s in own), style="bold")
        grid.add_section()
    return grid


def ladder_table(summaries: Sequence[Summary], titles: Titles, title: str, *, gains: bool = False) -> "Table":
    """A rich table with one line per system: all measures over all pairs, then the first per group.

    With `gains` it holds what every system gains over the noisy signal, pair by pair, in place of the means.
    """
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    systems = list(dict.fromkeys(s.system for s in summaries))
    first = next(iter(titles), "")
    groups = [group for group in dict.fromkeys(s.group for s in summaries) if group != ALL]
    columns = [(ALL, key) for key in titles]
    if len(groups) > 1:
        columns += [(group, first) for group in groups]
    cells = {(s.group, s.metric, s.system): s for s in summaries}
    grid = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    grid.add_column("", no_wrap=True)
    for group, key in columns:
        grid.add_column(titles[key][0] if group == ALL else f"{titles[key][0]} {group}", justify="right")
    for system in systems:
        own = [(cells[g, key, system], titles[key][1]) for g, key in columns]
        if not gains:
            grid.add_row(system, *(shown(s.mean, digits) for s, digits in own))
        elif any(s.gain for s, _ in own):
            grid.add_row(system, *(shown(s.gain, digits, sign="+") for s, digits in own))
    return grid


def shown(mean: Mean | None, digits: int, sign: str = "") -> str:
    """`1.39 ±0.05`, or a dash where nothing was measured."""
    if mean is None or not mean.count:
        return "-"
    value = f"{mean.value:{sign}.{digits}f}"
    return f"{value} ±{mean.half_width:.{digits}f}" if mean.count > 1 else value


def write_csv(path: Path, rows: Iterable[Row], titles: Titles) -> None:
    """One line per pair and system; scores that are undefined are left empty."""
    about = ["name", "system", "snr_db", "language", "noise", "room", "seconds", "lag_samples"]
    fields = [*about, *titles, "digest", "version"]
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fields)
        writer.writeheader()
        writer.writerows({key: value for key, value in flat(row).items() if key in fields} for row in rows)


def flat(row: Row) -> dict[str, Any]:
    """A row as one level of plain values, None where undefined: for CSV and JSON, which know no NaN."""
    fields = {key: value for key, value in vars(row).items() if key != "scores"}
    if row.snr_db is not None and not isfinite(row.snr_db):
        fields["snr_db"] = None
    return fields | finite(row.scores)


def finite(scores: Mapping[str, float]) -> dict[str, float | None]:
    """The scores with None in place of NaN and infinity."""
    return {key: value if isfinite(value) else None for key, value in scores.items()}


def plain(summary: Summary) -> dict[str, Any]:
    """A summary as plain values for JSON."""
    place = {"group": summary.group, "measure": summary.metric, "system": summary.system}
    return place | _plain(summary.mean) | ({"gain": _plain(summary.gain)} if summary.gain else {})


def _plain(mean: Mean) -> dict[str, Any]:
    value, half = (x if isfinite(x) else None for x in (mean.value, mean.half_width))
    return {"mean": value, "half_width_95": half, "count": mean.count}


def _natural(group: str) -> tuple[float, str]:
    """Groups that start with a number by that number, the others by name, languages called nan included."""
    try:
        number = float(group.split(maxsplit=1)[0])
    except ValueError:
        number = inf
    return (number if isfinite(number) else inf), group
