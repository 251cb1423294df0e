"""One recording as it is and through presets, measured and drawn at equal loudness; presets on test tones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.store import load_settings
from bandwise.measure.distortion import (
    ccif_intermodulation,
    harmonic_distortion,
    multitone_distortion,
    programme_distortion,
    smpte_intermodulation,
)
from bandwise.measure.figures import new_figure
from bandwise.measure.loudness import (
    bass_level_db,
    columns,
    crest_factor_db,
    integrated_loudness,
    true_peak_db,
)
from bandwise.stream import whole

TONE_TITLES = [
    "THD 60 Hz", "THD+N 60 Hz", "THD 100 Hz", "THD+N 100 Hz", "THD 1 kHz", "THD+N 1 kHz",
    "SMPTE", "CCIF", "multitone",
]  # fmt: skip


@dataclass(frozen=True)
class Programme:
    """A recording, or what a preset made of it, with its figures."""

    name: str
    samples: NDArray[np.float64]
    sample_rate: int
    loudness_lufs: float
    true_peak_dbtp: float
    crest_db: float
    bass_db: float
    distortion_percent: float | None
    """Of its first channel through the preset alone; None without a preset."""

    def cells(self, reference: "Programme") -> list[str]:
        """The row of a table; the bass level also at the loudness of `reference`."""
        equal = self.bass_db + reference.loudness_lufs - self.loudness_lufs
        figures = (self.loudness_lufs, self.true_peak_dbtp, self.crest_db, self.bass_db)
        return [self.name, *map(cell, (*figures, self.distortion_percent, equal))]


def cell(value: float | None, digits: int = 2) -> str:
    """A number, or a dash for what silence and too short a sound have none of."""
    return f"{value:.{digits}f}" if value is not None and np.isfinite(value) else "-"


def measured(
    name: str, x: NDArray[Any], sample_rate: int, *, preset: Any = None, gain_db: float = 0.0
) -> Programme:
    """Measure x, or what a preset makes of x behind a gain.

    Args:
        name: what to call it.
        x: (frames, channels) in [-1, 1].
        sample_rate: Hz.
        preset: None, or whatever names settings.
        gain_db: in front of the preset.
    """
    samples, distortion = columns(x), None
    if preset is not None:
        settings = load_settings(preset, sample_rate)
        samples = samples * 10 ** (gain_db / 20)
        first = MultibandDynamics(settings.mono(), sample_rate)
        distortion = programme_distortion(lambda y: whole(first, y), samples[:, 0], sample_rate)
        samples = whole(MultibandDynamics(settings, sample_rate, samples.shape[1]), samples)
    return Programme(
        name,
        samples,
        sample_rate,
        integrated_loudness(samples, sample_rate),
        true_peak_db(samples, sample_rate),
        crest_factor_db(samples),
        bass_level_db(samples, sample_rate),
        distortion,
    )


def tone_table(preset: Any, levels_db: Sequence[float]) -> list[tuple[float, list[float]]]:
    """For each level the figures of `TONE_TITLES` in percent, at 48 kHz."""
    processor = MultibandDynamics(load_settings(preset).mono())

    def process(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return processor.process(x, reset=True)

    rows = []
    for level in levels_db:
        pairs = [harmonic_distortion(process, hz, level) for hz in (60, 100, 1_000)]
        row = [value for pair in pairs for value in pair]
        row += [smpte_intermodulation(process, level), ccif_intermodulation(process, level)]
        rows.append((level, [*row, multitone_distortion(process, level)]))
    return rows


def draw_waveforms(programmes: Sequence[Programme], path: str) -> None:
    """Draw the first channel of each under the other, all at the loudness of the first, as a PNG."""
    figure = new_figure(9, 1.9 * len(programmes))
    panels = figure.subplots(len(programmes), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for axes, each in zip(panels, programmes, strict=True):
        gain = 10 ** ((programmes[0].loudness_lufs - each.loudness_lufs) / 20)
        seconds = np.arange(len(each.samples)) / each.sample_rate
        axes.plot(seconds, gain * each.samples[:, 0], linewidth=0.4)
        extra = "" if each.distortion_percent is None else f", distortion {cell(each.distortion_percent)} %"
        title = f"{each.name}: {each.loudness_lufs:.1f} LUFS before, crest {each.crest_db:.1f} dB{extra}"
        axes.set_title(title, loc="left", fontsize="medium")
        axes.set_ylabel("amplitude")
        axes.grid(visible=True, alpha=0.3)
    panels[-1].set_xlabel("s")
    figure.suptitle("drawn at equal loudness", fontsize="medium")
    figure.savefig(path)


def draw_tones(tables: dict[str, list[tuple[float, list[float]]]], path: str) -> None:
    """Draw distortion over level, a panel per preset, a line per test signal, as a PNG."""
    figure = new_figure(5 * len(tables), 4)
    panels = figure.subplots(1, len(tables), sharey=True, squeeze=False)[0]
    for axes, (preset, table) in zip(panels, tables.items(), strict=True):
        levels = [level for level, _ in table]
        for index, title in enumerate(TONE_TITLES):
            axes.semilogy(levels, [max(row[index], 1e-6) for _, row in table], marker=".", label=title)
        axes.set(title=preset, xlabel="peak level, dBFS", ylabel="%")
        axes.grid(visible=True, alpha=0.3)
    panels[0].legend(fontsize="small")
    figure.savefig(path)
