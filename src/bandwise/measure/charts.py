"""Pictures of an evaluation: means over SNR, and spectrograms side by side. Needs matplotlib."""

from collections.abc import Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandwise.measure.figures import new_figure
from bandwise.measure.tables import ALL, Summary, Titles

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FLOOR_DB = -90.0
RANGE_DB = 80.0


def evaluation_chart(path: Path, summaries: Sequence[Summary], titles: Titles) -> None:
    """One panel per measure: a line per system over the groups, `all` apart; whiskers are 95 % intervals."""
    groups = list(dict.fromkeys(s.group for s in summaries))
    systems = list(dict.fromkeys(s.system for s in summaries))
    columns = 2 if len(titles) == 4 else min(3, len(titles))
    figure = new_figure(4 * columns, 3 * ceil(len(titles) / columns))
    for index, (key, (title, _)) in enumerate(titles.items()):
        axes = figure.add_subplot(ceil(len(titles) / columns), columns, index + 1)
        for offset, system in enumerate(systems):
            own = [s for s in summaries if s.metric == key and s.system == system]
            _draw_means(axes, own, 0.08 * (offset - (len(systems) - 1) / 2), colour=f"C{offset}")
        axes.set_title(title)
        axes.set_xlabel("SNR")
        axes.set_xticks(range(len(groups)), groups)
        axes.grid(visible=True, axis="y", alpha=0.3)
    lines = figure.axes[0].get_legend_handles_labels()
    figure.legend(*lines, loc="outside lower center", ncols=min(6, len(systems)), fontsize="small")
    figure.savefig(path)


def spectrogram_grid(path: Path, signals: Mapping[str, NDArray[Any]], sample_rate: int) -> None:
    """One spectrogram per signal, on one scale of colours, 80 dB deep from the loudest point of all."""
    levels = {name: spectrogram_db(x) for name, x in signals.items()}
    top_db = max(float(level.max()) for level in levels.values())
    columns = 2 if len(levels) > 1 else 1
    figure = new_figure(7 * columns, 2.6 * ceil(len(levels) / columns))
    for index, (name, level) in enumerate(levels.items()):
        axes = figure.add_subplot(ceil(len(levels) / columns), columns, index + 1)
        seconds = len(signals[name]) / sample_rate
        image = axes.imshow(
            level.T, origin="lower", aspect="auto", cmap="magma", vmin=top_db - RANGE_DB, vmax=top_db,
            extent=(0, seconds, 0, sample_rate / 2000), interpolation="nearest",
        )  # fmt: skip
        axes.set_title(name)
        axes.set_ylabel("kHz")
    figure.axes[-1].set_xlabel("s")
    figure.colorbar(image, ax=figure.axes, label="dB", shrink=0.6)
    figure.savefig(path)


def spectrogram_db(x: NDArray[Any], window_samples: int = 1024) -> NDArray[np.float64]:
    """Levels `[frames, window_samples / 2 + 1]` in dB, a full-scale sine at 0; Hann windows, hop 1/4."""
    padded = np.pad(np.asarray(x, dtype=np.float64), (0, max(0, window_samples - len(x))))
    frames = np.lib.stride_tricks.sliding_window_view(padded, window_samples)[:: window_samples // 4]
    window = np.hanning(window_samples)
    amplitudes = np.abs(np.fft.rfft(frames * window)) * 2 / window.sum()
    levels: NDArray[np.float64] = np.maximum(FLOOR_DB, 20 * np.log10(np.maximum(amplitudes, 1e-12)))
    return levels


def _draw_means(axes: "Axes", own: Sequence[Summary], offset: float, colour: str) -> None:
    """Means of one system: joined by a line over the groups, `all` standing apart."""
    places = np.arange(len(own)) + offset
    values = [s.mean.value for s in own]
    whiskers = [s.mean.half_width if s.mean.count > 1 else 0.0 for s in own]
    joined = sum(s.group != ALL for s in own)
    axes.plot(places[:joined], values[:joined], color=colour)
    axes.errorbar(places, values, whiskers, fmt="o", color=colour, capsize=3, label=own[0].system)
