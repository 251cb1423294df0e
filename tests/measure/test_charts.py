"""Pictures: levels are what they say, and files appear without a display."""

import numpy as np
import pytest

from bandwise.measure import charts, tables
from bandwise.measure.intervals import Mean

pytest.importorskip("matplotlib")


def test_full_scale_sine_is_at_zero_decibels():
    """At a bin's centre, the peak of the spectrogram is the sine's level."""
    x = 0.1 * np.sin(2 * np.pi * 100 / 1024 * np.arange(48_000))
    levels = charts.spectrogram_db(x)
    assert np.argmax(levels[10]) == 100
    assert levels[10].max() == pytest.approx(-20, abs=0.01)


def test_silence_is_at_the_floor():
    """No logarithm of nothing."""
    assert charts.spectrogram_db(np.zeros(100)).max() == charts.FLOOR_DB


def test_grid_and_chart_are_written(tmp_path):
    """PNG files, for one signal and several, and for a group of one recording."""
    rng = np.random.default_rng(0)
    for count in (1, 3):
        path = tmp_path / f"{count}.png"
        charts.spectrogram_grid(path, {str(k): rng.standard_normal(9600) for k in range(count)}, 48_000)
        assert path.read_bytes().startswith(b"\x89PNG")
    summaries = [
        tables.Summary(group, "pesq", system, Mean(value, np.nan, 1), None)
        for group in ("0 dB", "all")
        for system, value in (("noisy", 1.2), ("base", 2.0))
    ]
    charts.evaluation_chart(tmp_path / "e.png", summaries, {"pesq": ("PESQ-wb", 2)})
    assert (tmp_path / "e.png").read_bytes().startswith(b"\x89PNG")
