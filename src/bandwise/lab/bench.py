"""The chain on the bench: volume, processor, amplifier, driver, room, and what is heard at the ends of it.

A sample of 1 is the amplifier's rail. The programme comes at -14 LUFS, so its peaks are about 1; the volume
control goes from -30 to 0 dB, and `full_drive_db` lies between 0 dB and a gain of 1: the last steps drive
what comes beyond the rail, as they do in products.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import DRIVERS, Driver
from bandwise.device.echo import SAMPLE_RATE as ECHO_RATE
from bandwise.device.loudspeaker import Loudspeaker, Played
from bandwise.device.microphone import Microphone
from bandwise.device.room import Paths, Room, through
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.measure.residual import gain_residual
from bandwise.stream import whole

Doubles = NDArray[np.float64]

REFERENCE_HEADROOM_DB = 18.0  # the reference of the echo canceller is stored this far below the rail


@dataclass(frozen=True)
class Bench:
    """A device in a room."""

    driver: Driver = field(default_factory=lambda: DRIVERS["nd65-4"])
    amplifier: Amplifier = field(default_factory=Amplifier.of_small_device)
    room: Paths = field(default_factory=Room)
    microphone: Microphone = field(default_factory=Microphone)
    full_drive_db: float = 6.0

    @cached_property
    def loudspeaker(self) -> Loudspeaker:
        """Amplifier and driver."""
        return Loudspeaker(self.driver, self.amplifier, SAMPLE_RATE)

    @cached_property
    def linear(self) -> Loudspeaker:
        """The same without nonlinearity."""
        return self.loudspeaker.linear()

    def twin(self) -> "Bench":
        """The same bench with a loudspeaker that nothing bends."""
        linear = self.linear
        return replace(self, driver=linear.driver, amplifier=linear.amplifier)

    @cached_property
    def listening_path(self) -> Doubles:
        """From loudspeaker to listener at 48 kHz."""
        return self.room.listening_path(SAMPLE_RATE)

    def processed(self, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Doubles:
        """The programme behind the drive and a processor, aligned; None: no processor."""
        driven = x * 10 ** (drive_db / 20)
        if settings is None:
            return np.asarray(driven)
        return np.asarray(whole(MultibandDynamics(settings.mono(), SAMPLE_RATE), driven))

    def played(self, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Played:
        """What the loudspeaker makes of it."""
        return self.loudspeaker.play(self.processed(x, settings, drive_db))

    def residual_percent(self, digital: Doubles, pressure_pa: Doubles) -> float:
        """What no gain explains of what the loudspeaker made of `digital`: its own part, in percent."""
        return gain_residual(pressure_pa, self.linear.play(digital).pressure_pa, SAMPLE_RATE)

    def heard(self, pressure_pa: Doubles) -> Doubles:
        """Sound pressure at the listener's."""
        return through(pressure_pa, self.listening_path)


def reference_for_canceller(digital: Doubles) -> Doubles:
    """What the echo canceller is told: the digital signal at 16 kHz, with headroom."""
    import soxr

    return np.asarray(soxr.resample(digital, SAMPLE_RATE, ECHO_RATE)) * 10 ** (-REFERENCE_HEADROOM_DB / 20)
