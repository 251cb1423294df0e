"""Echo cancellers: what the microphone hears, less what the loudspeaker was told to play.

`EchoCanceller.cancel(microphone, reference)` works on whole signals at 16 kHz. SpeexDSP's MDF filter where
its library is installed, else ours; both are linear: what the loudspeaker distorts stays.
"""

from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from collections.abc import Callable

Doubles = NDArray[np.float64]

SAMPLE_RATE = 16_000
LEAST_POWER = 1e-20  # of what an ERLE is taken, so that silence has one
TAIL_SAMPLES = 4096  # 256 ms: a room of 0.35 s has decayed by 44 dB


class EchoCanceller(Protocol):
    """Anything that takes the echo out of a microphone signal."""

    name: str

    def cancel(self, microphone: Doubles, reference: Doubles) -> Doubles:
        """(n,), (n,) -> (n,): what is left, aligned with the microphone, starting from scratch."""


def make_canceller(name: str = "auto") -> EchoCanceller:
    """The canceller "speex", "kalman" (ours), or "auto": speex if its library is there.

    Raises:
        BandwiseError: for an unknown name, or speex without its library.
    """
    from bandwise.device.adaptive import KalmanCanceller
    from bandwise.device.speex import SpeexCanceller, speex_library

    makers: dict[str, Callable[[], EchoCanceller]] = {"speex": SpeexCanceller, "kalman": KalmanCanceller}
    if name == "auto":
        name = "speex" if speex_library() else "kalman"
    if name not in makers:
        raise BandwiseError(f"got canceller {name!r}; allowed are auto, {', '.join(makers)}; choose one")
    return makers[name]()


def erle_db(echo: Doubles, residual: Doubles) -> float:
    """Echo return loss enhancement: power of the echo over power of what is left of it, in dB."""
    powers = [max(float(np.mean(np.square(x))), LEAST_POWER) for x in (echo, residual)]
    return float(10.0 * np.log10(powers[0] / powers[1]))


def erle_over_time(echo: Doubles, residual: Doubles, seconds: float = 0.5) -> Doubles:
    """ERLE in dB of consecutive pieces, (n,)."""
    size = round(seconds * SAMPLE_RATE)
    count = len(echo) // size
    powers = [np.square(x[: count * size]).reshape(count, size).mean(axis=1) for x in (echo, residual)]
    return np.asarray(10.0 * np.log10(np.divide(*np.maximum(powers, LEAST_POWER))))


def convergence_s(erle: Doubles, seconds: float = 0.5, within_db: float = 3.0) -> float:
    """When ERLE first comes within 3 dB of its median over the second half."""
    settled = float(np.median(erle[len(erle) // 2 :]))
    return float((np.argmax(erle >= settled - within_db) + 1) * seconds)
