"""A room from a recording of its impulse response, in the place of the simulated one."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.device.drivers import SPEED_OF_SOUND
from bandwise.errors import BandwiseError

Doubles = NDArray[np.float64]

DIRECT_SECONDS = 2.5e-3  # what arrives so soon after the first sound counts as direct
LONGEST_SECONDS = 1.0
ONSET = 0.2  # of the peak, 14 dB below: where the direct sound begins


@dataclass(frozen=True)
class MeasuredRoom:
    """Paths of a device in a measured room: one response, and how far apart everybody is in metres.

    A response is scaled so that its direct sound is that of its distance. The microphone is too near its
    loudspeaker for any usual recording: there the direct sound is that of an empty space, and what follows is
    the room's reverberation, which is as loud everywhere.
    """

    path: str
    measured_m: float = 1.6
    microphone_m: float = 0.09
    listener_m: float = 2.0

    def __post_init__(self) -> None:
        if not Path(self.path).is_file():
            raise BandwiseError(
                f"got room {self.path!r}, which is not there; an impulse response is needed; give one"
            )
        for name in ("measured_m", "microphone_m", "listener_m"):
            if not 0.01 <= getattr(self, name) <= 50.0:
                raise BandwiseError(
                    f"got {name} = {getattr(self, name)!r}; allowed is 0.01 to 50 m; correct it"
                )

    def echo_path(self, sample_rate: int) -> Doubles:
        """From the loudspeaker to the microphone: times the pressure at 1 m in the open."""
        return self._response(self.microphone_m, sample_rate)

    def talker_path(self, sample_rate: int) -> Doubles:
        """From the talker's mouth to the microphone."""
        return self._response(self.measured_m, sample_rate)

    def listening_path(self, sample_rate: int) -> Doubles:
        """From the loudspeaker to the listener."""
        return self._response(self.listener_m, sample_rate)

    def _response(self, distance_m: float, sample_rate: int) -> Doubles:
        """Direct sound of 1 / distance after distance / c, then the reverberation that was measured."""
        direct, reverberation = self._parts(sample_rate)
        late = round(distance_m / SPEED_OF_SOUND * sample_rate)
        out = np.concatenate([np.zeros(late), direct / distance_m, reverberation / self.measured_m])
        return out[: round(LONGEST_SECONDS * sample_rate)]

    def _parts(self, sample_rate: int) -> tuple[Doubles, Doubles]:
        """Direct sound of energy 1, and the reverberation that came with it."""
        response = self._read(sample_rate)
        size = np.abs(response)
        first = int(np.argmax(size >= ONSET * size.max()))
        response = response[max(0, first - round(0.1 * DIRECT_SECONDS * sample_rate)) :]
        split = round(DIRECT_SECONDS * sample_rate)
        response = response / np.sqrt(np.square(response[:split]).sum())
        return response[:split], response[split:]

    def _read(self, sample_rate: int) -> Doubles:
        import soundfile
        import soxr

        try:
            samples, rate = soundfile.read(self.path, dtype="float64", always_2d=True)
        except (OSError, RuntimeError) as error:
            raise BandwiseError(f"got {self.path}, which is no recording ({error}); give another") from None
        response = samples[:, 0] if rate == sample_rate else soxr.resample(samples[:, 0], rate, sample_rate)
        if len(response) < sample_rate // 50 or not np.abs(response).max() > 0.0:
            raise BandwiseError(
                f"got {self.path} with {len(response)} samples or only zeros; an impulse response of 20 ms "
                "or more is needed; give another"
            )
        return np.asarray(response)
