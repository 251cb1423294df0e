"""What an experiment measures, and what with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bandwise.device.echo import EchoCanceller
from bandwise.device.wakeword import WakeWordDetector
from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.programme import Piece
from bandwise.lab.talker import Word

NONE, LINEAR = "none", "linear"
# The baseline; our processor with the baseline's numbers; our processor with numbers for this driver.
BASELINE, SAME_NUMBERS, TUNED = "conventional", "smart-speaker", "tuned"


@dataclass(frozen=True)
class Plan:
    """What is measured.

    `volumes_db`; `echo_over_speech_db` of the unprocessed echo over the talker at volume 0, from which the
    talker's level follows: real devices turn their microphones away from their loudspeaker and listen with
    several of them, which is not simulated. `measured_seconds` of each bass-heavy piece (half as much of the
    others) for loudness, bass and distortion, `echo_seconds` of it for echo and wake words. A processor may
    be driven `extra_drive_db` beyond volume 0 to be as loud as the others.
    """

    volumes_db: tuple[float, ...] = (-30.0, -18.0, -12.0, -6.0, -3.0, 0.0)
    echo_over_speech_db: float = 20.0
    measured_seconds: float = 2.0
    echo_seconds: float = 8.0
    extra_drive_db: float = 24.0
    seed: int = 1
    distortion_target_percent: float = 6.0
    tuning_evaluations: int = 45


@dataclass(frozen=True)
class Materials:
    """What it is measured with.

    A processor that is None does nothing; the one called "linear" plays through the linear twin of the
    loudspeaker: the echo of a perfect driver.
    """

    processors: Mapping[str, MultibandSettings | None]
    pieces: Sequence[Piece]
    words: Sequence[Word]
    canceller: EchoCanceller
    detectors: Sequence[tuple[WakeWordDetector, str | None]] = field(default=())
