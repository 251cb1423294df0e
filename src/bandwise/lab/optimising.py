"""The rest of a preset by optimisation: most bass at the loudness there is without it, within targets."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench
from bandwise.lab.deriving import NAMES, Choice, Tuning, derive
from bandwise.lab.gaps import gap_distortion
from bandwise.lab.limits import Limits, simulated_limits
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.measure.loudness import bass_level_db, integrated_loudness
from bandwise.measure.residual import gain_residual

Doubles = NDArray[np.float64]

# Below the last volume step, where the sum is limited, and 6 dB softer, where bands alone are: a preset
# that is tried at the last step only lets the cone go farther at the step before.
VOLUMES_DB = (0.0, -6.0)
# So soft that nothing is held: what bass there is is the make-up of the bands. The programme's own bass is
# wanted there, and a little more; beyond that it only moves the cone.
SOFT_VOLUME_DB = -24.0
WANTED_BASS_DB = 1.0
SOFT_BASS_PENALTY = 2.0  # decibels of worth per decibel that is missing there
# Decibels of worth per unit beyond a target; more than bass gains by going beyond it (5 dB per % of rest).
DISTORTION_PENALTY, RESIDUAL_PENALTY, SOFTNESS_PENALTY = 3.0, 12.0, 3.0
LOUDNESS_PER_DRIVE = 0.7  # LU per dB between limiting and not: for the step towards equal loudness
SETTLING_STEPS = 10  # before the first: where the sum is limited, a decibel of drive is 0.2 LU
DRIVE_BOUNDS_DB = (-30.0, 30.0)
PROGRAMME_SECONDS = 9.0
START = Choice(-10.0, -0.5, 10.0, 9.0, -10.0, -7.0)  # lowest tones held first, as they move the cone most
STEPS = (-3.0, 1.5, 2.0, -1.5, -4.0, -4.0)  # from there to the other corners of the first simplex
# Where there is no model to try a preset on: ceilings at the limits, mild compression.
CAUTIOUS = Choice(0.0, 0.0, 3.0, 3.0, -18.0, -18.0, upper_makeup=3.0)


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

    def worth(self, wanted_lufs: float, targets: Targets) -> float:
        """Bass at the wanted loudness, less penalties for what is beyond the targets, or too soft."""
        missing = wanted_lufs - self.loudness_lufs
        return (
            self.bass_db + missing
            - SOFTNESS_PENALTY * max(0.0, missing)
            - DISTORTION_PENALTY * max(0.0, self.distortion_percent - targets.distortion_percent)
            - RESIDUAL_PENALTY * max(0.0, self.residual_percent - targets.residual_percent)
        )  # fmt: skip


def outcome(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Outcome:
    """Loudness and bass at the listener's, distortion in gaps of the whole chain, the loudspeaker's part."""
    digital = bench.processed(x, settings, drive_db)
    pressure = bench.loudspeaker.play(digital).pressure_pa
    residual = gain_residual(pressure, bench.linear.play(digital).pressure_pa, SAMPLE_RATE)
    heard = bench.heard(pressure)
    distortion = gap_distortion(lambda y: bench.played(y, settings, drive_db).pressure_pa, x, pressure)
    return Outcome(
        integrated_loudness(heard, SAMPLE_RATE), bass_level_db(heard, SAMPLE_RATE), distortion, residual
    )


def loudness(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> float:
    """LUFS at the listener's."""
    return integrated_loudness(bench.heard(bench.played(x, settings, drive_db).pressure_pa), SAMPLE_RATE)


def rail_sag_db(bench: Bench, x: Doubles) -> float:
    """How far the rail falls while the programme is as loud as it gets."""
    played = bench.loudspeaker.play(np.clip(x * 10 ** (bench.full_drive_db / 20), -1.0, 1.0))
    return float(20.0 * np.log10(bench.amplifier.rail_v / played.lowest_rail_v))


