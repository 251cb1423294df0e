"""From limits to a preset: crossovers where limits change, ceilings under them, a reason for every number."""

import math
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings
from bandwise.lab.limits import Limits
from bandwise.lab.reasons import CEILING_MARGIN_DB, Given, reasons_of

if TYPE_CHECKING:
    from bandwise.lab.trial import Reached

Doubles = NDArray[np.float64]

LOWEST_HZ, HIGHEST_LIMITED_HZ = 35.0, 400.0
FREE_DB = -0.5  # against the highest limit: from here on the driver is not what limits
LEAST_OCTAVES = 0.6  # of a band: LR4 slopes leave less nothing to hold
UPPER_CUTOFFS = (4.0, 18.0)  # times the last cutoff of the driver: body, presence, treble
LOOKAHEAD_MS = 12.0
UPPER_CEILINGS_DBFS = (-3.0, -4.0, -8.0)  # of body, presence, treble, before they are moved together
GAIN_RANGE_DB = (-6.0, 3.0)

Response = tuple[Doubles, Doubles]


@dataclass(frozen=True)
class Choice:
    """What is left to choose by ear or optimiser, in dB; the order is that of the optimiser's vector."""

    deep_trim: float = 0.0  # ceiling of the lowest band against the limit of steady tones
    bass_trim: float = 0.0  # the same of the bass band
    deep_makeup: float = 7.0
    bass_makeup: float = 7.0
    bass_threshold: float = -12.0
    upper_threshold: float = -13.0
    upper_ceiling: float = 0.0  # moves the ceilings of the upper bands together
    # Not in the vector: as much more make-up, behind thresholds as much lower, is only as much more volume.
    upper_makeup: float = 7.0

    BOUNDS = ((-15.0, 6.0), (-9.0, 6.0), (0.0, 14.0), (0.0, 14.0), (-36.0, 0.0), (-36.0, 0.0),
              (-9.0, 3.0))  # fmt: skip

    def vector(self) -> Doubles:
        """As an array."""
        return np.array([getattr(self, name) for name in NAMES])


NAMES = (
    "deep_trim", "bass_trim", "deep_makeup", "bass_makeup", "bass_threshold", "upper_threshold",
    "upper_ceiling",
)  # fmt: skip


@dataclass(frozen=True)
class Tuning:
    """Settings, and why: a reason by the place of the number, e.g. "bands.0.limiter.ceiling_dbfs"."""

    settings: MultibandSettings
    reasons: dict[str, str] = field(default_factory=dict)
    reached: tuple["Reached", ...] = ()
    """Where it was tried out."""


def cutoffs_of(limits: Limits) -> tuple[float, float]:
    """Where the driver's limit changes: (deep | bass, bass | free) in Hz.

    Above the second the driver takes what the amplifier gives. The first divides the rest so that least
    headroom is lost to holding a whole band at the limit of its lowest tone, by SciPy's bounded minimiser.
    """
    from scipy.optimize import minimize_scalar

    hz = np.geomspace(LOWEST_HZ, HIGHEST_LIMITED_HZ, 400)
    level = limits.at(hz)
    limited = np.flatnonzero(level < level.max() + FREE_DB)
    free_hz = float(hz[limited[-1]]) if limited.size else 2.0 * LOWEST_HZ
    free_hz = max(free_hz, LOWEST_HZ * 2.0 ** (2.0 * LEAST_OCTAVES))
    bounds = (LOWEST_HZ * 2.0**LEAST_OCTAVES, free_hz / 2.0**LEAST_OCTAVES)

    def lost_db(log_cutoff: float) -> float:
        low, high = hz <= math.exp(log_cutoff), (hz > math.exp(log_cutoff)) & (hz <= free_hz)
        return float(sum((level[part] - level[part].min()).sum() for part in (low, high) if part.any()))

    best = minimize_scalar(lost_db, bounds=np.log(bounds), method="bounded")
    return round(math.exp(float(best.x)), 0), round(free_hz, 0)


