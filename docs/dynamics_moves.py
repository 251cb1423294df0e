"""Draw docs/figures/changes.png: spectrograms of a chord while a multiband processor is changed.

python docs/dynamics_moves.py

A click is a bright line from bottom to top. The first panel has some: there the processor is swapped for
another at once. In the others `update()` makes the same changes, and others, at the same moments.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import signal

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

FIGURE = Path(__file__).parent / "figures" / "changes.png"
RATE, SECONDS_EACH = 48_000, 2
CHORD_HZ = (55.0, 97.0, 440.0, 1_000.0)
WINDOW, HOP, FLOOR_DB = 1_024, 128, -120.0

COMPRESSOR = CompressorSettings(threshold_db=-20, ratio=2, attack_ms=10)
BAND = BandSettings(compressor=COMPRESSOR, limiter=LimiterSettings(ceiling_dbfs=-18))
THREE = MultibandSettings(cutoffs_hz=(200, 2_000), bands=(BAND,) * 3)


def bands(*cutoffs_hz: float) -> MultibandSettings:
    """The same processor with other cutoffs."""
    return replace(THREE, cutoffs_hz=cutoffs_hz, bands=(BAND,) * (len(cutoffs_hz) + 1))


def first(**changes: Any) -> MultibandSettings:
    """The same processor with its lowest band changed."""
    return replace(THREE, bands=(replace(BAND, **changes), BAND, BAND))


MOVES = [THREE, bands(80, 5_000), bands(600, 1_500), bands(20, 18_000)]
COUNTS = [THREE, bands(60, 200, 700, 2_000, 6_000), bands(), bands(300)]
STAGES = [THREE, THREE.with_bands(compressor=replace(COMPRESSOR, enabled=False)), first(bypass=True), THREE]
SWITCHES = [THREE, first(mute=True), first(solo=True), replace(THREE, mix=0.0)]
PANELS = {
    "cutoffs swapped at once, for comparison": (MOVES, False),
    "cutoffs move: 200, 2000 Hz; 80, 5000 Hz; 600, 1500 Hz; 20, 18000 Hz": (MOVES, True),
    "bands come and go: 3, 6, 1, 2": (COUNTS, True),
    "stages: all on; compressors off; lowest band bypassed; all on": (STAGES, True),
    "switches: none; lowest band muted; soloed; dry": (SWITCHES, True),
}


def main() -> None:
    """Draw all panels."""
    figure = Figure(figsize=(10, 2.1 * len(PANELS)), layout="constrained", dpi=110)
    axes = figure.subplots(len(PANELS), 1, sharex=True)
    for panel, (title, (settings, live)) in zip(axes, PANELS.items(), strict=True):
        image = draw(panel, updated(settings) if live else swapped(settings))
        panel.set_title(title, loc="left", fontsize="medium")
    axes[-1].set_xlabel("s")
    figure.colorbar(image, ax=axes, label="dB", shrink=0.5)
    figure.savefig(FIGURE)


def chord(seconds: float) -> NDArray[np.float64]:
    """The sum of some sines, peaks below full scale."""
    time = np.arange(round(seconds * RATE)) / RATE
    return np.asarray(sum(np.sin(2 * np.pi * hz * time) for hz in CHORD_HZ) * 0.2)


def updated(settings: list[MultibandSettings]) -> NDArray[np.float64]:
    """The chord through one processor, updated every two seconds."""
    pieces = np.split(chord(SECONDS_EACH * len(settings)), len(settings))
    processor = MultibandDynamics(settings[0], RATE)
    made = []
    for each, piece in zip(settings, pieces, strict=True):
        processor.update(each)
        made.append(processor.process(piece))
    return np.concatenate(made)


def swapped(settings: list[MultibandSettings]) -> NDArray[np.float64]:
    """The chord through a processor for each settings, cut from one to the next."""
    x = chord(SECONDS_EACH * len(settings))
    made = [np.split(MultibandDynamics(each, RATE).process(x), len(settings)) for each in settings]
    return np.concatenate([pieces[i] for i, pieces in enumerate(made)])


def draw(panel: Any, y: NDArray[np.float64]) -> Any:
    """A spectrogram down to -120 dB, on a window that leaks less than that."""
    hz, seconds, power = signal.spectrogram(
        y, RATE, ("kaiser", 16.0), WINDOW, WINDOW - HOP, mode="magnitude", scaling="spectrum"
    )
    level_db = 20 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 20)))
    panel.set(ylabel="kHz", ylim=(0, 12))
    return panel.pcolormesh(seconds, hz / 1_000, level_db, vmin=FLOOR_DB, vmax=-10, rasterized=True)


if __name__ == "__main__":
    main()
