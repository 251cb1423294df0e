"""The list of recordings in a folder of data: its MANIFEST.csv."""

import csv
from math import isfinite
from pathlib import Path

from bandwise.errors import BandwiseError

MANIFEST = "MANIFEST.csv"

Row = dict[str, str]


def manifest_rows(folder: Path, *columns: str) -> list[Row]:
    """The rows of the manifest in `folder`, every one with these columns.

    Raises:
        BandwiseError: without a manifest in UTF-8 or a column, or for a row that ends too early.
    """
    path = folder / MANIFEST
    if not path.is_file():
        raise BandwiseError(f"got {folder}, which has no {MANIFEST}; recordings are listed there; add one")
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            table = csv.DictReader(lines)
            titles, rows = table.fieldnames or (), list(table)
    except (UnicodeDecodeError, csv.Error) as error:
        raise BandwiseError(f"got {path}, which is no CSV in UTF-8 ({error}); save it as one") from None
    missing = [name for name in columns if name not in titles]
    if missing:
        raise BandwiseError(f"got {path} with no column {missing[0]}, which is needed; add it")
    if any(row[name] is None for row in rows for name in columns):
        raise BandwiseError(f"got {path} with a row that is too short; every column is needed; mend it")
    return rows


def recording_of(folder: Path, row: Row) -> Path:
    """The file that a row of the manifest in `folder` lists; raises `BandwiseError` where there is none."""
    path = folder / row["path"]
    if not path.is_file():
        raise BandwiseError(
            f"got {folder / MANIFEST} with {row['path']}, which does not exist in {folder}; "
            "a list names files that are there; mend it"
        )
    return path


def number_in(row: Row, name: str) -> float:
    """The number above 0 in a column of a row that has a `path`; else raises `BandwiseError`."""
    try:
        number = float(row[name])
    except ValueError:
        number = 0.0
    if not (number > 0 and isfinite(number)):
        raise BandwiseError(
            f"got {name} = {row[name]!r} of {row['path']}; a number above 0 is needed; mend it"
        )
    return number
