"""What the tuner found and what it did about it: limits and ceilings, before and after. Needs matplotlib."""

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.charts import figure, png
from bandwise.lab.limits import Limits
from bandwise.lab.optimising import outcome

Doubles = NDArray[np.float64]

DRIVES_DB = (-12.0, -6.0, 0.0, 6.0, 12.0)


def tuning_chart(
    limits: Limits, settings: MultibandSettings, bench: Bench | None = None, x: Doubles | None = None
) -> bytes:
    """Limits with the ceilings of the bands; with a bench also bass and distortion, before and after."""
    simulated = bench is not None and x is not None
    drawing = figure(12.0 if simulated else 6.0, 3.8)
    panels = drawing.subplots(1, 3 if simulated else 1, squeeze=False)[0]
    _ceilings(panels[0], limits, settings)
    if bench is not None and x is not None:
        for name, chosen, colour in (("before", None, "#7f7f7f"), ("after", settings, "#1f77b4")):
            found = [outcome(bench, x, chosen, drive) for drive in DRIVES_DB]
            loudness = [o.loudness_lufs for o in found]
            panels[1].plot(loudness, [o.bass_db for o in found], marker=".", color=colour, label=name)
            panels[2].semilogy(
                loudness, [o.distortion_percent for o in found], marker=".", color=colour, label=name
            )
        panels[1].set(xlabel="loudness, LUFS", ylabel="bass 20 to 120 Hz, dB")
        panels[2].set(xlabel="loudness, LUFS", ylabel="distortion of the programme, %")
        panels[1].legend()
    for ax in panels:
        ax.grid(visible=True, which="both", alpha=0.3)
    return png(drawing)


def _ceilings(ax: "object", limits: Limits, settings: MultibandSettings) -> None:
    from matplotlib.axes import Axes

    assert isinstance(ax, Axes)
    edges = [float(limits.hz[0]), *settings.cutoffs_hz, 20_000.0]
    ceilings = [band.limiter.ceiling_dbfs for band in settings.bands]
    ax.semilogx(limits.hz, limits.level_db, color="#d62728", marker=".", label="limit of steady tones")
    ax.stairs(ceilings, edges, color="#1f77b4", label="ceilings of the bands", baseline=None)
    ax.axhline(settings.output.ceiling_dbfs, color="#1f77b4", linestyle=":", label="ceiling of the output")
    ax.set(xlabel="Hz", ylabel="dBFS")
    ax.legend(fontsize="small")
