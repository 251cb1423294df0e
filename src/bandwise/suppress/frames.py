"""Some hops of one channel in a row: everything before the network, and everything after it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.analysis import Analysis, analyse_hop
from bandwise.suppress.buffers import copy
from bandwise.suppress.deep_filter import LowBins, filter_low_bins, limit_low_bins, push_spectrum
from bandwise.suppress.estimates import Estimates, Inputs
from bandwise.suppress.places import LOW_BINS, TAPS, lay_out
from bandwise.suppress.postfilter import sharpen
from bandwise.suppress.relief import relieve
from bandwise.suppress.stft import BINS, HOP_SAMPLES, Array, resynthesise
from bandwise.suppress.synthesis import mix_in_comb


class Frames(NamedTuple):
    """What is known of some frames, and what the network estimates of them."""

    spectra: NDArray[np.complex64]
    comb_spectra: NDArray[np.complex64]
    energies: NDArray[np.float32]
    low: NDArray[np.complex64]
    """[frames, 5, 100], or no frames where there is no deep filter; `sound` and `taps` likewise."""
    features: NDArray[np.float32]
    sound: NDArray[np.float32]
    gains: NDArray[np.float32]
    strengths: NDArray[np.float32]
    taps: NDArray[np.float32]


def fresh_frames(channel: int, inputs: Inputs, estimates: Estimates) -> Frames:
    """Room for as many frames of a channel as these have; the network reads and writes the same memory."""
    count, filtered = inputs.features.shape[1], inputs.sound.shape[1]
    spectra = np.zeros((2, count, BINS), np.complex64)
    energies = np.zeros((count, BANDS), np.float32)
    low = np.zeros((filtered, TAPS, LOW_BINS), np.complex64)
    features, sound = (table[channel] for table in inputs)
    gains, strengths, taps = (table[channel] for table in estimates)
    return Frames(spectra[0], spectra[1], energies, low, features, sound, gains, strengths, taps)


@kernel
def describe_hops(samples: Array, state: Analysis, low: LowBins, frames: Frames) -> None:
    """Take in whole hops; describe the frame that is current after each."""
    for t in range(samples.size // HOP_SAMPLES):
        analyse_hop(samples[t * HOP_SAMPLES : (t + 1) * HOP_SAMPLES], state)
        note_frame(state, low, t, frames)


@kernel
def note_frame(state: Analysis, low: LowBins, t: int, frames: Frames) -> None:
    """Write down what is known of the current frame, as frame `t`."""
    copy(state.spectra[0], frames.spectra[t])
    copy(state.comb_spectrum, frames.comb_spectra[t])
    copy(state.energies[0], frames.energies[t])
    copy(state.features, frames.features[t])
    if frames.sound.shape[0]:
        push_spectrum(state.spectra[-1], low)
        copy(low.spectra.reshape(low.spectra.size), frames.low[t].reshape(low.spectra.size))
        lay_out(low.values, frames.sound[t])


@kernel
def resynthesise_hops(
    frames: Frames, postfilter: bool, kept: np.float32, relief: np.float32, overlap: Array, out: Array
) -> None:
    """Turn frames and estimates into whole hops of sound; the estimates become what was done."""
    for t in range(out.size // HOP_SAMPLES):
        gains, strengths, estimated = frames.gains[t], frames.strengths[t], frames.gains[t].copy()
        decide(gains, strengths, frames.energies[t], postfilter, kept)
        mixed = mix_in_comb(frames.spectra[t], frames.comb_spectra[t], frames.energies[t], strengths, gains)
        if frames.taps.shape[0]:
            filter_low_bins(frames.low[t], estimated, frames.taps[t], mixed)
            relieve(frames.spectra[t], relief, mixed)
            limit_low_bins(estimated, gains, postfilter, kept, frames.spectra[t], mixed)
        resynthesise(mixed, overlap, out[t * HOP_SAMPLES : (t + 1) * HOP_SAMPLES])


@kernel
def decide(gains: Array, strengths: Array, energies: Array, postfilter: bool, kept: np.float32) -> None:
    """Sharpen the estimates of a frame, and limit them."""
    if postfilter:
        sharpen(gains.copy(), energies, gains)
    removed = np.float32(1.0) - kept
    for b in range(BANDS):
        gains[b] = kept + removed * gains[b]
        strengths[b] *= removed
