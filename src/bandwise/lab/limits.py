"""How loud a loudspeaker may play at each frequency, and what forbids more: distortion, excursion, rail."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.device.loudspeaker import Loudspeaker
from bandwise.errors import BandwiseError
from bandwise.measure.loudness import decibels

Doubles = NDArray[np.float64]
Table = dict[float, list[tuple[float, float]]]  # (level in dBFS, distortion in percent) by frequency

TONES_HZ = (32, 40, 52, 64, 80, 100, 124, 160, 200, 252, 320, 400)
TONE_SECONDS, WINDOW_SECONDS = 0.5, 0.25  # every tone has whole periods in the window
LOUDEST_DB, QUIETEST_DB = 0.0, -36.0
STEPS = 7  # of bisection: to 0.3 dB
HARMONICS = 8
DISTORTION_COLUMNS = ("frequency_hz", "level_dbfs", "distortion_percent")
RESPONSE_COLUMNS = ("frequency_hz", "level_db")


@dataclass(frozen=True)
class Limits:
    """Highest peak level in dB against full scale at each frequency, and what forbids more there."""

    hz: Doubles
    level_db: Doubles
    reasons: tuple[str, ...]

    def at(self, hz: Doubles) -> Doubles:
        """Levels at other frequencies, straight lines over the logarithm of frequency, ends held."""
        return np.asarray(np.interp(np.log(hz), np.log(self.hz), self.level_db))


def simulated_limits(loudspeaker: Loudspeaker, distortion_percent: float) -> Limits:
    """Limits of a simulated loudspeaker for steady tones, by bisection."""
    found = [_limit(loudspeaker, hz, distortion_percent) for hz in TONES_HZ]
    return Limits(
        np.array(TONES_HZ, dtype=np.float64),
        np.array([level for level, _ in found]),
        tuple(reason for _, reason in found),
    )


def _limit(loudspeaker: Loudspeaker, hz: int, distortion_percent: float) -> tuple[float, str]:
    reason = _objection(loudspeaker, hz, LOUDEST_DB, distortion_percent)
    if not reason:
        return LOUDEST_DB, "rail"
    low, high = QUIETEST_DB, LOUDEST_DB
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        objection = _objection(loudspeaker, hz, middle, distortion_percent)
        low, high, reason = (low, middle, objection) if objection else (middle, high, reason)
    return low, reason


def _objection(loudspeaker: Loudspeaker, hz: int, level_db: float, distortion_percent: float) -> str:
    """Why this tone is too loud, or nothing."""
    rate = loudspeaker.sample_rate
    time = np.arange(round(TONE_SECONDS * rate)) / rate
    # A hair below full scale, so that the resampler's ripple alone does not clip.
    played = loudspeaker.play(0.98 * 10 ** (level_db / 20) * np.sin(2.0 * np.pi * hz * time))
    if played.peak_excursion_mm > loudspeaker.driver.xmax_mm:
        return "excursion"
    if harmonic_percent(played.pressure_pa[-round(WINDOW_SECONDS * rate) :], hz, rate) > distortion_percent:
        return "rail" if played.clipped_share > 0.01 else "distortion"
    return ""


def harmonic_percent(x: Doubles, hz: float, sample_rate: int) -> float:
    """Harmonics 2 to 8 over the fundamental in percent; x holds whole periods."""
    spectrum = np.abs(np.fft.rfft(x))
    first = round(hz * len(x) / sample_rate)
    harmonics = spectrum[2 * first : HARMONICS * first + 1 : first]
    return float(100.0 * np.sqrt(np.square(harmonics).sum()) / max(float(spectrum[first]), 1e-30))


def measured_table(path: Path) -> Table:
    """(level, distortion) at each frequency, from a CSV with frequency_hz, level_dbfs and distortion_percent.

    Raises:
        BandwiseError: for a missing file, column or number, or fewer than three frequencies.
    """
    table: Table = {}
    for hz, level, percent in _numbers(path, DISTORTION_COLUMNS):
        table.setdefault(hz, []).append((level, percent))
    if len(table) < 3:
        raise BandwiseError(f"got {path} with {len(table)} frequencies; 3 or more are needed; measure more")
    return table


def measured_response(path: Path) -> tuple[Doubles, Doubles]:
    """(hz, dB) from a CSV with the columns frequency_hz and level_db.

    Raises:
        BandwiseError: for a missing file, column or number, or fewer than ten frequencies.
    """
    rows = sorted(_numbers(path, RESPONSE_COLUMNS))
    if len(rows) < 10:
        raise BandwiseError(f"got {path} with {len(rows)} frequencies; 10 or more are needed; measure more")
    table = np.array(rows)
    return table[:, 0], table[:, 1]


def _numbers(path: Path, columns: tuple[str, ...]) -> list[tuple[float, ...]]:
    """Those columns of every row of a CSV file."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = [tuple(float(row[name]) for name in columns) for row in csv.DictReader(file)]
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BandwiseError(
            f"got {path}, which cannot be used ({error}); a CSV with the columns {', '.join(columns)} is "
            "needed; correct it"
        ) from None
    for row in rows:
        if not np.isfinite(row).all() or row[0] <= 0.0 or (columns == DISTORTION_COLUMNS and row[-1] < 0.0):
            raise BandwiseError(
                f"got {path} with the row {', '.join(f'{v:g}' for v in row)}; frequencies above 0, levels, "
                "and percentages from 0 are needed; correct it"
            )
    return rows


def limits_of_table(table: Table, distortion_percent: float) -> Limits:
    """Limits from (level in dB, distortion in percent) at each frequency.

    At every frequency the level is where distortion passes the target, straight lines over its logarithm,
    as distortion is a power of the level; beyond the loudest level that was measured nothing is promised.
    Below the softest it is taken to fall with the level, as that of second order does.
    """
    hz = sorted(table)
    levels, reasons = [], []
    for f in hz:
        points = np.array(sorted(table[f]))
        rising = np.maximum.accumulate(points[:, 1])
        if rising[-1] <= distortion_percent:
            levels.append(float(points[-1, 0]))
            reasons.append("loudest measured")
        else:
            levels.append(_level_of(distortion_percent, rising, points[:, 0]))
            reasons.append("distortion")
    return Limits(np.array(hz), np.array(levels), tuple(reasons))


def _level_of(percent: float, rising: Doubles, levels_db: Doubles) -> float:
    if rising[0] > percent:
        return float(levels_db[0] - decibels(rising[0] / percent))
    logarithms = np.log(np.maximum(rising, 1e-6))
    return float(np.interp(np.log(percent), logarithms, levels_db))
