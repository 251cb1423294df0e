"""How far each stage of the suppressor could go: the ladder from the noisy signal to the clean one."""

from pathlib import Path

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.kernels import kernel
from bandwise.suppress.analysis import Analysis, analyse_hop, compare_with_comb, fresh_analysis
from bandwise.suppress.features import TARGETS_SIZE
from bandwise.suppress.ideal import ideal_targets, in_hops, watch
from bandwise.suppress.places import LOW_BINS
from bandwise.suppress.postfilter import sharpen
from bandwise.suppress.stft import HOP_SAMPLES, LATENCY_SAMPLES, SAMPLE_RATE, Array, resynthesise
from bandwise.suppress.strength import ideal_gain
from bandwise.suppress.suppressor import enhance
from bandwise.suppress.synthesis import mix_in_comb


def ladder(clean: Array, noisy: Array, model: str | Path = "base") -> dict[str, Array]:
    """What each stage could do at best, from the noisy signal up; float32 (n,) at 48 kHz, aligned.

    All rungs between the first, which is `noisy` itself, and the last, the network, know the clean signal:
    34 gains, or all magnitudes, or gains and strengths with the pitch track of the clean or of the noisy
    voice, or those with the postfilter, or with the low bins as the best deep filter makes them: clean.
    """
    return {
        "noisy": noisy,
        "34 bands": _ideal(clean, noisy, pitch_of=noisy, use_comb=False),
        "all bins": _ideal_bins(clean, noisy),
        "bands + comb, clean pitch": _ideal(clean, noisy, pitch_of=clean),
        "bands + comb, noisy pitch": _ideal(clean, noisy, pitch_of=noisy),
        "bands + comb + postfilter": _ideal(clean, noisy, pitch_of=noisy, postfilter=True),
        "bands + deep filter": _ideal(clean, noisy, pitch_of=noisy, use_filter=True),
        "network": enhance(noisy, SAMPLE_RATE, model=model),
    }


def _padded(signal: Array) -> Array:
    """As `in_hops`, with the last, unfilled hop kept."""
    return in_hops(np.pad(signal, (0, -len(signal) % HOP_SAMPLES)).astype(np.float32, copy=False))


def _ideal(
    clean: Array,
    noisy: Array,
    pitch_of: Array,
    *,
    use_comb: bool = True,
    postfilter: bool = False,
    use_filter: bool = False,
) -> Array:
    states = fresh_analysis(), fresh_analysis(), fresh_analysis()
    out = np.zeros_like(_padded(noisy))
    _apply_ideal(
        _padded(clean), _padded(noisy), _padded(pitch_of), *states, use_comb, postfilter, use_filter, out
    )
    return _aligned(out, len(noisy))


def _ideal_bins(clean: Array, noisy: Array) -> Array:
    out = np.zeros_like(_padded(noisy))
    _apply_magnitudes(_padded(clean), _padded(noisy), fresh_analysis(), fresh_analysis(), out)
    return _aligned(out, len(noisy))


def _aligned(hops: Array, samples: int) -> Array:
    signal: Array = hops.reshape(-1)[LATENCY_SAMPLES:][:samples].copy()
    return signal


@kernel
def _apply_ideal(
    clean_hops: Array,
    noisy_hops: Array,
    pitch_hops: Array,
    clean: Analysis,
    noisy: Analysis,
    pitch: Analysis,
    use_comb: bool,
    postfilter: bool,
    use_filter: bool,
    out: Array,
) -> None:
    targets, sharpened = np.empty(TARGETS_SIZE, np.float32), np.empty(BANDS, np.float32)
    overlap = np.zeros(HOP_SAMPLES, np.float32)
    for hop in range(clean_hops.shape[0]):
        watch(clean_hops[hop], clean)
        watch(noisy_hops[hop], noisy)
        analyse_hop(pitch_hops[hop], pitch)
        noisy.period[0] = pitch.period[0]
        compare_with_comb(noisy)
        ideal_targets(clean, noisy, targets)
        if not use_comb:
            targets[BANDS:] = 0.0
            for b in range(BANDS):
                targets[b] = ideal_gain(clean.energies[0, b], noisy.energies[0, b])
        if postfilter:
            sharpen(targets[:BANDS], noisy.energies[0], sharpened)
            targets[:BANDS] = sharpened
        mixed = mix_in_comb(
            noisy.spectra[0], noisy.comb_spectrum, noisy.energies[0], targets[BANDS:], targets[:BANDS]
        )
        if use_filter:
            mixed[:LOW_BINS] = clean.spectra[0, :LOW_BINS]
        resynthesise(mixed, overlap, out[hop])


@kernel
def _apply_magnitudes(
    clean_hops: Array, noisy_hops: Array, clean: Analysis, noisy: Analysis, out: Array
) -> None:
    overlap = np.zeros(HOP_SAMPLES, np.float32)
    for hop in range(clean_hops.shape[0]):
        watch(clean_hops[hop], clean)
        watch(noisy_hops[hop], noisy)
        wanted, had = np.abs(clean.spectra[0]), np.abs(noisy.spectra[0])
        gains = np.minimum(wanted / (had + np.float32(1e-12)), np.float32(1.0))
        resynthesise(noisy.spectra[0] * gains, overlap, out[hop])
