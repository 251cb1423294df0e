"""What the tuner found and what it did about it: limits and ceilings, before and after. Needs matplotlib."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.charts import figure, png
from bandwise.lab.limits import Limits, Table
from bandwise.lab.trial import outcome

Doubles = NDArray[np.float64]

DRIVES_DB = (-12.0, -6.0, 0.0, 6.0, 12.0)
BEFORE, AFTER = {"color": "#7f7f7f", "label": "before"}, {"color": "#1f77b4", "label": "after"}


def chart_of_model(
    limits: Limits, settings: MultibandSettings, bench: Bench, x: Doubles, window_seconds: float = 1.0
) -> bytes:
    """Limits and ceilings; bass and distortion of programme x over loudness, before and after."""
    drawing, (ceilings, bass, distortion) = _panels(3)
    _draw_ceilings(ceilings, limits, settings)
    for chosen, style in ((None, BEFORE), (settings, AFTER)):
        found = [outcome(bench, x, chosen, drive, window_seconds) for drive in DRIVES_DB]
        loudness = [o.loudness_lufs for o in found]
        bass.plot(loudness, [o.bass_db for o in found], marker=".", **style)
        distortion.semilogy(loudness, [o.distortion_percent for o in found], marker=".", **style)
    bass.set(xlabel="loudness, LUFS", ylabel="bass 20 to 120 Hz, dB")
    distortion.set(xlabel="loudness, LUFS", ylabel="distortion of the programme, %")
    bass.legend()
    return png(drawing)


def chart_of_measurements(limits: Limits, settings: MultibandSettings, table: Table) -> bytes:
    """Limits and ceilings; distortion of the loudest tones that were measured, before and after."""
    drawing, (ceilings, distortion) = _panels(2)
    _draw_ceilings(ceilings, limits, settings)
    hz = np.array(sorted(table))
    before = [max(table[f])[1] for f in hz]
    after = [_at_level(table[f], ceiling_at(settings, f)) for f in hz]
    for percent, style in ((before, BEFORE), (after, AFTER)):
        distortion.loglog(hz, np.maximum(percent, 1e-3), marker=".", **style)
    distortion.set(xlabel="Hz", ylabel="distortion of the loudest tone, %")
    distortion.legend()
    return png(drawing)


def ceiling_at(settings: MultibandSettings, hz: float) -> float:
    """The ceiling of a tone in dBFS: that of its band, or of the output if that is lower."""
    band = settings.bands[int(np.searchsorted(settings.cutoffs_hz, hz))]
    return min(band.limiter.ceiling_dbfs, settings.output.ceiling_dbfs)


def _at_level(points: Sequence[tuple[float, float]], level_db: float) -> float:
    levels, percents = np.array(sorted(points)).T
    return float(np.interp(level_db, levels, percents))


def _panels(count: int) -> tuple[Any, Any]:
    drawing = figure(4.0 * count, 3.8)
    panels = drawing.subplots(1, count, squeeze=False)[0]
    for ax in panels:
        ax.grid(visible=True, which="both", alpha=0.3)
    return drawing, panels


def _draw_ceilings(ax: Any, limits: Limits, settings: MultibandSettings) -> None:
    edges = [float(limits.hz[0]), *settings.cutoffs_hz, 20_000.0]
    ceilings = [band.limiter.ceiling_dbfs for band in settings.bands]
    ax.semilogx(limits.hz, limits.level_db, color="#d62728", marker=".", label="limit of steady tones")
    ax.stairs(ceilings, edges, color="#1f77b4", label="ceilings of the bands", baseline=None)
    ax.axhline(settings.output.ceiling_dbfs, color="#1f77b4", linestyle=":", label="ceiling of the output")
    ax.set(xlabel="Hz", ylabel="dBFS")
    ax.legend(fontsize="small")
