"""A processor brought to the loudness of another, and to its bass or its distortion, by a trim of its bass.

A trim is a gain behind compressor and limiter of the bands that hold the bass: what they do to the programme
stays, only its bass is louder or softer. Drive and trim are found together, by Broyden's method, so that
nothing is extrapolated; where that ends beside what is wanted, as at the end of the trim, by bisection of the
trim, with the drive brought to the loudness at each.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.fields import raised
from bandwise.dynamics.settings import BandSettings, CompressorSettings, MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.gaps import GapEnergies, gap_energies
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.measure.loudness import BASS_HZ, bass_level_db, decibels, integrated_loudness

Doubles = NDArray[np.float64]
Measure = Callable[[MultibandSettings, float], tuple[float, float]]
Error = Callable[[Doubles], Doubles]

ROUNDS, CLOSE_DB = 14, 0.03  # steps of the search, and when it ends: both figures within this
SLOPES = ((0.6, 0.1), (0.4, 0.8))  # of both figures over drive and trim, to begin with
LONGEST_STEP_DB = (5.0, 1.5)
LOWEST_DB, HIGHEST_DB = (-40.0, -12.0), (30.0, 12.0)  # drive, trim
LEAST_SLOPE = 0.05  # of loudness over drive: less, and there is no more to be had
SETTLING_ROUNDS, HALVINGS = 8, 8  # of the drive at one trim; of the trim
MAKEUP_ALONE = CompressorSettings(ratio=1.0)


@dataclass(frozen=True)
class Heard:
    """What the listener gets: LUFS, bass in dB, the energies in the gaps."""

    loudness_lufs: float
    bass_db: float
    gaps: GapEnergies

    @property
    def distortion_db(self) -> float:
        """Distortion in dB against all of it."""
        return decibels(max(self.gaps.percent, 1e-6) / 100.0)


@dataclass(frozen=True)
class Match:
    """A drive and a trim in dB, and how far both figures are then from what was wanted."""

    drive_db: float
    trim_db: float
    errors_db: tuple[float, float]

    @property
    def error_db(self) -> float:
        """The larger of both."""
        return max(map(abs, self.errors_db))

    @property
    def ends(self) -> bool:
        """Whether the trim cannot go where the second figure would be."""
        return self.trim_db in {LOWEST_DB[1], HIGHEST_DB[1]} and abs(self.errors_db[1]) > CLOSE_DB


def trimmed(settings: MultibandSettings, trim_db: float) -> MultibandSettings:
    """The same with a gain behind compressor and limiter of every band that begins below 120 Hz.

    Make-up and ceiling move together, each as far as it may go, so that the limiter sees the same excess. A
    compressor that is off makes way for make-up alone; so does all of a bypassed band.
    """
    edges = (0.0, *settings.cutoffs_hz)
    pairs = zip(settings.bands, edges, strict=True)
    bands = tuple(_raised(band, trim_db) if low < BASS_HZ[1] else band for band, low in pairs)
    return replace(settings, bands=bands)


def _raised(band: BandSettings, db: float) -> BandSettings:
    if band.bypass:
        off = replace(band.limiter, enabled=False)
        band = BandSettings(mute=band.mute, solo=band.solo, compressor=MAKEUP_ALONE, limiter=off)
    compressor = band.compressor if band.compressor.enabled else MAKEUP_ALONE
    return replace(
        band,
        compressor=raised(compressor, "makeup_db", db),
        limiter=raised(band.limiter, "ceiling_dbfs", db),
    )


def heard(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float, window_seconds: float
) -> Heard:
    """Loudness, bass and distortion of programme x at a drive."""
    pressure = bench.played(x, settings, drive_db).pressure_pa
    gaps = gaps_played(bench, x, settings, drive_db, pressure, window_seconds)
    return Heard(*levels(bench, pressure), gaps)


def gaps_played(
    bench: Bench,
    x: Doubles,
    settings: MultibandSettings | None,
    drive_db: float,
    pressure_pa: Doubles,
    window_seconds: float,
) -> GapEnergies:
    """What falls into the gaps of programme x, of which the loudspeaker made `pressure_pa`."""
    return gap_energies(
        lambda y: bench.played(y, settings, drive_db).pressure_pa, x, pressure_pa, window_seconds
    )


def levels(bench: Bench, pressure_pa: Doubles) -> tuple[float, float]:
    """(loudness in LUFS, bass in dB) at the listener's."""
    sound = bench.heard(pressure_pa)
    return integrated_loudness(sound, SAMPLE_RATE), bass_level_db(sound, SAMPLE_RATE)


