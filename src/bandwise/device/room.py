"""The room: from the loudspeaker to the microphone of the device, to the listener, and from the talker to it.

A shoebox by image sources (Allen and Berkley, JASA 65, 1979), one reflection coefficient for all walls, set
by the decay time. `measured_room` has rooms that were recorded.
"""

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bandwise.device.drivers import SPEED_OF_SOUND
from bandwise.errors import BandwiseError
from bandwise.kernels import kernel
from bandwise.measure.loudness import filter_in_place

Doubles = NDArray[np.float64]
Place = tuple[float, float, float]

LOWEST_HZ = 30.0
SINC_TAPS = 40  # on either side of an arrival between two samples


class Paths(Protocol):
    """How sound gets through a room, as impulse responses; the pressure at 1 m in the open goes in."""

    def echo_path(self, sample_rate: int) -> Doubles:
        """From the loudspeaker to the microphone."""

    def talker_path(self, sample_rate: int) -> Doubles:
        """From the talker's mouth to the microphone."""

    def listening_path(self, sample_rate: int) -> Doubles:
        """From the loudspeaker to the listener."""


@dataclass(frozen=True)
class Room:
    """A room in metres: its size, its decay time, and who is where in it.

    The microphone is 9 cm from the cone, the talker 1.6 m from the device, the listener 2 m.
    """

    size_m: Place = (5.0, 4.0, 2.7)
    rt60_s: float = 0.35
    loudspeaker_m: Place = (1.0, 2.2, 0.9)
    microphone_m: Place = (1.0, 2.2, 0.99)
    talker_m: Place = (2.4, 1.6, 1.4)
    listener_m: Place = (2.8, 1.6, 1.2)

    def __post_init__(self) -> None:
        for name in ("loudspeaker_m", "microphone_m", "talker_m", "listener_m"):
            if not all(0.0 < x < side for x, side in zip(getattr(self, name), self.size_m, strict=True)):
                raise BandwiseError(
                    f"got {name} = {getattr(self, name)}; allowed is inside {self.size_m}; move it"
                )
        if not 0.05 <= self.rt60_s <= 3.0:
            raise BandwiseError(f"got rt60_s = {self.rt60_s}; allowed is 0.05 to 3 s; correct it")

    def echo_path(self, sample_rate: int) -> Doubles:
        """From the loudspeaker to the microphone: times the pressure at 1 m in the open."""
        return self.response(self.loudspeaker_m, self.microphone_m, sample_rate)

    def talker_path(self, sample_rate: int) -> Doubles:
        """From the talker's mouth to the microphone."""
        return self.response(self.talker_m, self.microphone_m, sample_rate)

    def listening_path(self, sample_rate: int) -> Doubles:
        """From the loudspeaker to the listener."""
        return self.response(self.loudspeaker_m, self.listener_m, sample_rate)

    def response(self, source_m: Place, receiver_m: Place, sample_rate: int) -> Doubles:
        """Impulse response, `rt60_s` long; a direct path of 1 m has height 1."""
        out = np.zeros(round(self.rt60_s * sample_rate) + 2 * SINC_TAPS)
        size, source, receiver = (np.array(p, dtype=np.float64) for p in (self.size_m, source_m, receiver_m))
        add_images(out, size, source, receiver, self._reflection(), sample_rate / SPEED_OF_SOUND)
        filter_in_place(out, high_pass(LOWEST_HZ, sample_rate))
        return out[: -2 * SINC_TAPS]

    def _reflection(self) -> float:
        """Pressure reflection of the walls by Eyring: RT60 = 0.161 V / (-S ln(1 - a)), r = sqrt(1 - a)."""
        x, y, z = self.size_m
        surface = 2.0 * (x * y + y * z + x * z)
        return math.exp(-0.161 * x * y * z / (2.0 * surface * self.rt60_s))


def high_pass(hz: float, sample_rate: float) -> Doubles:
    """Butterworth of order 2 as b0 b1 b2 a1 a2, by the bilinear transform.

    All images have the same sign, so that pressure would pile up towards 0 Hz; no room is that tight
    (Allen and Berkley do the same).
    """
    k = math.tan(math.pi * hz / sample_rate)
    a0 = 1.0 + math.sqrt(2.0) * k + k * k
    return np.array([1.0, -2.0, 1.0, 2.0 * (k * k - 1.0), 1.0 - math.sqrt(2.0) * k + k * k]) / a0


@kernel
def add_images(
    out: Doubles, size: Doubles, source: Doubles, receiver: Doubles, reflection: float, samples_per_m: float
) -> None:
    """Add every image that is heard within `out`, as a windowed sinc of height r^bounces / distance.

    Along an axis of length L the images are at 2 m L + x after |2 m| bounces, at 2 m L - x after |2 m - 1|.
    """
    farthest = out.shape[0] / samples_per_m
    orders = np.empty(3, np.int64)
    for a in range(3):
        orders[a] = int(farthest / (2.0 * size[a])) + 1
    for mx in range(-orders[0], orders[0] + 1):
        for sx in (1, -1):
            dx = 2.0 * mx * size[0] + sx * source[0] - receiver[0]
            bx = abs(2 * mx) if sx == 1 else abs(2 * mx - 1)
            for my in range(-orders[1], orders[1] + 1):
                for sy in (1, -1):
                    dy = 2.0 * my * size[1] + sy * source[1] - receiver[1]
                    by = bx + (abs(2 * my) if sy == 1 else abs(2 * my - 1))
                    for mz in range(-orders[2], orders[2] + 1):
                        for sz in (1, -1):
                            dz = 2.0 * mz * size[2] + sz * source[2] - receiver[2]
                            distance = math.sqrt(dx * dx + dy * dy + dz * dz)
                            bounces = by + (abs(2 * mz) if sz == 1 else abs(2 * mz - 1))
                            if distance < farthest:
                                add_arrival(out, distance * samples_per_m, reflection**bounces / distance)


@kernel
def add_arrival(out: Doubles, at: float, height: float) -> None:
    """Add a Hann-windowed sinc of this height at a time in samples."""
    first = max(0, math.floor(at) - SINC_TAPS + 1)
    last = min(out.shape[0], math.floor(at) + SINC_TAPS + 1)
    for n in range(first, last):
        t = n - at
        window = 0.5 + 0.5 * math.cos(math.pi * t / (SINC_TAPS + 1))
        value = 1.0 if abs(t) < 1e-9 else math.sin(math.pi * t) / (math.pi * t)
        out[n] += height * window * value


def through(x: Doubles, response: Doubles) -> Doubles:
    """Convolve x (n,) with a response; cut to n."""
    size = 1 << (len(x) + len(response) - 2).bit_length()
    wet = np.fft.irfft(np.fft.rfft(x, size) * np.fft.rfft(response, size), size)
    return np.asarray(wet[: len(x)])