class Trial:
    """Tries presets at the loudness that the unprocessed device has at `VOLUMES_DB`.

    The drive for that is found as presets are tried: each starts where the one before ended, and goes one
    step. What is missing then is counted in `Outcome.worth`.
    """

    def __init__(self, bench: Bench, x: Doubles, targets: Targets) -> None:
        self._bench, self._x, self._targets = bench, x, targets
        self._drives_db = [volume + bench.full_drive_db for volume in VOLUMES_DB]
        self._wanted_lufs = [loudness(bench, x, None, drive) for drive in self._drives_db]
        self._soft_bass_db = self._soft_bass(None)

    def worth(self, settings: MultibandSettings) -> float:
        """Mean over the volumes, the soft one included, in decibels."""
        self.settle(settings)
        found = zip(self.outcomes(settings), VOLUMES_DB, strict=True)
        worths = [o.worth(wanted, self._targets.at(volume)) for (o, wanted), volume in found]
        return float(np.mean([*worths, self.soft_worth(settings)]))

    def settle(self, settings: MultibandSettings, steps: int = 1) -> None:
        """Take the drives towards the wanted loudness."""
        for _ in range(steps):
            for k, wanted in enumerate(self._wanted_lufs):
                missing = wanted - loudness(self._bench, self._x, settings, self._drives_db[k])
                step_db = missing / LOUDNESS_PER_DRIVE
                self._drives_db[k] = float(np.clip(self._drives_db[k] + step_db, *DRIVE_BOUNDS_DB))

    def soft_worth(self, settings: MultibandSettings) -> float:
        """Bass at the soft volume against the programme's own, as far as it is wanted, in decibels."""
        over = min(self._soft_bass(settings) - self._soft_bass_db, WANTED_BASS_DB)
        return over - SOFT_BASS_PENALTY * max(0.0, -over)

    def _soft_bass(self, settings: MultibandSettings | None) -> float:
        """Bass over loudness, both at the listener's, where nothing is held."""
        drive_db = SOFT_VOLUME_DB + self._bench.full_drive_db
        heard = self._bench.heard(self._bench.played(self._x, settings, drive_db).pressure_pa)
        return bass_level_db(heard, SAMPLE_RATE) - integrated_loudness(heard, SAMPLE_RATE)

    def outcomes(self, settings: MultibandSettings) -> Sequence[tuple[Outcome, float]]:
        """What comes of it at every volume, and the LUFS that were wanted."""
        found = [outcome(self._bench, self._x, settings, drive) for drive in self._drives_db]
        return list(zip(found, self._wanted_lufs, strict=True))


def tuned(
    bench: Bench,
    x: Doubles,
    targets: Targets,
    evaluations: int = 30,
    on_step: Callable[[int, float], None] = lambda _step, _worth: None,
    limits: Limits | None = None,
) -> Tuning:
    """The preset for this bench and programme: limits, derivation, then SciPy's Nelder-Mead on what is open.

    Args:
        bench: the device.
        x: (frames,) bass-heavy programme at 48 kHz.
        targets: what to keep to; `limits` are those of its distortion, for tones.
        evaluations: how many presets may be tried.
        on_step: called with the number of the try and its worth.
        limits: of steady tones; measured here if not given.
    """
    from scipy.optimize import minimize

    limits = limits or simulated_limits(bench.loudspeaker, targets.distortion_percent)
    sag_db, trial, worths = rail_sag_db(bench, x), Trial(bench, x, targets), list[float]()

    def make(vector: Doubles) -> Tuning:
        choice = Choice(**dict(zip(NAMES, (float(v) for v in vector), strict=True)))
        return derive(limits, choice, rail_sag_db=sag_db, target_percent=targets.distortion_percent)

    def loss(vector: Doubles) -> float:
        worths.append(trial.worth(make(vector).settings))
        on_step(len(worths), worths[-1])
        return -worths[-1]

    start = START.vector()
    trial.settle(make(start).settings, SETTLING_STEPS)
    simplex = np.vstack([start, *(start + step for step in np.diag(STEPS))])
    found = minimize(
        loss, start, method="Nelder-Mead", bounds=Choice.BOUNDS,
        options={"maxfev": evaluations, "initial_simplex": simplex, "xatol": 0.2, "fatol": 0.02},
    )  # fmt: skip
    return make(found.x)
