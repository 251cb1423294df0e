"""Ideal outputs of the network, from a clean and a noisy recording of the same moment."""

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.analysis import (
    FRAME_START,
    Analysis,
    analyse_hop,
    fresh_analysis,
    look_ahead,
    push_hop,
)
from bandwise.suppress.comb import comb, noise_left
from bandwise.suppress.features import SIZE, TARGETS_SIZE, band_coherence
from bandwise.suppress.stft import HOP_SAMPLES, LATENCY_HOPS, WINDOW_SAMPLES, Array, analyse
from bandwise.suppress.strength import ideal_gain, ideal_strength


def features_and_targets(clean: Array, noisy: Array) -> tuple[Array, Array]:
    """Inputs (T, 70) and ideal outputs (T, 68) of the network for every frame, T = n // 480.

    `clean` and `noisy` are float32 (n,) at 48 kHz. Frame l covers samples 480 l to 480 l + 960. The noisy
    signal alone decides the period, as it does when the network runs.
    """
    frames = len(noisy) // HOP_SAMPLES
    features = np.zeros((frames, SIZE), np.float32)
    targets = np.zeros((frames, TARGETS_SIZE), np.float32)
    _describe_pair(in_hops(clean), in_hops(noisy), fresh_analysis(), fresh_analysis(), features, targets)
    return features, targets


def in_hops(signal: Array) -> Array:
    """Signal (n,) as (hops, 480), whole ones only, with silence behind for the look-ahead to run into."""
    hops = len(signal) // HOP_SAMPLES
    padded = np.zeros((hops + LATENCY_HOPS, HOP_SAMPLES), np.float32)
    padded[:hops] = signal[: hops * HOP_SAMPLES].reshape(hops, HOP_SAMPLES)
    return padded


@kernel
def watch(hop: Array, state: Analysis) -> None:
    """Take in a hop of a signal whose pitch is not asked for."""
    push_hop(hop, state)
    look_ahead(state)


@kernel
def ideal_targets(clean: Analysis, noisy: Analysis, targets: Array) -> None:
    """Gains and strengths (68,) of the current frame, with the period that `noisy` holds."""
    period = noisy.period[0]
    filtered, coherence = np.empty(WINDOW_SAMPLES, np.float32), np.empty(BANDS, np.float32)
    comb(clean.history, FRAME_START, period, filtered)
    band_coherence(clean.spectra[0], analyse(filtered), coherence)
    left = noise_left(period)
    for b in range(BANDS):
        strength, further = ideal_strength(coherence[b], noisy.coherence[b], left)
        targets[b] = further * ideal_gain(clean.energies[0, b], noisy.energies[0, b])
        targets[BANDS + b] = strength


@kernel
def _describe_pair(
    clean_hops: Array, noisy_hops: Array, clean: Analysis, noisy: Analysis, features: Array, targets: Array
) -> None:
    for hop in range(clean_hops.shape[0]):
        watch(clean_hops[hop], clean)
        analyse_hop(noisy_hops[hop], noisy)
        if hop >= LATENCY_HOPS:
            ideal_targets(clean, noisy, targets[hop - LATENCY_HOPS])
            features[hop - LATENCY_HOPS] = noisy.features
