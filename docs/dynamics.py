"""Print the tables of docs/dynamics.md and draw its figure: smart-speaker against the conventional baseline.

python docs/dynamics.py MUSIC        MUSIC: a folder of recordings with their MANIFEST.csv

Every recording that the manifest calls bass-heavy is measured, whole. The figure shows the first of them that
is in the train split, 12 s from its middle: a rule, not a choice.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.apps.measuring import print_row, print_titles
from bandwise.audio_io import read_whole
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import LimiterSettings, MultibandSettings
from bandwise.dynamics.store import load_preset
from bandwise.manifest import manifest_rows
from bandwise.measure.distortion import programme_distortion
from bandwise.measure.intervals import Mean, mean_of
from bandwise.measure.loudness import bass_level_db, crest_factor_db, integrated_loudness
from bandwise.measure.programme import Programme, draw_waveforms, measured
from bandwise.measure.residual import gain_residual
from bandwise.stream import whole

PRESETS = ("conventional", "smart-speaker")
FIGURE = Path(__file__).parent / "figures" / "three-waveforms.png"
FIGURE_SECONDS = 12
TITLES = ("distortion in gaps, %", "rest beyond gains, %", "bass, dB", "crest, dB", "loudness, LU")
DECIMALS = (2, 1, 2, 2, 2)
AT_EQUAL_DISTORTION = ("turned down by, dB", "softer than smart-speaker, LU", "less bass, dB")
LOWEST_DRIVE_DB, DRIVE_STEPS = -32.0, 8


def main() -> None:
    """Measure all, print three tables, draw the figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("music", type=Path)
    folder = parser.parse_args().music
    listed = manifest_rows(folder, "path", "split", "bass_heavy")
    bassy = [row for row in listed if row["bass_heavy"] == "yes"]
    drawn = next((row["path"] for row in bassy if row["split"] == "train"), None)
    if drawn is None:
        parser.error(f"got {folder} without a bass-heavy recording of the train split; one is drawn; add one")
    draw_waveforms(three(drawn, *middle(*read_whole(str(folder / drawn)))), str(FIGURE))
    print_titles("recording", *TITLES)
    paths = [str(folder / row["path"]) for row in bassy]
    values = [measure_one(path) for path in paths]
    print_means(np.array(values))
    limits = [ours[0] for _, ours in values]
    limited = zip(paths, limits, strict=True)
    print_drives(np.array([at_equal_distortion(*read_whole(path), limit) for path, limit in limited]))


def middle(x: NDArray[Any], rate: int) -> tuple[NDArray[Any], int]:
    """The 12 s around the middle."""
    start = max(0, (len(x) - FIGURE_SECONDS * rate) // 2)
    return x[start : start + FIGURE_SECONDS * rate], rate


def three(name: str, x: NDArray[Any], rate: int) -> list[Programme]:
    """The recording, and what each preset makes of it."""
    return [measured(name, x, rate), *(measured(preset, x, rate, preset=preset) for preset in PRESETS)]


def compared(x: NDArray[Any], rate: int) -> list[list[float]]:
    """[preset][figure], in the order of `PRESETS` and `TITLES`; levels are differences from the original."""
    return [
        [*distortions(load_preset(name), x, rate), *levels(load_preset(name), x, rate)] for name in PRESETS
    ]


def distortions(settings: MultibandSettings, x: NDArray[Any], rate: int) -> tuple[float, float]:
    """Both measures of distortion, of the first channel alone; the second against the linear path."""
    samples = np.asarray(x[:, 0], dtype=np.float64)
    linear = replace(settings.with_bands(bypass=True), output=LimiterSettings(enabled=False))
    y, reference = (whole(MultibandDynamics(each, rate), samples) for each in (settings, linear))
    return gaps(settings, x, rate), gain_residual(y, reference, rate)


def levels(settings: MultibandSettings, x: NDArray[Any], rate: int) -> list[float]:
    """Bass at equal loudness, crest and loudness, less those of the original, in dB."""
    y = whole(MultibandDynamics(settings, rate, x.shape[1]), x)
    louder = integrated_loudness(y, rate) - integrated_loudness(x, rate)
    bass = bass_level_db(y, rate) - bass_level_db(x, rate) - louder
    return [bass, crest_factor_db(y) - crest_factor_db(x), louder]


def at_equal_distortion(x: NDArray[Any], rate: int, limit: float) -> list[float]:
    """The figures of `AT_EQUAL_DISTORTION`: the baseline, turned down until `limit` % fall into the gaps."""
    baseline, ours = (load_preset(name) for name in PRESETS)
    clean_drive_db = loudest_clean_drive_db(lambda y: gaps(baseline, y, rate) <= limit, x)
    theirs, own = (
        whole(MultibandDynamics(settings, rate, x.shape[1]), x * np.float32(10 ** (drive_db / 20.0)))
        for settings, drive_db in ((baseline, clean_drive_db), (ours, 0.0))
    )
    softer = integrated_loudness(own, rate) - integrated_loudness(theirs, rate)
    return [-clean_drive_db, softer, bass_level_db(own, rate) - bass_level_db(theirs, rate)]


def loudest_clean_drive_db(clean: Callable[[NDArray[Any]], bool], x: NDArray[Any]) -> float:
    """The loudest drive, to a sixteenth of a decibel, at which x is clean; 0 where it is as it came."""
    if clean(x):
        return 0.0
    low, high = LOWEST_DRIVE_DB, 0.0
    for _ in range(DRIVE_STEPS):
        drive = (low + high) / 2.0
        low, high = (drive, high) if clean(x * np.float32(10 ** (drive / 20.0))) else (low, drive)
    return (low + high) / 2.0


def gaps(settings: MultibandSettings, x: NDArray[Any], rate: int) -> float:
    """Distortion in gaps of the first channel alone."""
    processor = MultibandDynamics(settings, rate)
    return programme_distortion(lambda z: whole(processor, z), np.asarray(x[:, 0], np.float64), rate)


def measure_one(path: str) -> list[list[float]]:
    """`compared` of a file, printed at once: baseline / ours in each cell."""
    values = compared(*read_whole(path))
    print_row(Path(path).stem, *(f"{a:.{d}f} / {b:.{d}f}" for a, b, d in zip(*values, DECIMALS, strict=True)))
    return values


def print_means(values: NDArray[np.float64]) -> None:
    """Means over recordings of each preset, and of the difference within each recording."""
    columns = [values[:, 0], values[:, 1], values[:, 1] - values[:, 0]]
    print()
    print_titles(f"mean of {len(values)}, 95 % interval", *PRESETS, "difference")
    for index, (title, decimals) in enumerate(zip(TITLES, DECIMALS, strict=True)):
        print_row(title, *(stated(mean_of(column[:, index]), decimals) for column in columns))


def print_drives(values: NDArray[np.float64]) -> None:
    """Means over recordings of what equal distortion costs the baseline."""
    print()
    print_titles(f"{PRESETS[0]} at the distortion of {PRESETS[1]}", f"mean of {len(values)}, 95 % interval")
    for title, column in zip(AT_EQUAL_DISTORTION, values.T, strict=True):
        print_row(title, stated(mean_of(column), 1))


def stated(mean: Mean, decimals: int) -> str:
    """A mean with its interval."""
    return f"{mean.value:.{decimals}f} ± {mean.half_width:.{decimals}f}"


if __name__ == "__main__":
    main()
