"""The picture of what was measured at equal bass: distortion against the baseline. Needs matplotlib."""

from collections.abc import Sequence

import numpy as np

from bandwise.lab.charts import COLOURS, by_processor, figure, png
from bandwise.lab.measuring import Row
from bandwise.lab.plan import BASELINE

APART_DB = 0.3  # so that intervals of two processors can be told apart


def distortion_at_equal_bass(rows: Sequence[Row]) -> bytes:
    """Distortion over the baseline's at its loudness and bass, with 95 % intervals, against volume."""
    drawing = figure(7.5, 3.8)
    ax = drawing.subplots()
    compared = [row for row in rows if "equal_bass_ratio" in row]
    for k, (name, own) in enumerate(by_processor(compared).items()):
        volumes = [float(row["volume_db"]) + APART_DB * k for row in own]
        ratio, low, high = (
            np.array([float(row[f"equal_bass_ratio{end}"]) for row in own]) for end in ("", "_low", "_high")
        )
        spread = np.maximum([ratio - low, high - ratio], 0.0)
        ax.errorbar(volumes, ratio, spread, marker="o", capsize=3, label=name, color=COLOURS.get(name))
    ax.axhline(1.0, color=COLOURS[BASELINE], label=BASELINE)
    ax.axhline(0.5, color="black", linestyle=":", label="half")
    ax.set(xlabel="volume, dB", ylabel="distortion at equal bass, times", ylim=(0.0, None))
    ax.grid(visible=True, alpha=0.3)
    ax.legend(fontsize="small")
    return png(drawing)
