"""Print the table of docs/device.md that compares the two echo cancellers.

python docs/device.py

Coloured noise through the echo path of the room, 30 s, a floor 70 dB below the echo; then with a talker as
loud as the echo from the 20th second on.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise import markdown
from bandwise.device.adaptive import KalmanCanceller
from bandwise.device.echo import SAMPLE_RATE, EchoCanceller, convergence_s, erle_over_time
from bandwise.device.room import Room, through
from bandwise.device.speex import SpeexCanceller, speex_library

Doubles = NDArray[np.float64]

SECONDS, TALK_S = 30, 20
LEVEL, FLOOR_DB = 0.05, -70.0
COLUMNS = (
    "ERLE after 2 s", "settled", "within 3 dB of that after", "with a talker as loud as the echo"
)  # fmt: skip
TITLES = {"speex": "SpeexDSP MDF", "kalman": "ours (Kalman)"}


def main() -> None:
    """Both cancellers, or ours alone where SpeexDSP is not installed."""
    cancellers: list[EchoCanceller] = [KalmanCanceller()]
    if speex_library():
        cancellers.insert(0, SpeexCanceller())
    print(markdown.head("", *COLUMNS))
    for canceller in cancellers:
        print(markdown.row(TITLES[canceller.name], *figures(canceller)))


def figures(canceller: EchoCanceller) -> list[str]:
    """ERLE in dB at those moments, and the seconds until it is within 3 dB of where it settles."""
    reference, echo, noise, talker = scene()
    alone = erle_over_time(echo, canceller.cancel(echo + noise, reference))
    left = canceller.cancel(echo + noise + talker, reference) - talker
    disturbed = erle_over_time(echo, left)[2 * TALK_S + 4 :]
    return [
        f"{alone[3]:.0f} dB",
        f"{np.median(alone[-20:]):.0f} dB",
        f"{convergence_s(alone):.1f} s",
        f"{np.median(disturbed):.0f} dB",
    ]


def scene() -> tuple[Doubles, Doubles, Doubles, Doubles]:
    """Reference, its echo, noise and a talker (noise bursts, four a second), (n,) at 16 kHz."""
    rng = np.random.default_rng(1)
    count = SECONDS * SAMPLE_RATE
    reference = 0.1 * np.convolve(rng.standard_normal(count), [1.0, 0.8, 0.5], "same")
    echo = through(reference, Room().echo_path(SAMPLE_RATE))
    echo *= LEVEL / echo.std()
    noise = LEVEL * 10 ** (FLOOR_DB / 20) * rng.standard_normal(count)
    time = np.arange(count) / SAMPLE_RATE
    talker = (
        LEVEL * rng.standard_normal(count) * (time > TALK_S) * (np.sin(8 * np.pi * time) > 0) * np.sqrt(2)
    )
    return reference, echo, noise, talker


if __name__ == "__main__":
    main()