def matched(
    measure: Measure, settings: MultibandSettings, wanted: tuple[float, float], drive_db: float
) -> Match:
    """The drive and the trim at which `measure` gives what is wanted, or comes closest to it.

    Broyden's method (C. Broyden, Math. Comp. 19, 1965): J is corrected by (e' - e - J s) s^T / s^T s after
    each step s, so that only one try is needed per step.

    Args:
        measure: trimmed settings and a drive in dB -> (loudness in LUFS, bass or distortion in dB).
        settings: of the processor.
        wanted: both figures.
        drive_db: where the search begins.
    """
    tries: list[tuple[Doubles, Doubles]] = []

    def error(at: Doubles) -> Doubles:
        e: Doubles = np.subtract(measure(trimmed(settings, float(at[1])), float(at[0])), wanted)
        tries.append((e, at))
        return e

    at, jacobian = np.array([drive_db, 0.0]), np.array(SLOPES)
    e = error(at)
    while np.abs(e).max() >= CLOSE_DB and len(tries) <= ROUNDS:
        step = np.clip(np.linalg.lstsq(jacobian, -e)[0], np.negative(LONGEST_STEP_DB), LONGEST_STEP_DB)
        step = np.clip(at + step, LOWEST_DB, HIGHEST_DB) - at
        if not step.any():
            break
        before, at = e, at + step
        e = error(at)
        jacobian = jacobian + np.outer(e - before - jacobian @ step, step) / (step @ step)
    e, at = min(tries, key=_distance)
    if np.abs(e).max() >= CLOSE_DB:
        _bisect(error, float(at[0]))
        e, at = min(tries, key=_distance)
    return Match(float(at[0]), float(at[1]), (float(e[0]), float(e[1])))


def _distance(tried: tuple[Doubles, Doubles]) -> float:
    return float(np.hypot(*tried[0]))


def _bisect(error: Error, drive_db: float) -> None:
    """Try trims towards where the second figure is right, or the end of the trim nearest to that.

    More trim is more of the second figure; at each the drive is what the loudness asks for.
    """
    low, high = LOWEST_DB[1], HIGHEST_DB[1]
    if _settled(error, high, drive_db)[0][1] <= 0.0 or _settled(error, low, drive_db)[0][1] >= 0.0:
        return
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        e, at = _settled(error, middle, drive_db)
        if abs(e[1]) < CLOSE_DB:
            break
        drive_db = float(at[0])
        low, high = (middle, high) if e[1] < 0.0 else (low, middle)


def _settled(error: Error, trim_db: float, drive_db: float) -> tuple[Doubles, Doubles]:
    """The error, and the place, where the drive makes the loudness right at this trim, by secants."""
    slope, at = SLOPES[0][0], np.array([drive_db, trim_db])
    e = error(at)
    for _ in range(SETTLING_ROUNDS):
        if abs(e[0]) < CLOSE_DB:
            break
        step = float(np.clip(-e[0] / slope, -LONGEST_STEP_DB[0], LONGEST_STEP_DB[0]))
        after = np.array([np.clip(at[0] + step, LOWEST_DB[0], HIGHEST_DB[0]), trim_db])
        if after[0] == at[0]:
            break
        found = error(after)
        slope = max((found[0] - e[0]) / (after[0] - at[0]), LEAST_SLOPE)
        e, at = found, after
    return e, at
