"""From the newest hop of sound to everything that is known about the current frame."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.buffers import copy, shift
from bandwise.suppress.comb import PAST_SAMPLES, comb
from bandwise.suppress.features import SIZE, band_coherence, band_energies, describe
from bandwise.suppress.pitch import (
    DECIMATION,
    LAGS,
    MIN_LAG,
    NEXT_TO_NOTHING,
    TRACK_HISTORY,
    advance,
    correlate,
    decimate,
    refine,
)
from bandwise.suppress.stft import (
    BINS,
    HOP_SAMPLES,
    LOOKAHEAD_FRAMES,
    LOOKAHEAD_SAMPLES,
    WINDOW_SAMPLES,
    Array,
    analyse,
)

FRAME_START = PAST_SAMPLES
HISTORY_SAMPLES = PAST_SAMPLES + WINDOW_SAMPLES + LOOKAHEAD_SAMPLES


class Analysis(NamedTuple):
    """What survives between hops, and what is known of the current frame after one.

    The newest hop ends `history`; the current frame lies LOOKAHEAD_SAMPLES before its end. `spectra`
    and `energies` hold the current frame first, then the frames of the look-ahead.
    """

    history: NDArray[np.float32]
    spectra: NDArray[np.complex64]
    energies: NDArray[np.float32]
    low: NDArray[np.float32]
    rumble: NDArray[np.float32]
    best: NDArray[np.float32]
    came_from: NDArray[np.int64]
    correlation: NDArray[np.float32]
    period: NDArray[np.int64]
    comb_spectrum: NDArray[np.complex64]
    coherence: NDArray[np.float32]
    features: NDArray[np.float32]


def fresh_analysis() -> Analysis:
    """Silence behind us."""
    frames = LOOKAHEAD_FRAMES + 1
    return Analysis(
        history=np.zeros(HISTORY_SAMPLES, np.float32),
        spectra=np.zeros((frames, BINS), np.complex64),
        energies=np.zeros((frames, BANDS), np.float32),
        low=np.zeros(TRACK_HISTORY, np.float32),
        rumble=np.zeros(2, np.float32),
        best=np.zeros(LAGS, np.float32),
        came_from=np.zeros(LAGS, np.int64),
        correlation=np.zeros((2, LAGS), np.float32),
        period=np.zeros(1, np.int64),
        comb_spectrum=np.zeros(BINS, np.complex64),
        coherence=np.zeros(BANDS, np.float32),
        features=np.zeros(SIZE, np.float32),
    )


@kernel
def analyse_hop(hop: Array, state: Analysis) -> None:
    """Take in (480,) samples; the current frame moves on by one hop and is described anew."""
    push_hop(hop, state)
    look_ahead(state)
    correlation = track_pitch(state)
    compare_with_comb(state)
    describe(state.energies[-1], state.coherence, state.period[0], correlation, state.features)


@kernel
def push_hop(hop: Array, state: Analysis) -> None:
    """Shift the history by one hop; what is next to nothing is silence."""
    shift(state.history, HOP_SAMPLES)
    newest = state.history.size - HOP_SAMPLES
    for n in range(HOP_SAMPLES):
        state.history[newest + n] = hop[n] if abs(hop[n]) > NEXT_TO_NOTHING else np.float32(0.0)


@kernel
def look_ahead(state: Analysis) -> None:
    """Spectrum and band energies of the newest frame; older ones move towards the current."""
    shift(state.spectra.reshape(state.spectra.size), BINS)
    shift(state.energies.reshape(state.energies.size), BANDS)
    spectrum = analyse(state.history[-WINDOW_SAMPLES:])
    copy(spectrum, state.spectra[-1])
    band_energies(spectrum, state.energies[-1])


@kernel
def track_pitch(state: Analysis) -> float:
    """Set the current frame's period in samples; return the correlation there.

    The newest correlation belongs to the next frame: its window ends with the look-ahead and is centred
    on that frame. The best path to there came through the current frame, one step back.
    """
    decimate(state.history, state.low, state.rumble)
    shift(state.correlation.reshape(state.correlation.size), LAGS)
    correlate(state.low, state.correlation[1])
    advance(state.best, state.correlation[1], state.came_from)
    lag = state.came_from[np.argmax(state.best)]
    period = DECIMATION * (MIN_LAG + lag)
    state.period[0] = refine(state.history, FRAME_START, WINDOW_SAMPLES, period)
    correlation: float = state.correlation[0, lag]
    return correlation


@kernel
def compare_with_comb(state: Analysis) -> None:
    """Comb-filter the current frame with its period; per band, how much it looks like itself."""
    filtered = np.empty(WINDOW_SAMPLES, np.float32)
    comb(state.history, FRAME_START, state.period[0], filtered)
    spectrum = analyse(filtered)
    copy(spectrum, state.comb_spectrum)
    band_coherence(state.spectra[0], spectrum, state.coherence)
