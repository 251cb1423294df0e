"""A loudspeaker that plays: samples in, sound pressure at 1 m out, and what it suffered."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import AIR_DENSITY, Driver
from bandwise.device.motion import (
    EXCURSION,
    RAIL_VOLTS,
    TRACES,
    VOLUME_ACCELERATION,
    integrate,
    make_motion,
)
from bandwise.errors import BandwiseError

Doubles = NDArray[np.float64]

PRESSURE_PER_ACCELERATION = AIR_DENSITY / (4.0 * np.pi)  # Pa at 1 m per m3/s2, in the open
OVERSAMPLING = 2
CHUNK_SECONDS = 1.0


@dataclass(frozen=True)
class Played:
    """What came of a signal: `pressure_pa` (frames,) at 1 m in the open, and extremes on the way.

    `clipped_share` is the share of time at the rail, `peak_excursion_mm` the farthest the cone went, one way;
    `beyond_xmax_share` the share of time beyond x_max.
    """

    pressure_pa: Doubles
    peak_excursion_mm: float
    beyond_xmax_share: float
    clipped_share: float
    lowest_rail_v: float


class Loudspeaker:
    """An amplifier, a driver and its box at a sample rate.

    Args:
        driver: see `bandwise.device.drivers`.
        amplifier: its gain, rail and supply.
        sample_rate: Hz; inside it is twice as much.

    Example:
        >>> from bandwise.device.drivers import DRIVERS
        >>> Loudspeaker(DRIVERS["nd65-4"]).play(np.zeros(48)).pressure_pa.shape
        (48,)
    """

    def __init__(self, driver: Driver, amplifier: Amplifier | None = None, sample_rate: int = 48_000) -> None:
        self.driver = driver
        self.amplifier = amplifier or Amplifier()
        self.sample_rate = sample_rate

    def linear(self) -> "Loudspeaker":
        """The same loudspeaker if nothing clipped, sagged or bent: what nonlinearity is measured against."""
        amplifier = replace(self.amplifier, rail_v=1e4, supply_ohm=0.0)
        return Loudspeaker(self.driver.linear(), amplifier, self.sample_rate)

    def play(self, x: ArrayLike) -> Played:
        """Play x (frames,), 1.0 being full scale, from rest."""
        import soxr

        samples = np.asarray(x, dtype=np.float64)
        down = soxr.ResampleStream(OVERSAMPLING * self.sample_rate, self.sample_rate, 1, "float64", "HQ")
        pieces, peak, rail = [np.zeros(0)], 0.0, self.amplifier.rail_v
        beyond = clipped = count = 0
        for command_v, traces in self._run(samples):
            pieces.append(down.resample_chunk(PRESSURE_PER_ACCELERATION * traces[VOLUME_ACCELERATION]))
            excursion = np.abs(traces[EXCURSION])
            peak = max(peak, excursion.max())
            beyond += int(np.count_nonzero(excursion > 1e-3 * self.driver.xmax_mm))
            clipped += int(np.count_nonzero(np.abs(command_v) > traces[RAIL_VOLTS]))
            rail, count = min(rail, traces[RAIL_VOLTS].min()), count + len(command_v)
        pieces.append(down.resample_chunk(np.zeros(0), last=True))
        pressure = np.concatenate(pieces)[: len(samples)]
        if not np.isfinite(pressure).all():
            raise BandwiseError(
                f"got driver {self.driver.name!r}, whose model leaves the range of numbers; its masses, "
                "inductances or nonlinearities are beyond what drivers have; correct them"
            )
        pressure = np.pad(pressure, (0, len(samples) - len(pressure)))
        return Played(pressure, 1e3 * peak, beyond / max(count, 1), clipped / max(count, 1), float(rail))

    def traces(self, x: ArrayLike) -> Doubles:
        """The traces of `bandwise.device.motion` while playing x, (TRACES, 2 frames): for looking inside."""
        return np.concatenate([t for _, t in self._run(np.asarray(x, dtype=np.float64))], axis=1)

    def _run(self, samples: Doubles) -> Iterator[tuple[Doubles, Doubles]]:
        """Command in volts and traces at the oversampled rate, chunk by chunk."""
        import soxr

        rate, size = OVERSAMPLING * self.sample_rate, round(CHUNK_SECONDS * self.sample_rate)
        up = soxr.ResampleStream(self.sample_rate, rate, 1, "float64", "HQ")
        motion = make_motion(self.driver, self.amplifier, rate)
        last_v = 0.0
        for start in range(0, max(len(samples), 1), size):
            chunk = samples[start : start + size]
            command_v = self.amplifier.gain_v * up.resample_chunk(chunk, last=start + size >= len(samples))
            traces = np.empty((TRACES, len(command_v)))
            integrate(
                command_v, last_v, motion.parameters, motion.supply, motion.state, motion.step_s, traces
            )
            if len(command_v):
                last_v = float(command_v[-1])
                yield command_v, traces
