"""What a listener hears at one point: loudness, bass, distortion; and the strain behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.device.loudspeaker import Played
from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.gaps import gap_distortion
from bandwise.lab.matching import gaps_played, levels
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.measure.distortion import harmonic_distortion, smpte_intermodulation
from bandwise.measure.loudness import integrated_loudness

Doubles = NDArray[np.float64]
Row = dict[str, float | str]

THD_HZ = (60, 100, 1_000)
SETTLING_STEPS, CLOSE_LU = 8, 0.03  # of the search for a drive
LARGEST_DRIVE_DB = 30.0
TONE_LEVEL_DB = -6.0  # of test tones against the programme's full scale, before the drive


@dataclass(frozen=True)
class Loudness:
    """Loudness at the listener's against drive, so that a drive can be found for a loudness."""

    drive_db: Doubles
    lufs: Doubles

    def at(self, drive_db: float) -> float:
        """The loudness of a drive."""
        return float(np.interp(drive_db, self.drive_db, self.lufs))

    def drive_for(self, lufs: float) -> float:
        """The drive that gives this loudness; the largest one if none does."""
        rising = np.maximum.accumulate(self.lufs + 1e-9 * np.arange(len(self.lufs)))
        return float(np.interp(lufs, rising, self.drive_db))


def loudness(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> float:
    """LUFS of programme x at the listener's."""
    return integrated_loudness(bench.heard(bench.played(x, settings, drive_db).pressure_pa), SAMPLE_RATE)


def loudness_curve(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drives_db: Sequence[float]
) -> Loudness:
    """Loudness of programme x at each drive."""
    lufs = [loudness(bench, x, settings, drive_db) for drive_db in drives_db]
    return Loudness(np.asarray(drives_db, dtype=np.float64), np.array(lufs))


def settled_drive(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, lufs: float, drive_db: float
) -> float:
    """The drive that makes x so loud, from a first guess by secants; the closest one if none does."""
    curve = {drive_db: loudness(bench, x, settings, drive_db) - lufs}
    for _ in range(SETTLING_STEPS):
        nearest = sorted(curve, key=lambda drive: abs(curve[drive]))[:2]
        if abs(curve[nearest[0]]) < CLOSE_LU:
            break
        slope = _slope(nearest, curve)
        drive = min(nearest[0] - float(np.clip(curve[nearest[0]] / slope, -6.0, 6.0)), LARGEST_DRIVE_DB)
        if drive in curve:
            break
        curve[drive] = loudness(bench, x, settings, drive) - lufs
    return min(curve, key=lambda drive: abs(curve[drive]))


def _slope(drives_db: Sequence[float], curve: Mapping[float, float]) -> float:
    """LU per dB between two drives; a limited one until there are two."""
    if len(drives_db) < 2:
        return 0.7
    rise = (curve[drives_db[1]] - curve[drives_db[0]]) / (drives_db[1] - drives_db[0])
    return float(np.clip(rise, 0.1, 1.5))


def sound_row(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float, seconds: float
) -> Row:
    """Loudness, bass, distortion and strain of programme x (frames,), pieces of so many seconds."""
    digital = bench.processed(x, settings, drive_db)
    played = bench.loudspeaker.play(digital)
    heard = _heard_row(bench, x, settings, drive_db, played, seconds)
    return heard | _strain_row(bench, digital, played) | {
        "processor_distortion_percent": gap_distortion(
            lambda y: bench.processed(y, settings, drive_db), x, digital, seconds
        ),
    }  # fmt: skip


def other_row(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float, seconds: float
) -> Row:
    """Loudness, bass and distortion of a second programme."""
    row = _heard_row(bench, x, settings, drive_db, bench.played(x, settings, drive_db), seconds)
    return {f"other_{key}": value for key, value in row.items()}


def _heard_row(
    bench: Bench,
    x: Doubles,
    settings: MultibandSettings | None,
    drive_db: float,
    played: Played,
    seconds: float,
) -> Row:
    loudness_lufs, bass_db = levels(bench, played.pressure_pa)
    gaps = gaps_played(bench, x, settings, drive_db, played.pressure_pa, seconds)
    return {"loudness_lufs": loudness_lufs, "bass_db": bass_db, "distortion_percent": gaps.percent}


def _strain_row(bench: Bench, digital: Doubles, played: Played) -> Row:
    return {
        "loudspeaker_residual_percent": bench.residual_percent(digital, played.pressure_pa),
        "peak_excursion_mm": played.peak_excursion_mm,
        "beyond_xmax_percent": 100.0 * played.beyond_xmax_share,
        "clipped_percent": 100.0 * played.clipped_share,
        "lowest_rail_v": played.lowest_rail_v,
    }


def tone_row(bench: Bench, settings: MultibandSettings | None, drive_db: float) -> Row:
    """THD of tones and SMPTE intermodulation through processor and loudspeaker at a drive, in percent."""

    def process(x: Doubles) -> Doubles:
        return bench.played(x, settings, drive_db).pressure_pa

    row: Row = {
        f"thd_{hz}_hz_percent": harmonic_distortion(process, hz, TONE_LEVEL_DB, SAMPLE_RATE)[0]
        for hz in THD_HZ
    }
    return row | {"smpte_percent": smpte_intermodulation(process, TONE_LEVEL_DB, SAMPLE_RATE)}
