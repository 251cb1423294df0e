"""What the commands that measure share: lists of numbers, progress, tables, checks of where results go."""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bandwise import markdown
from bandwise.apps.report import note
from bandwise.errors import BandwiseError
from bandwise.measure.scorer import Scorer


def parse_snrs(text: str) -> tuple[float, ...]:
    """`"0,5,10"` as numbers, in decibels."""
    try:
        snrs_db = tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise BandwiseError(
            f"--snr {text}: not numbers; decibels with commas are; try --snr 0,5,10,15"
        ) from error
    if not all(-60 <= snr_db <= 100 for snr_db in snrs_db):
        raise BandwiseError(f"--snr {text}: out of range; -60 to 100 dB are allowed; try --snr 0,5,10,15")
    return snrs_db


@contextmanager
def progress(title: str, total: int | None) -> Iterator[Callable[[str], None]]:
    """Yield a function to call once per finished item; a bar on stderr shows it, if that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _name: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn(title),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)


def print_row(*cells: object) -> None:
    """A row of a Markdown table, at once."""
    print(markdown.row(*cells), flush=True)


def print_titles(*titles: str) -> None:
    """The two rows that begin a Markdown table."""
    print(markdown.head(*titles), flush=True)


def print_table(table: Any) -> None:
    """A rich table on stdout; a pipe or a file gets it unabridged."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=Console(width=10_000).measure(table).maximum)
    console.print(table)


def print_json(**values: Any) -> None:
    """One JSON object on stdout."""
    print(json.dumps(values, indent=2, allow_nan=False))


def check_folders(*paths: Path | None) -> None:
    """Raise BandwiseError at the start, not after an hour, if a result could not be written."""
    for path in paths:
        if path is not None and path.is_dir():
            raise BandwiseError(f"{path} is a folder; a result goes into a file; give its name")
        if path is not None and not path.absolute().parent.is_dir():
            raise BandwiseError(
                f"{path}: its folder does not exist; results go into existing ones; create it"
            )


def check_apart(outputs: Iterable[Path | None], inputs: Iterable[Path | None]) -> None:
    """Raise BandwiseError if a result would take the place of an input, or of another result."""
    taken = {os.path.realpath(path) for path in inputs if path is not None}
    for path in (path for path in outputs if path is not None):
        if os.path.realpath(path) in taken:
            raise BandwiseError(f"{path} is an input or another result; each needs its own name; choose one")
        taken.add(os.path.realpath(path))


def tell_missing(scorer: Scorer) -> None:
    """One line for every package whose measures are left out."""
    for line in scorer.missing():
        note(line)
