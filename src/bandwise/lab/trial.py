"""What a preset does to programme on a device, and what that is worth: bass at equal loudness, in targets."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.matching import gaps_played, levels
from bandwise.lab.measuring import loudness
from bandwise.measure.loudness import decibels

Doubles = NDArray[np.float64]

# The last volume step, where the sum is limited; one where bands alone are, as a preset that is tried at the
# last step only lets the cone go farther there; and one so soft that hardly anything should be held.
VOLUMES_DB = (0.0, -4.0, -18.0)
# From here down bass costs nothing: the programme's own is wanted, and a little more; beyond that it only
# moves the cone. A decibel that is missing costs this much.
SOFT_VOLUME_DB = -12.0
WANTED_BASS_DB, SOFT_BASS_PENALTY = 1.0, 3.0
DISTORTION_WORTH = 0.5  # decibels of bass that a decibel less of distortion is worth
# Decibels of worth per unit beyond a target; more than bass gains by going beyond it (5 dB per % of rest).
DISTORTION_PENALTY, RESIDUAL_PENALTY, SOFTNESS_PENALTY = 3.0, 12.0, 3.0
LOUDNESS_PER_DRIVE = 0.7  # LU per dB between limiting and not: for the step towards equal loudness
LEAST_PERCENT = 0.1  # of distortion: below it nothing is gained
DRIVE_BOUNDS_DB = (-30.0, 30.0)
FINAL_STEPS = 4  # of the drives, for what a preset is said to reach
CLEARLY = 1.05


@dataclass(frozen=True)
class Targets:
    """What a preset must keep to: distortion of the programme, and the loudspeaker's own part of it, percent.

    A canceller leaves some 37 dB below the echo of a linear loudspeaker, 1.4 %. As much of what the
    loudspeaker adds costs 3.5 dB of ERLE; 1 % would cost 2 dB, and 2 dB of bass.
    """

    distortion_percent: float = 5.0
    residual_percent: float = 1.5

    def at(self, volume_db: float) -> "Targets":
        """Those of a volume: distortion falls with it, as that of any loudspeaker does."""
        return replace(self, distortion_percent=self.distortion_percent * 10 ** (volume_db / 20))


@dataclass(frozen=True)
class Outcome:
    """What a preset does to the programme at one drive."""

    loudness_lufs: float
    bass_db: float
    distortion_percent: float
    residual_percent: float

    def worth(self, wanted: "Outcome", targets: Targets, volume_db: float = 0.0) -> float:
        """Bass at the wanted loudness, less what distortion, going beyond targets and softness cost.

        `wanted` is what the device does without a processor at that volume; where nothing need be held, its
        bass counts, too.
        """
        missing = wanted.loudness_lufs - self.loudness_lufs
        bass = self.bass_db + missing
        if volume_db <= SOFT_VOLUME_DB:
            over = min(bass - wanted.bass_db, WANTED_BASS_DB)
            bass = over - SOFT_BASS_PENALTY * max(0.0, -over)
        ratio = max(self.distortion_percent, LEAST_PERCENT) / targets.distortion_percent
        return (
            bass
            - SOFTNESS_PENALTY * max(0.0, missing)
            - DISTORTION_WORTH * decibels(ratio)
            - DISTORTION_PENALTY * max(0.0, self.distortion_percent - targets.distortion_percent)
            - RESIDUAL_PENALTY * max(0.0, self.residual_percent - targets.residual_percent)
        )


def outcome(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float, window_seconds: float = 1.0
) -> Outcome:
    """Loudness and bass at the listener's, distortion in gaps of the whole chain, the loudspeaker's part."""
    digital = bench.processed(x, settings, drive_db)
    pressure = bench.loudspeaker.play(digital).pressure_pa
    gaps = gaps_played(bench, x, settings, drive_db, pressure, window_seconds)
    return Outcome(*levels(bench, pressure), gaps.percent, bench.residual_percent(digital, pressure))


def rail_sag_db(bench: Bench, digital: Doubles) -> float:
    """How far the rail falls while this plays, (frames,) of full scale 1."""
    played = bench.loudspeaker.play(np.clip(digital, -1.0, 1.0))
    return decibels(bench.amplifier.rail_v / played.lowest_rail_v)


@dataclass(frozen=True)
class Reached:
    """What came of a preset at a volume, and what was aimed at there."""

    volume_db: float
    outcome: Outcome
    targets: Targets

    @property
    def misses(self) -> bool:
        """Whether distortion or rest lie clearly beyond their targets."""
        over = self.outcome.distortion_percent / self.targets.distortion_percent
        return max(over, self.outcome.residual_percent / self.targets.residual_percent) > CLEARLY

    def told(self) -> str:
        """In half a line."""
        return (
            f"at {self.volume_db:g} dB distortion {self.outcome.distortion_percent:.1f} % (aimed at "
            f"{self.targets.distortion_percent:.1f}), the loudspeaker's own "
            f"{self.outcome.residual_percent:.1f} % ({self.targets.residual_percent:.1f})"
        )


class Trial:
    """Tries presets at the loudness that the unprocessed device has at `VOLUMES_DB`.

    The drive for that is found as presets are tried: each starts where the one before ended, and goes one
    step. What is missing then is counted in `Outcome.worth`.

    Args:
        bench: the device.
        x: (frames,) programme, pieces of `window_seconds` one after the other.
        targets: what to keep to at volume 0.
        window_seconds: see `x`.
    """

    def __init__(self, bench: Bench, x: Doubles, targets: Targets, window_seconds: float = 1.0) -> None:
        self._bench, self._x, self._targets, self._window = bench, x, targets, window_seconds
        self._drives_db = [volume + bench.full_drive_db for volume in VOLUMES_DB]
        self.wanted = [outcome(bench, x, None, drive, window_seconds) for drive in self._drives_db]

    def worth(self, settings: MultibandSettings) -> float:
        """Mean over the volumes in decibels."""
        self.settle(settings)
        found = zip(self.outcomes(settings), self.wanted, VOLUMES_DB, strict=True)
        return float(
            np.mean([o.worth(wanted, self._targets.at(volume), volume) for o, wanted, volume in found])
        )

    def settle(self, settings: MultibandSettings, steps: int = 1) -> None:
        """Take the drives towards the wanted loudness."""
        for _ in range(steps):
            for k, wanted in enumerate(self.wanted):
                missing = wanted.loudness_lufs - loudness(self._bench, self._x, settings, self._drives_db[k])
                step_db = missing / LOUDNESS_PER_DRIVE
                self._drives_db[k] = float(np.clip(self._drives_db[k] + step_db, *DRIVE_BOUNDS_DB))

    def outcomes(self, settings: MultibandSettings) -> list[Outcome]:
        """What comes of it at every volume."""
        return [outcome(self._bench, self._x, settings, drive, self._window) for drive in self._drives_db]

    def reached(self, settings: MultibandSettings) -> tuple[Reached, ...]:
        """The same beside what was aimed at, at the wanted loudness."""
        self.settle(settings, FINAL_STEPS)
        return tuple(
            Reached(volume_db, found, self._targets.at(volume_db))
            for volume_db, found in zip(VOLUMES_DB, self.outcomes(settings), strict=True)
        )

    def sag_db(self, settings: MultibandSettings) -> float:
        """How far this preset lets the rail fall at the last volume step."""
        return rail_sag_db(self._bench, self._bench.processed(self._x, settings, self._drives_db[0]))
