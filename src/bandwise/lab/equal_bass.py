"""Distortion at equal bass and equal loudness, measured: the bass is trimmed until it is that of another.

A trim is a gain behind compressor and limiter of the bands that hold the bass: what they do to the programme
stays, only its bass is louder or softer. Drive and trim are found together, by Broyden's method, so that
nothing is extrapolated.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import BandSettings, MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.gaps import GapEnergies, gap_energies
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.measure.loudness import BASS_HZ, bass_level_db, integrated_loudness
from bandwise.measure.residual import gain_residual

Doubles = NDArray[np.float64]
Row = dict[str, float | str]

ROUNDS, CLOSE_DB = 14, 0.03  # steps of the search, and when it ends: loudness and bass within this
SLOPES = ((0.6, 0.1), (0.4, 0.8))  # of loudness and bass over drive and trim, to begin with
LONGEST_STEP_DB = (5.0, 1.5)
LARGEST_DRIVE_DB, LARGEST_TRIM_DB = 30.0, 12.0
RESAMPLES = 4_000  # of the bootstrap over pieces


@dataclass(frozen=True)
class Heard:
    """What the listener gets: LUFS, bass in dB, the energies in the gaps."""

    loudness_lufs: float
    bass_db: float
    gaps: GapEnergies


@dataclass(frozen=True)
class Match:
    """A drive and a trim in dB, and how far loudness and bass are then from what was wanted."""

    drive_db: float
    trim_db: float
    errors_db: tuple[float, float]


def trimmed(settings: MultibandSettings, trim_db: float) -> MultibandSettings:
    """The same with a gain behind compressor and limiter of every band that begins below 120 Hz.

    Make-up and ceiling move together, so that the limiter sees the same excess; no ceiling goes beyond
    0 dBFS.
    """
    edges = (0.0, *settings.cutoffs_hz)
    pairs = zip(settings.bands, edges, strict=True)
    bands = tuple(_raised(band, trim_db) if low < BASS_HZ[1] else band for band, low in pairs)
    return replace(settings, bands=bands)


def _raised(band: BandSettings, db: float) -> BandSettings:
    return replace(
        band,
        compressor=replace(band.compressor, makeup_db=band.compressor.makeup_db + db),
        limiter=replace(band.limiter, ceiling_dbfs=min(0.0, band.limiter.ceiling_dbfs + db)),
    )


def heard(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float, window_seconds: float
) -> Heard:
    """Loudness, bass and distortion of programme x at a drive."""
    pressure = bench.played(x, settings, drive_db).pressure_pa
    gaps = gap_energies(
        lambda y: bench.played(y, settings, drive_db).pressure_pa, x, pressure, window_seconds
    )
    loudness, bass = _levels(bench, pressure)
    return Heard(loudness, bass, gaps)


def _levels(bench: Bench, pressure_pa: Doubles) -> Doubles:
    """(loudness in LUFS, bass in dB) at the listener's."""
    sound = bench.heard(pressure_pa)
    return np.array([integrated_loudness(sound, SAMPLE_RATE), bass_level_db(sound, SAMPLE_RATE)])


def matched(
    bench: Bench, x: Doubles, settings: MultibandSettings, wanted: tuple[float, float], drive_db: float
) -> Match:
    """The drive and the trim that give a loudness (LUFS) and a bass level (dB), or come closest to them.

    Broyden's method (C. Broyden, Math. Comp. 19, 1965): J is corrected by (e' - e - J s) s^T / s^T s after
    each step s, so that only one try is needed per step.
    """

    def error(at: Doubles) -> Doubles:
        pressure = bench.played(x, trimmed(settings, float(at[1])), float(at[0])).pressure_pa
        return np.asarray(_levels(bench, pressure) - np.array(wanted))

    low, high = np.array([-40.0, -LARGEST_TRIM_DB]), np.array([LARGEST_DRIVE_DB, LARGEST_TRIM_DB])
    at, jacobian = np.array([drive_db, 0.0]), np.array(SLOPES)
    found = [(error(at), at)]
    for _ in range(ROUNDS):
        e, at = found[-1]
        if np.abs(e).max() < CLOSE_DB:
            break
        step = np.clip(np.linalg.solve(jacobian, -e), -np.array(LONGEST_STEP_DB), LONGEST_STEP_DB)
        step = np.clip(at + step, low, high) - at
        if not step.any():
            break
        found.append((error(at + step), at + step))
        jacobian = jacobian + np.outer(found[-1][0] - e - jacobian @ step, step) / (step @ step)
    e, at = min(found, key=lambda pair: float(np.abs(pair[0]).max()))
    return Match(float(at[0]), float(at[1]), (float(e[0]), float(e[1])))


def equal_bass_row(
    bench: Bench,
    x: Doubles,
    settings: MultibandSettings,
    drive_db: float,
    other: Heard,
    window_seconds: float,
) -> Row:
    """Distortion against another processor at its loudness and bass, with a bootstrap over pieces."""
    match = matched(bench, x, settings, (other.loudness_lufs, other.bass_db), drive_db)
    same = trimmed(settings, match.trim_db)
    ours = heard(bench, x, same, match.drive_db, window_seconds)
    digital = bench.processed(x, same, match.drive_db)
    low, high = ratio_interval(ours.gaps, other.gaps)
    pair = (bench.loudspeaker.play(digital).pressure_pa, bench.linear.play(digital).pressure_pa)
    return {
        "equal_bass_trim_db": match.trim_db,
        "equal_bass_loudness_error_lu": match.errors_db[0],
        "equal_bass_bass_error_db": match.errors_db[1],
        "equal_bass_percent": ours.gaps.percent,
        "equal_bass_ratio": ours.gaps.percent / other.gaps.percent,
        "equal_bass_ratio_low": low,
        "equal_bass_ratio_high": high,
        "equal_bass_residual_percent": gain_residual(*pair, SAMPLE_RATE),
    }


def ratio_interval(ours: GapEnergies, other: GapEnergies, seed: int = 1) -> tuple[float, float]:
    """95 % interval of the ratio of both percentages: bootstrap over the pieces, the same in both."""
    pieces = len(ours.fallen)
    drawn = np.random.default_rng(seed).integers(pieces, size=(RESAMPLES, pieces))
    low, high = np.quantile(ours.drawn(drawn) / np.maximum(other.drawn(drawn), 1e-12), (0.025, 0.975))
    return float(low), float(high)
