"""The suppressor with parts left out, to see what each of them is worth.

The same kernels in the same order as the product; with everything in its place the sound is the product's.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bandwise.errors import BandwiseError
from bandwise.kernels import kernel
from bandwise.suppress.analysis import (
    FRAME_START,
    Analysis,
    compare_with_comb,
    fresh_analysis,
    look_ahead,
    push_hop,
    track_pitch,
)
from bandwise.suppress.deep_filter import LowBins, fresh_low_bins
from bandwise.suppress.estimates import room_for_estimates
from bandwise.suppress.features import describe
from bandwise.suppress.frames import Frames, fresh_frames, note_frame, resynthesise_hops
from bandwise.suppress.network import Network
from bandwise.suppress.pitch import DECIMATION, LAG_COST, MIN_LAG, refine
from bandwise.suppress.relief import RELIEF
from bandwise.suppress.stft import (
    HOP_SAMPLES,
    LATENCY_HOPS,
    LATENCY_SAMPLES,
    SAMPLE_RATE,
    WINDOW_SAMPLES,
    Array,
)
from bandwise.suppress.suppressor import share_kept


@dataclass(frozen=True)
class Ablation:
    """A system for `evaluate_pairs`: one network, with what is False left out; the defaults are the product.

    `pitch_path`: the period follows the likeliest path over frames; without it each frame takes the highest
    peak of its own correlation. `deep_filter`: without it, the gains and the comb alone make the low bins.
    `relief`: without it, the low bins stay as quiet as the filter makes them. `attenuation_limit_db` as in
    `bandwise.NoiseSuppressor`.
    """

    model: str | Path = "base"
    comb: bool = True
    postfilter: bool = False
    pitch_path: bool = True
    deep_filter: bool = True
    relief: bool = True
    attenuation_limit_db: float | None = None

    def __call__(self, x: Array, sample_rate: int) -> Array:
        """float32[n] at 48 kHz -> float32[n], aligned."""
        if sample_rate != SAMPLE_RATE:
            raise BandwiseError(f"got {sample_rate} Hz; ablations run at {SAMPLE_RATE} Hz; resample first")
        hops = _hops(x)
        network = Network(self.model, most_frames=len(hops))
        inputs, estimates = room_for_estimates(1, len(hops), filters=network.filters)
        frames = fresh_frames(0, inputs, estimates)
        _describe(hops, self.pitch_path, fresh_analysis(), fresh_low_bins(), frames)
        network.estimate(inputs, len(hops), estimates)
        out = np.zeros(hops.size, np.float32)
        relief, overlap = RELIEF * np.float32(self.relief), np.zeros(HOP_SAMPLES, np.float32)
        kept = np.float32(share_kept(self.attenuation_limit_db))
        resynthesise_hops(self._without(frames), self.postfilter, kept, relief, overlap, out)
        aligned: Array = out[LATENCY_SAMPLES:][: len(x)].copy()
        return aligned

    def _without(self, frames: Frames) -> Frames:
        """The frames with the estimates of what is left out taken away."""
        if not self.comb:
            frames.strengths[:] = 0.0
        return frames if self.deep_filter else frames._replace(taps=frames.taps[:0])


def _hops(x: Array) -> Array:
    """(hops, 480), the last one filled up, silence behind for the look-ahead to run into."""
    hops = -(-len(x) // HOP_SAMPLES) + LATENCY_HOPS
    return np.pad(x, (0, hops * HOP_SAMPLES - len(x))).astype(np.float32).reshape(hops, HOP_SAMPLES)


@kernel
def _describe(hops: Array, pitch_path: bool, state: Analysis, low: LowBins, frames: Frames) -> None:
    for t in range(hops.shape[0]):
        push_hop(hops[t], state)
        look_ahead(state)
        correlation = track_pitch(state)
        if not pitch_path:
            lag = np.argmax(state.correlation[0] - LAG_COST)
            period = DECIMATION * (MIN_LAG + lag)
            state.period[0] = refine(state.history, FRAME_START, WINDOW_SAMPLES, period)
            correlation = state.correlation[0, lag]
        compare_with_comb(state)
        describe(state.energies[-1], state.coherence, state.period[0], correlation, state.features)
        note_frame(state, low, t, frames)
