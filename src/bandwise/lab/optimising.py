"""The rest of a preset by optimisation: most bass at the loudness there is without it, within targets."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.bench import Bench
from bandwise.lab.deriving import NAMES, Choice, Tuning, derive
from bandwise.lab.limits import Limits, simulated_limits
from bandwise.lab.trial import Targets, Trial

Doubles = NDArray[np.float64]

SETTLING_STEPS = 10  # before the first: where the sum is limited, a decibel of drive is 0.2 LU
PROGRAMME_SECONDS = 14.0
START = Choice(-10.0, -1.0, 5.0, 11.0, -16.0, -11.0, -2.5)  # lowest tones held first: they move the cone most
STEPS = (-3.0, 1.5, -3.0, 2.0, -5.0, -4.0, -2.0)  # from there to the other corners of the first simplex
# Where there is no model to try a preset on: ceilings at the limits, mild compression.
CAUTIOUS = Choice(0.0, 0.0, 3.0, 3.0, -18.0, -18.0, upper_makeup=3.0)


def tuned(
    bench: Bench,
    x: Doubles,
    targets: Targets,
    evaluations: int = 30,
    on_step: Callable[[int, float], None] = lambda _step, _worth: None,
    limits: Limits | None = None,
    window_seconds: float = 1.0,
) -> Tuning:
    """The preset for this bench and programme: limits, derivation, then SciPy's Nelder-Mead on what is open.

    Args:
        bench: the device.
        x: (frames,) bass-heavy programme at 48 kHz.
        targets: what to keep to; `limits` are those of its distortion, for tones.
        evaluations: how many presets may be tried.
        on_step: called with the number of the try and its worth.
        limits: of steady tones; measured here if not given.
        window_seconds: length of the pieces of x.
    """
    from scipy.optimize import minimize

    limits = limits or simulated_limits(bench.loudspeaker, targets.distortion_percent)
    trial, worths = Trial(bench, x, targets, window_seconds), list[float]()
    percent, start = targets.distortion_percent, START.vector()

    def make(vector: Doubles, sag_db: float) -> Tuning:
        choice = Choice(**dict(zip(NAMES, (float(v) for v in vector), strict=True)))
        return derive(limits, choice, rail_sag_db=sag_db, target_percent=percent)

    first = make(start, 0.0).settings
    trial.settle(first, SETTLING_STEPS)
    sag_db = trial.sag_db(first)

    def loss(vector: Doubles) -> float:
        worths.append(trial.worth(make(vector, sag_db).settings))
        on_step(len(worths), worths[-1])
        return -worths[-1]

    simplex = np.vstack([start, *(start + step for step in np.diag(STEPS))])
    found = minimize(
        loss, start, method="Nelder-Mead", bounds=Choice.BOUNDS,
        options={"maxfev": evaluations, "initial_simplex": simplex, "xatol": 0.2, "fatol": 0.02},
    )  # fmt: skip
    best = make(found.x, sag_db)
    return replace(best, reached=trial.reached(best.settings))
