"""The pictures of the report, as PNG in memory. Needs matplotlib."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.measuring import Row
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.measure.figures import new_figure
from bandwise.measure.intervals import wilson_interval
from bandwise.measure.loudness import crest_factor_db

Doubles = NDArray[np.float64]

COLOURS = {
    "none": "#7f7f7f",
    "conventional": "#d62728",
    "tuned": "#1f77b4",
    "smart-speaker": "#ff7f0e",
    "linear": "#2ca02c",
}
LINES = {"smart-speaker": "--", "linear": ":"}
SPECTRUM_HZ = (20.0, 1_000.0)
WAVE_SECONDS = 6.0
TICKS = 6  # of narrow panels


def figure(width: float, height: float) -> Any:
    """A figure that needs no display."""
    return new_figure(width, height, "lab")


def png(drawing: Any) -> bytes:
    """A figure as PNG."""
    file = io.BytesIO()
    drawing.savefig(file, format="png")
    return file.getvalue()


def against_volume(rows: Sequence[Row], panels: Mapping[str, str]) -> bytes:
    """One panel per column of the results, a line per processor, over the volume."""
    drawing = figure(4.2 * len(panels), 3.6)
    axes = drawing.subplots(1, len(panels), squeeze=False)[0]
    for ax, (key, title) in zip(axes, panels.items(), strict=True):
        for name, own in by_processor(rows).items():
            ax.plot(_numbers(own, "volume_db"), _numbers(own, key), marker=".", **_style(name))
        ax.set(xlabel="volume, dB", title=title)
        ax.locator_params(axis="x", nbins=TICKS)
        ax.grid(visible=True, alpha=0.3)
    axes[0].legend(fontsize="small")
    return png(drawing)


def distortion_against_level(rows: Sequence[Row]) -> bytes:
    """Distortion over loudness and over bass level: what a listener gets for it."""
    drawing = figure(8.4, 3.8)
    axes = drawing.subplots(1, 2, sharey=True)
    for ax, key, title in zip(
        axes, ("loudness_lufs", "bass_db"), ("loudness, LUFS", "bass, dB"), strict=True
    ):
        for name, own in by_processor(rows).items():
            ax.semilogy(_numbers(own, key), _numbers(own, "distortion_percent"), marker=".", **_style(name))
        ax.set(xlabel=f"{title} (0 dB: 1 Pa)")
        ax.locator_params(axis="x", nbins=TICKS)
        ax.grid(visible=True, which="both", alpha=0.3)
    axes[0].set_ylabel("distortion of the programme, %")
    axes[0].legend(fontsize="small")
    return png(drawing)


def false_rejects(rows: Sequence[Row], detector: str) -> bytes:
    """Missed wake words over volume with their 95 % intervals, slightly apart so that all can be seen."""
    drawing = figure(7.5, 4.2)
    ax = drawing.subplots()
    for k, (name, own) in enumerate(by_processor(rows).items()):
        missed, words = _numbers(own, f"{detector}_missed"), _numbers(own, f"{detector}_words")
        share = 100.0 * missed / np.maximum(words, 1)
        ends = 100.0 * np.array([wilson_interval(int(m), int(n)) for m, n in zip(missed, words, strict=True)])
        volume = _numbers(own, "volume_db") + 0.25 * (k - 1)
        spread = np.abs(ends.T - share)
        ax.errorbar(volume, share, spread, marker="o", capsize=3, **_style(name))
    ax.set(xlabel="volume, dB", ylabel="missed wake words, %", ylim=(-2, 102), title=detector)
    ax.grid(visible=True, alpha=0.3)
    ax.legend(fontsize="small")
    return png(drawing)


def waveforms(signals: Mapping[str, Doubles]) -> bytes:
    """The sound pressure of each at the same loudness, one under the other, the middle 6 s."""
    drawing = figure(8.4, 1.6 * len(signals))
    axes = drawing.subplots(len(signals), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
    for ax, (name, x) in zip(axes, signals.items(), strict=True):
        size = min(len(x), round(WAVE_SECONDS * SAMPLE_RATE))
        start = (len(x) - size) // 2
        ax.plot(
            np.arange(size) / SAMPLE_RATE, x[start : start + size], linewidth=0.4, color=_style(name)["color"]
        )
        ax.set_title(f"{name}, crest {crest_factor_db(x):.1f} dB", loc="left", fontsize="medium")
        ax.grid(visible=True, alpha=0.3)
    axes[-1].set_xlabel("s")
    axes[0].set_ylabel("Pa at 1 m")
    return png(drawing)


def spectra(signals: Mapping[str, Doubles], reference: str) -> bytes:
    """Third-octave levels of the bass, and their difference to the reference."""
    drawing = figure(8.4, 3.8)
    levels_ax, difference_ax = drawing.subplots(1, 2)
    hz, levels = None, {}
    for name, x in signals.items():
        hz, levels[name] = third_octaves(x)
        levels_ax.semilogx(hz, levels[name], **_style(name))
    assert hz is not None
    for name, level in levels.items():
        difference_ax.semilogx(hz, level - levels[reference], **_style(name))
    for ax in (levels_ax, difference_ax):
        ax.set(xlabel="Hz")
        ax.grid(visible=True, which="both", alpha=0.3)
        ax.axvspan(20, 120, alpha=0.08)
    levels_ax.set_ylabel("dB re 1 Pa per third of an octave")
    difference_ax.set_ylabel(f"dB above {reference}")
    levels_ax.legend(fontsize="small")
    return png(drawing)


def third_octaves(x: Doubles) -> tuple[Doubles, Doubles]:
    """Centres in Hz and levels in dB of thirds of an octave, 20 Hz to 1 kHz, in steps of a sixth."""
    power = np.square(np.abs(np.fft.rfft(x))) * 2.0 / len(x) ** 2
    hz = np.fft.rfftfreq(len(x), 1.0 / SAMPLE_RATE)
    centres = np.geomspace(*SPECTRUM_HZ, 35)
    inside = [(hz >= c * 2 ** (-1 / 6)) & (hz < c * 2 ** (1 / 6)) for c in centres]
    return centres, np.array([10.0 * np.log10(power[part].sum() + 1e-12) for part in inside])


def by_processor(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by processor, each by volume."""
    names = list(dict.fromkeys(str(row["processor"]) for row in rows))
    return {
        name: sorted((r for r in rows if r["processor"] == name), key=lambda r: float(r["volume_db"]))
        for name in names
    }


def _numbers(rows: Sequence[Row], key: str) -> Doubles:
    return np.array([float(row[key]) for row in rows])


def _style(name: str) -> dict[str, Any]:
    return {"label": name, "color": COLOURS.get(name, "#2ca02c"), "linestyle": LINES.get(name, "-")}
