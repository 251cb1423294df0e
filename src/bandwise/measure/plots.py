"""The picture a user sees first: a recording before and after. Needs matplotlib."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.measure.charts import spectrogram_db

RANGE_DB = 80.0


def require_matplotlib() -> None:
    """Raise `BandwiseError` with the remedy where matplotlib is missing."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise BandwiseError(
            "a plot was asked for; matplotlib draws it and is not installed; pip install 'bandwise[plot]'"
        )


def before_and_after(
    before: NDArray[Any],
    after: NDArray[Any],
    sample_rate: int,
    path: str | Path,
    titles: tuple[str, str] = ("before", "after"),
) -> None:
    """Draw two spectrograms under each other on the same axes and the same colours, as a PNG.

    Args:
        before: (frames,) in [-1, 1].
        after: (frames,) aligned with `before`.
        sample_rate: of both, in Hz.
        path: of the picture.
        titles: what stands above each half.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    levels = [spectrogram_db(x) for x in (before, after)]
    top_db = max(float(np.max(level)) for level in levels)
    figure = Figure(figsize=(9, 5.2), layout="constrained", dpi=120)
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    for axes, level, title in zip(panels, levels, titles, strict=True):
        image = axes.imshow(
            level.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=top_db - RANGE_DB,
            vmax=top_db,
            extent=(0, len(before) / sample_rate, 0, sample_rate / 2000),
        )
        axes.set_title(title, loc="left", fontsize="medium")
        axes.set_ylabel("kHz")
    panels[-1].set_xlabel("s")
    figure.colorbar(image, ax=panels, label="dB", pad=0.01, aspect=40)
    figure.savefig(path, format="png")
