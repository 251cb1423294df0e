"""The picture a user sees first: a recording before and after. Needs matplotlib."""

from math import log2
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.measure.charts import spectrogram_db
from bandwise.measure.figures import new_figure

RANGE_DB = 80.0
TICKS_KHZ = (0.1, 0.25, 0.5, 1, 2, 4, 8, 16, 32, 64)


def before_and_after(before: NDArray[Any], after: NDArray[Any], sample_rate: int, path: str | Path) -> None:
    """Draw two spectrograms under each other on the same axes and the same colours, as a PNG.

    Frequencies are spaced as the ear spaces them, so that the harmonics of a voice can be seen.

    Args:
        before: (frames,) in [-1, 1].
        after: (frames,) aligned with `before`.
        sample_rate: of both, in Hz.
        path: of the picture.
    """
    levels = [
        ear_spaced(spectrogram_db(x, _window_samples(sample_rate)), sample_rate) for x in (before, after)
    ]
    top_db = max(float(np.max(level)) for level in levels)
    ticks_khz = [tick for tick in TICKS_KHZ if 2000 * tick <= sample_rate]
    figure = new_figure(9, 5.2)
    panels = figure.subplots(2, 1, sharex=True, sharey=True)
    for axes, level, title in zip(panels, levels, ("before", "after"), strict=True):
        image = axes.imshow(
            level.T,
            origin="lower",
            aspect="auto",
            cmap="magma",
            vmin=top_db - RANGE_DB,
            vmax=top_db,
            extent=(0, len(before) / sample_rate, 0, erb_rate(sample_rate / 2)),
        )
        axes.set_title(title, loc="left", fontsize="medium")
        axes.set_yticks([erb_rate(1000 * tick) for tick in ticks_khz], [f"{tick:g}" for tick in ticks_khz])
        axes.set_ylabel("kHz")
    panels[-1].set_xlabel("s")
    figure.colorbar(image, ax=panels, label="dB", pad=0.01, aspect=40)
    figure.savefig(path, format="png")


def erb_rate(hz: ArrayLike) -> Any:
    """Number of equivalent rectangular bandwidths below a frequency (Glasberg and Moore, 1990, eq. 4)."""
    return 21.4 * np.log10(1 + 0.00437 * np.asarray(hz))


def ear_spaced(levels_db: NDArray[np.float64], sample_rate: int, rows: int = 400) -> NDArray[np.float64]:
    """[frames, bins] even in Hz -> [frames, rows] even in ERB rate; of bins in one row the loudest shows."""
    bins = levels_db.shape[1]
    edges_hz = (10 ** (np.linspace(0, erb_rate(sample_rate / 2), rows + 1) / 21.4) - 1) / 0.00437
    edges = np.clip(edges_hz / (sample_rate / 2) * (bins - 1), 0, bins - 1)
    first = np.rint(edges[:-1]).astype(int)
    last = np.maximum(first + 1, np.rint(edges[1:]).astype(int))
    return np.stack([levels_db[:, a:b].max(axis=1) for a, b in zip(first, last, strict=True)], axis=1)


def _window_samples(sample_rate: int) -> int:
    """About 40 ms, a power of two: long enough to part the harmonics of a low voice."""
    return 1 << round(log2(0.04 * sample_rate))