def derive(
    limits: Limits,
    choice: Choice,
    *,
    rail_sag_db: float = 0.0,
    target_percent: float = 5.0,
    optimised: bool = True,
    response_db: Response | None = None,
) -> Tuning:
    """A preset for these limits.

    Args:
        limits: highest level of tones by frequency.
        choice: what the limits leave open.
        rail_sag_db: how far the rail falls under load, a positive number.
        target_percent: the distortion the limits were made for, for the reasons.
        optimised: whether `choice` comes from the optimiser, for the reasons.
        response_db: a measured response, (hz, dB); bands are brought to one level where that takes little.
    """
    cutoffs = _all_cutoffs(limits)
    lowest = (_lowest(limits, LOWEST_HZ, cutoffs[0]), _lowest(limits, cutoffs[0], cutoffs[1]))
    plain = _bands(choice, min(0.0, lowest[0] + choice.deep_trim), min(0.0, lowest[1] + choice.bass_trim))
    gains = band_gains_db(cutoffs, response_db)
    ceiling = round(-(rail_sag_db + CEILING_MARGIN_DB), 2)
    settings = MultibandSettings(
        description="Made by bandwise tune.",
        cutoffs_hz=cutoffs,
        lookahead_ms=LOOKAHEAD_MS,
        low_edge_hz=LOWEST_HZ,
        bands=tuple(replace(band, gain_db=gain) for band, gain in zip(plain, gains, strict=True)),
        output=LimiterSettings(ceiling_dbfs=ceiling, release_ms=80.0, sustained_release_ms=500.0),
    )
    given = Given(cutoffs, lowest, (choice.deep_trim, choice.bass_trim), rail_sag_db, target_percent)
    return Tuning(settings, reasons_of(given, optimised=optimised))


def _all_cutoffs(limits: Limits) -> tuple[float, ...]:
    deep_hz, free_hz = cutoffs_of(limits)
    return (deep_hz, free_hz, *(round(free_hz * times, -1) for times in UPPER_CUTOFFS))


def _bands(choice: Choice, deep_db: float, bass_db: float) -> tuple[BandSettings, ...]:
    """Five bands, the two lowest with these ceilings."""
    body, presence, treble = (min(0.0, ceiling + choice.upper_ceiling) for ceiling in UPPER_CEILINGS_DBFS)
    return (
        _band(choice.bass_threshold - 6.0, 4.0, 10.0, 250.0, choice.deep_makeup, deep_db),
        _band(choice.bass_threshold, 3.0, 12.0, 250.0, choice.bass_makeup, bass_db),
        _band(choice.upper_threshold, 2.5, 15.0, 200.0, choice.upper_makeup, body),
        _band(choice.upper_threshold - 3.0, 2.5, 12.0, 180.0, choice.upper_makeup, presence),
        _band(choice.upper_threshold - 8.0, 2.5, 8.0, 150.0, choice.upper_makeup, treble),
    )


def band_gains_db(cutoffs: tuple[float, ...], response_db: Response | None) -> list[float]:
    """Gains that bring each band to the level between 500 Hz and 4 kHz, -6 to +3 dB."""
    if response_db is None:
        return [0.0] * (len(cutoffs) + 1)
    hz, level = response_db
    edges = (LOWEST_HZ, *cutoffs, 16_000.0)
    middle = _mean_level(hz, level, 500.0, 4_000.0)
    gains = [middle - _mean_level(hz, level, a, b) for a, b in pairwise(edges)]
    return [round(float(np.clip(gain, *GAIN_RANGE_DB)), 1) for gain in gains]


def _mean_level(hz: Doubles, level: Doubles, low_hz: float, high_hz: float) -> float:
    grid = np.geomspace(low_hz, high_hz, 60)
    return float(np.interp(np.log(grid), np.log(hz), level).mean())


def _lowest(limits: Limits, low_hz: float, high_hz: float) -> float:
    """The limit of a band: that of its most delicate tone."""
    return float(limits.at(np.geomspace(low_hz, high_hz, 50)).min())


def _band(
    threshold: float, ratio: float, attack_ms: float, release_ms: float, makeup: float, ceiling: float
) -> BandSettings:
    compressor = CompressorSettings(
        threshold_db=round(threshold, 1), ratio=ratio, attack_ms=attack_ms, release_ms=release_ms,
        makeup_db=round(makeup, 1),
    )  # fmt: skip
    return BandSettings(
        compressor=compressor,
        limiter=LimiterSettings(ceiling_dbfs=round(ceiling, 1), release_ms=120.0, sustained_release_ms=400.0),
    )
