"""Distortion at equal bass and bass at equal distortion, at equal loudness, against another processor."""

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.gaps import GapEnergies
from bandwise.lab.matching import Heard, gaps_played, heard, levels, matched, trimmed
from bandwise.lab.measuring import Row
from bandwise.measure.intervals import percentile_interval, redrawn

Doubles = NDArray[np.float64]

RESAMPLES = 4_000  # of the bootstrap over pieces


def equal_bass_row(
    bench: Bench,
    x: Doubles,
    settings: MultibandSettings,
    drive_db: float,
    other: Heard,
    window_seconds: float,
) -> Row:
    """Distortion of trimmed settings where they are as loud and have as much bass as another processor.

    Args:
        bench: the device.
        x: (frames,) programme, pieces of `window_seconds` one after the other.
        settings: of the processor; its bass is trimmed.
        drive_db: where it is as loud as the other without a trim.
        other: what the other does.
        window_seconds: see `x`.
    """

    def measure(trial: MultibandSettings, drive: float) -> tuple[float, float]:
        return levels(bench, bench.played(x, trial, drive).pressure_pa)

    match = matched(measure, settings, (other.loudness_lufs, other.bass_db), drive_db)
    same = trimmed(settings, match.trim_db)
    pressure_pa, residual_percent = _played(bench, x, same, match.drive_db)
    gaps = gaps_played(bench, x, same, match.drive_db, pressure_pa, window_seconds)
    low, high = ratio_interval(gaps, other.gaps)
    return {
        "equal_bass_trim_db": match.trim_db,
        "equal_bass_error_db": match.error_db,
        "equal_bass_percent": gaps.percent,
        "equal_bass_ratio": gaps.percent / other.gaps.percent,
        "equal_bass_ratio_low": low,
        "equal_bass_ratio_high": high,
        "equal_bass_residual_percent": residual_percent,
    }


def equal_distortion_row(
    bench: Bench,
    x: Doubles,
    settings: MultibandSettings,
    drive_db: float,
    other: Heard,
    window_seconds: float,
) -> Row:
    """Bass of trimmed settings where they are as loud and distort as much as another; as `equal_bass_row`."""

    def measure(trial: MultibandSettings, drive: float) -> tuple[float, float]:
        found = heard(bench, x, trial, drive, window_seconds)
        return found.loudness_lufs, found.distortion_db

    match = matched(measure, settings, (other.loudness_lufs, other.distortion_db), drive_db)
    same = trimmed(settings, match.trim_db)
    pressure_pa, residual_percent = _played(bench, x, same, match.drive_db)
    _, bass_db = levels(bench, pressure_pa)
    return {
        "equal_distortion_trim_db": match.trim_db,
        "equal_distortion_error_db": match.error_db,
        "equal_distortion_ends": "yes" if match.ends else "no",
        "equal_distortion_gap_db": abs(match.errors_db[1]),
        "equal_distortion_bass_db": bass_db - other.bass_db,
        "equal_distortion_residual_percent": residual_percent,
    }


def _played(bench: Bench, x: Doubles, settings: MultibandSettings, drive_db: float) -> tuple[Doubles, float]:
    """What the loudspeaker makes of x, and its own part in that, in percent."""
    digital = bench.processed(x, settings, drive_db)
    pressure_pa = bench.loudspeaker.play(digital).pressure_pa
    return pressure_pa, bench.residual_percent(digital, pressure_pa)


def ratio_interval(ours: GapEnergies, other: GapEnergies, seed: int = 1) -> tuple[float, float]:
    """95 % interval of the ratio of both percentages: bootstrap over the pieces, the same in both."""
    drawn = redrawn(len(ours.fallen), RESAMPLES, seed)
    return percentile_interval(ours.drawn(drawn) / np.maximum(other.drawn(drawn), 1e-12))
