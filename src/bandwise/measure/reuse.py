"""Scores of earlier runs, for what has not changed: the same samples through the same version of a peer."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import nan
from pathlib import Path

from bandwise.errors import BandwiseError
from bandwise.measure.pairs import Pair, metadata
from bandwise.measure.rows import NOISY, Row

ON_CLEAN = " on clean"
"""Ends the name of a system in a CSV where it heard clean speech."""


class Memory:
    """Rows by what went in and what it went through.

    Only the noisy signal and systems that state their version are remembered, and rows with all of `keys`.
    """

    def __init__(self, rows: Iterable[Row] = (), keys: Iterable[str] = ()) -> None:
        self._keys = tuple(keys)
        self._rows = {(r.digest, r.system, r.version): r for r in rows if set(self._keys) <= set(r.scores)}

    def recall(self, pair: Pair, system: str, version: str) -> Row | None:
        """The row of this pair through this version of the system, if it is known, with `keys` alone."""
        if not self._rows or not (version or system == NOISY):
            return None
        row = self._rows.get((pair.digest, system, version))
        return row and replace(row, scores={key: row.scores[key] for key in self._keys}, **metadata(pair))


def read_rows(path: Path) -> list[Row]:
    """The rows of a CSV that `tables.write_csv` wrote; scores that are empty there are NaN.

    Raises:
        BandwiseError: it cannot be read, or has other columns.
    """
    try:
        with path.open(newline="", encoding="utf-8") as lines:
            return [_row(fields) for fields in csv.DictReader(lines)]
    except (OSError, KeyError, ValueError, csv.Error) as error:
        raise BandwiseError(
            f"{path}: not readable as scores ({error}); a CSV of bandwise evaluate is; check the path"
        ) from error


def _row(fields: Mapping[str, str]) -> Row:
    if None in fields or None in fields.values():
        raise ValueError("a line has too many fields, or too few")
    text = {key: fields[key] for key in ("name", "language", "noise", "room", "digest", "version")}
    scores = {key: float(value or nan) for key, value in fields.items() if key not in Row.__annotations__}
    return Row(
        system=fields["system"].removesuffix(ON_CLEAN),
        snr_db=float(fields["snr_db"]) if fields["snr_db"] else None,
        seconds=float(fields["seconds"]),
        lag_samples=int(fields["lag_samples"]),
        scores=scores,
        **text,
    )
