"""The log of a training run, a record per line, and its picture."""

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class Log:
    """`log.jsonl` and `losses.png` of a run, and the caller's `report`."""

    def __init__(self, folder: Path, report: Callable[[Record], None]) -> None:
        self.path = folder / "log.jsonl"
        self.report = report
        if self.path.is_file() and self.path.read_bytes()[-1:] not in {b"", b"\n"}:
            with self.path.open("a") as file:  # a run was killed while it wrote
                file.write("\n")

    def write(self, record: Record) -> None:
        """Append one record."""
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")
        self.report(record)

    def plot(self) -> None:
        """Redraw the curves of training and validation, if matplotlib is installed."""
        with suppress(ImportError):
            from bandwise.training.curves import plot_losses

            if self.path.exists():
                plot_losses(self.path, self.path.with_name("losses.png"))
