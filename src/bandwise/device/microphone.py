"""The microphone of the device: what it hears in volts of a converter, with noise of its own."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
REFERENCE_PA = 20e-6


@dataclass(frozen=True)
class Microphone:
    """A full-scale sine has `full_scale_db_spl`; white noise of `noise_db_spl` over the whole band.

    Usual MEMS microphones clip at 120 dB SPL and have the noise of 29 to 35 dB SPL (A).
    """

    full_scale_db_spl: float = 120.0
    noise_db_spl: float = 33.0

    def hear(self, pressure_pa: Doubles, rng: np.random.Generator) -> Doubles:
        """Pressure (n,) in pascal -> samples in [-1, 1]."""
        noise_pa = REFERENCE_PA * 10 ** (self.noise_db_spl / 20)
        heard = pressure_pa + noise_pa * rng.standard_normal(len(pressure_pa))
        return np.asarray(np.clip(heard / self.full_scale_pa, -1.0, 1.0))

    @property
    def full_scale_pa(self) -> float:
        """The pressure of a sample of 1."""
        return REFERENCE_PA * float(10 ** (self.full_scale_db_spl / 20)) * math.sqrt(2.0)
