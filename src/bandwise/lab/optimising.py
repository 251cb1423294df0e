"""The rest of a preset by optimisation: most loudness and bass at the last volume step, within the target."""

from collections.abc import Callable
from dataclasses import dataclass

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

BASS_WEIGHT = 1.0  # a decibel of bass against one of loudness, ours
PENALTY_PER_PERCENT = 3.0  # decibels
# Where there is no model to try a preset on: ceilings at the limits, mild compression.
CAUTIOUS = Choice(0.0, 0.0, 3.0, -18.0, -18.0, 3.0)
RESIDUAL_PERCENT = 1.5  # an echo canceller cannot model more than 36 dB below the echo, ours


@dataclass(frozen=True)
class Outcome:
    """What a preset does to the programme at one drive."""

    loudness_lufs: float
    bass_db: float
    distortion_percent: float
    residual_percent: float

    def worth(self, target_percent: float) -> float:
        """Loudness and bass, less a penalty for what is beyond the targets."""
        beyond = max(0.0, self.distortion_percent - target_percent)
        beyond += max(0.0, self.residual_percent - RESIDUAL_PERCENT)
        return self.loudness_lufs + BASS_WEIGHT * self.bass_db - PENALTY_PER_PERCENT * beyond


def outcome(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Outcome:
    """Loudness and bass at the listener's, distortion in gaps of the whole chain, the loudspeaker's part."""
    digital = bench.processed(x, settings, drive_db)
    pressure = bench.loudspeaker.play(digital).pressure_pa
    residual = gain_residual(pressure, bench.linear.play(digital).pressure_pa, SAMPLE_RATE)
    heard = bench.heard(pressure)
    distortion = gap_distortion(lambda y: bench.played(y, settings, drive_db).pressure_pa, x)
    return Outcome(
        integrated_loudness(heard, SAMPLE_RATE), bass_level_db(heard, SAMPLE_RATE), distortion, residual
    )


def rail_sag_db(bench: Bench, x: Doubles) -> float:
    """How far the rail falls while the programme is as loud as it gets."""
    played = bench.loudspeaker.play(np.clip(x * 10 ** (bench.full_drive_db / 20), -1.0, 1.0))
    return float(20.0 * np.log10(bench.amplifier.rail_v / played.lowest_rail_v))


def tuned(
    bench: Bench,
    x: Doubles,
    target_percent: float = 5.0,
    evaluations: int = 60,
    on_step: Callable[[int, float], None] = lambda _step, _worth: None,
    limits: Limits | None = None,
) -> Tuning:
    """The preset for this bench and programme: limits, derivation, then SciPy's Nelder-Mead on what is open.

    Args:
        bench: the device.
        x: (frames,) bass-heavy programme at 48 kHz.
        target_percent: distortion of tones in `limits`, and of the programme in gaps.
        evaluations: how many presets may be tried.
        on_step: called with the number of the try and its worth.
        limits: of steady tones; measured here if not given.
    """
    from scipy.optimize import minimize

    limits = limits or simulated_limits(bench.loudspeaker, target_percent)
    sag_db, tries = rail_sag_db(bench, x), 0

    def make(vector: Doubles) -> Tuning:
        choice = Choice(**dict(zip(NAMES, (float(v) for v in vector), strict=True)))
        return derive(limits, choice, rail_sag_db=sag_db, target_percent=target_percent)

    def loss(vector: Doubles) -> float:
        nonlocal tries
        tries += 1
        worth = outcome(bench, x, make(vector).settings, bench.full_drive_db).worth(target_percent)
        on_step(tries, worth)
        return -worth

    start = Choice().vector()
    simplex = np.vstack([start, *(start + step for step in np.diag([3.0, 3.0, 3.0, -4.0, -5.0, 3.0]))])
    found = minimize(
        loss, start, method="Nelder-Mead", bounds=Choice.BOUNDS,
        options={"maxfev": evaluations, "initial_simplex": simplex, "xatol": 0.2, "fatol": 0.02},
    )  # fmt: skip
    return make(found.x)
