"""The picture of a training run, drawn from its log."""

import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

LOSSES = (
    "gain_loss",
    "strength_loss",
    "spectral_loss",
    "disturbance",
    "unintelligibility",
    "error_db",
)


def _whole(log: Path) -> Iterator[dict[str, Any]]:
    """The records that were written to their end, as where a run was killed one may not be."""
    for line in log.read_text().splitlines():
        with suppress(ValueError):
            yield json.loads(line)


def plot_losses(log: Path, picture: Path) -> None:
    """Draw all losses over updates, training faint, from a `log.jsonl` to a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    records = list(_whole(log))
    losses = [name for name in LOSSES if all(name in r for r in records)]
    figure = Figure(figsize=(4.5 * len(losses), 4), layout="constrained")
    FigureCanvasAgg(figure)
    for axes, name in zip(figure.subplots(1, len(losses)), losses, strict=True):
        for kind, style in (("train", {"alpha": 0.35}), ("valid", {"marker": "."})):
            chosen = [r for r in records if r["kind"] == kind]
            axes.plot([r["update"] for r in chosen], [r[name] for r in chosen], label=kind, **style)
        positive = all(r[name] > 0 for r in records)
        axes.set(title=name.replace("_", " "), xlabel="updates", yscale="log" if positive else "linear")
        axes.grid(alpha=0.3, which="both")
        axes.legend()
    figure.savefig(picture, dpi=110)
