"""What a reader of `bandwise evaluate` must know beside the means, a line each."""

from collections import Counter
from collections.abc import Sequence

from bandwise.measure import tables
from bandwise.measure.rows import Row


def lag_notes(rows: Sequence[Row]) -> list[str]:
    """One line for every system whose output did not line up with the clean signal."""
    notes = []
    for system in dict.fromkeys(row.system for row in rows):
        lags = sorted(row.lag_samples for row in rows if row.system == system and row.lag_samples)
        if lags:
            median = lags[len(lags) // 2]
            notes.append(f"{system} lagged in {len(lags)} recordings (median {median} samples); put right")
    return notes


def gap_notes(rows: Sequence[Row]) -> list[str]:
    """One line for every mean that lacks recordings which the noisy signal has a score for."""
    gaps = Counter(gap for row, before in tables.beside_noisy(rows) for gap in _gaps(row, before))
    return [
        f"{system} has no finite {key} in {n} recordings; left out of its mean"
        for (system, key), n in gaps.items()
    ]


def _gaps(row: Row, before: Row) -> list[tuple[str, str]]:
    return [
        (row.system, key)
        for key, value in tables.finite(before.scores).items()
        if value is not None and tables.finite(row.scores)[key] is None
    ]
