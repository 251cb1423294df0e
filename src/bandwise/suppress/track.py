"""The pitch track of a whole recording, and the plain tracker that it has to beat."""

import numpy as np

from bandwise.kernels import kernel
from bandwise.suppress.analysis import Analysis, fresh_analysis, push_hop, track_pitch
from bandwise.suppress.ideal import in_hops
from bandwise.suppress.pitch import DECIMATION, LAG_COST, MIN_LAG
from bandwise.suppress.stft import LATENCY_HOPS, SAMPLE_RATE, Array


def pitch_track(x: Array) -> Array:
    """Pitch in Hz, float32 (n // 480,), of float32 (n,) at 48 kHz: the path that the suppressor follows.

    Frame l covers samples 480 l to 480 l + 960. There is always a pitch, in silence and noise too.
    """
    return _tracks(x)[0]


def peak_track(x: Array) -> Array:
    """As `pitch_track`, each frame by itself: the highest peak of the same correlation.

    The cost of long periods is the same, too; only the path over frames is missing.
    """
    return _tracks(x)[1]


def _tracks(x: Array) -> tuple[Array, Array]:
    hops = in_hops(x)
    periods = np.empty((2, len(hops)), np.float32)
    _follow(hops, fresh_analysis(), periods)
    path, peaks = (SAMPLE_RATE / periods[:, LATENCY_HOPS:]).astype(np.float32)
    return path, peaks


@kernel
def _follow(hops: Array, state: Analysis, periods: Array) -> None:
    """Period in samples after every hop: from the path (row 0), from the correlation alone (row 1)."""
    for hop in range(hops.shape[0]):
        push_hop(hops[hop], state)
        track_pitch(state)
        periods[0, hop] = state.period[0]
        periods[1, hop] = DECIMATION * (MIN_LAG + np.argmax(state.correlation[0] - LAG_COST))
