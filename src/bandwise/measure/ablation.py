"""The suppressor with parts left out, to see what each of them is worth.

The same kernels in the same order as the product; with everything in its place the sound is the product's.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.kernels import kernel
from bandwise.suppress.analysis import (
    FRAME_START,
    Analysis,
    compare_with_comb,
    fresh_analysis,
    look_ahead,
    remember,
    track_pitch,
)
from bandwise.suppress.features import SIZE, describe
from bandwise.suppress.network import Network
from bandwise.suppress.pitch import DECIMATION, LAG_COST, MIN_LAG, refine
from bandwise.suppress.postfilter import sharpen
from bandwise.suppress.stft import (
    BINS,
    HOP_SAMPLES,
    LATENCY_SAMPLES,
    SAMPLE_RATE,
    WINDOW_SAMPLES,
    Array,
    resynthesise,
)
from bandwise.suppress.synthesis import mix_in_comb

LEAD_HOPS = LATENCY_SAMPLES // HOP_SAMPLES


@dataclass(frozen=True)
class Ablation:
    """A system for `evaluate_pairs`: one network, with what is False left out; the defaults are the product.

    `pitch_path`: the period follows the likeliest path over frames; without it each frame takes the highest
    peak of its own correlation.
    """

    model: str | Path = "base"
    comb: bool = True
    postfilter: bool = False
    pitch_path: bool = True

    def __call__(self, x: Array, sample_rate: int) -> Array:
        """float32[n] at 48 kHz -> float32[n], aligned."""
        if sample_rate != SAMPLE_RATE:
            raise BandwiseError(f"got {sample_rate} Hz; ablations run at {SAMPLE_RATE} Hz; resample first")
        hops = _hops(x)
        seen = _Seen.of(len(hops))
        _look(hops, self.pitch_path, fresh_analysis(), seen)
        gains, strengths = self._decide(seen)
        out = np.zeros_like(hops)
        _make(seen, gains, strengths, out)
        aligned: Array = out.reshape(-1)[LATENCY_SAMPLES:][: len(x)].copy()
        return aligned

    def _decide(self, seen: "_Seen") -> tuple[Array, Array]:
        """Gains and strengths (T, 34) of all frames."""
        network = Network(self.model)
        answers = np.array([np.concatenate(network.step(features)) for features in seen.features])
        gains, strengths = np.split(answers.astype(np.float32), [BANDS], axis=1)
        if self.postfilter:
            _sharpen_all(gains.copy(), seen.energies, gains)
        return gains, strengths if self.comb else np.zeros_like(strengths)


class _Seen(NamedTuple):
    """All frames of a recording, as the network and the synthesis need them."""

    spectra: NDArray[np.complex64]
    comb_spectra: NDArray[np.complex64]
    energies: NDArray[np.float32]
    features: NDArray[np.float32]

    @classmethod
    def of(cls, frames: int) -> "_Seen":
        spectra: NDArray[Any] = np.zeros((2, frames, BINS), np.complex64)
        energies, features = np.zeros((frames, BANDS), np.float32), np.zeros((frames, SIZE), np.float32)
        return cls(spectra[0], spectra[1], energies, features)


def _hops(x: Array) -> Array:
    """(hops, 480), the last one filled up, silence behind for the look-ahead to run into."""
    hops = -(-len(x) // HOP_SAMPLES) + LEAD_HOPS
    return np.pad(x, (0, hops * HOP_SAMPLES - len(x))).astype(np.float32).reshape(hops, HOP_SAMPLES)


@kernel
def _look(hops: Array, pitch_path: bool, state: Analysis, seen: _Seen) -> None:
    for t in range(hops.shape[0]):
        remember(hops[t], state)
        look_ahead(state)
        correlation = track_pitch(state)
        if not pitch_path:
            lag = np.argmax(state.correlation[0] - LAG_COST)
            period = DECIMATION * (MIN_LAG + lag)
            state.period[0] = refine(state.history, FRAME_START, WINDOW_SAMPLES, period)
            correlation = state.correlation[0, lag]
        compare_with_comb(state)
        describe(state.energies[-1], state.coherence, state.period[0], correlation, seen.features[t])
        seen.spectra[t] = state.spectra[0]
        seen.comb_spectra[t] = state.comb_spectrum
        seen.energies[t] = state.energies[0]


@kernel
def _sharpen_all(gains: Array, energies: Array, out: Array) -> None:
    for t in range(gains.shape[0]):
        sharpen(gains[t], energies[t], out[t])


@kernel
def _make(seen: _Seen, gains: Array, strengths: Array, out: Array) -> None:
    overlap = np.zeros(HOP_SAMPLES, np.float32)
    for t in range(out.shape[0]):
        mixed = mix_in_comb(seen.spectra[t], seen.comb_spectra[t], seen.energies[t], strengths[t], gains[t])
        resynthesise(mixed, overlap, out[t])
