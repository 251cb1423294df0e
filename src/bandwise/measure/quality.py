"""Speech quality against a clean reference: all take `(clean[n], processed[n], sample_rate)`, aligned."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

# PESQ-wb is defined there (ITU-T P.862.2), and the field's tables score everything else there too.
SCORING_RATE = 16_000
HIGH_BAND_HZ = (8_000, 20_000)
FRAME = 2048
LEAST_BINS = 16
LOWEST_PESQ = 1.04

Signal = NDArray[Any]


@dataclass(frozen=True)
class Metric:
    """One column of a table."""

    key: str
    title: str
    measure: Callable[[Signal, Signal, int], float]
    digits: int = 2
    rises: bool = True
    """Larger is better."""
    package: str | None = None
    """What has to be installed for it."""

    @property
    def installed(self) -> bool:
        """Whether its package can be imported."""
        return self.package is None or find_spec(self.package) is not None


def pesq_wb(clean: Signal, processed: Signal, sample_rate: int) -> float:
    """PESQ wide band (ITU-T P.862.2), 1.04 to 4.64; NaN where it finds no utterance in the clean signal."""
    from pesq import PesqError, pesq

    reference, degraded = (at_rate(x, sample_rate) for x in (clean, processed))
    if not np.any(degraded):  # the reference code divides by the level of what it is given
        return LOWEST_PESQ if np.any(reference) else float("nan")
    score = pesq(SCORING_RATE, reference, degraded, "wb", on_error=PesqError.RETURN_VALUES)
    return float(score) if score > 0 else float("nan")


def stoi(clean: Signal, processed: Signal, sample_rate: int, *, extended: bool = False) -> float:
    """Short-time objective intelligibility (Taal 2011), or extended (Jensen and Taal 2016); 1 at best.

    NaN where there is less than 0.4 s of speech.
    """
    from pystoi import stoi as measure

    reference, heard = (at_rate(x, sample_rate) for x in (clean, processed))
    if not np.any(reference):
        return float("nan")
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)  # with which pystoi says that it makes its answer up
        try:
            return float(measure(reference, heard, SCORING_RATE, extended=extended))
        except RuntimeWarning:
            return float("nan")


def estoi(clean: Signal, processed: Signal, sample_rate: int) -> float:
    """Extended STOI: rewards a clean envelope between the words, too."""
    return stoi(clean, processed, sample_rate, extended=True)


def si_sdr_db(clean: Signal, processed: Signal, sample_rate: int = SCORING_RATE) -> float:
    """Scale-invariant signal-to-distortion ratio |a s|^2 / |a s - x|^2 in dB (Le Roux et al., ICASSP 2019).

    a is the projection of x on s, both without their means; a scaled copy gives infinity, silence minus
    infinity.
    """
    s, x = (np.asarray(at_rate(y, sample_rate), dtype=np.float64) for y in (clean, processed))
    s, x = s - s.mean(), x - x.mean()
    energy = float(s @ s)
    if energy == 0:
        return float("nan")
    target = (x @ s / energy) * s
    wanted, rest = float(target @ target), float(np.sum((x - target) ** 2))
    if not np.isfinite(rest):
        return float("nan")
    if wanted == 0:
        return float("-inf")
    return float(10 * np.log10(wanted / rest)) if rest > 1e-14 * wanted else float("inf")  # below: rounding


def high_band_distance_db(clean: Signal, processed: Signal, sample_rate: int) -> float:
    """Log-spectral distance above 8 kHz in dB; NaN if the clean recording has nothing there.

    Up to 20 kHz, or to where the clean recording ends: its last bin within 30 dB of its mean level there.
    Root mean square over the bins of the difference of levels in dB, then the mean over frames. Levels are
    floored 40 dB below that mean, or silence would decide.
    """
    low, high = (int(np.searchsorted(np.fft.rfftfreq(FRAME, 1 / sample_rate), hz)) for hz in HIGH_BAND_HZ)
    everything = _powers(clean)
    reference, other = everything[:, low:high], _powers(processed)[:, low:high]
    if high - low < LEAST_BINS or not len(reference) or reference.mean() <= 1e-6 * everything.mean():
        return float("nan")
    mean = reference.mean()
    reach = int(np.flatnonzero(reference.mean(axis=0) > 1e-3 * mean)[-1]) + 1
    a, b = (10 * np.log10(np.maximum(powers[:, :reach], 1e-4 * mean)) for powers in (reference, other))
    return float(np.sqrt(np.mean((a - b) ** 2, axis=1)).mean())


def at_rate(x: Signal, sample_rate: int, wanted: int = SCORING_RATE) -> Signal:
    """The signal itself if it has the wanted rate, else float32 by soxr in its highest quality."""
    if sample_rate == wanted:
        return x
    import soxr

    return np.asarray(
        soxr.resample(np.asarray(x, dtype=np.float32), sample_rate, wanted, "VHQ"), dtype=np.float32
    )


def _powers(x: Signal) -> NDArray[np.float64]:
    """Power spectra `[frames, 1025]` of Hann windows of 2048 samples, half overlapping."""
    if len(x) < FRAME:
        return np.zeros((0, FRAME // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(np.asarray(x, dtype=np.float64), FRAME)[:: FRAME // 2]
    powers: NDArray[np.float64] = np.abs(np.fft.rfft(frames * np.hanning(FRAME))) ** 2
    return powers


METRICS = (
    Metric("pesq", "PESQ-wb", pesq_wb, package="pesq"),
    Metric("stoi", "STOI", stoi, digits=3, package="pystoi"),
    Metric("estoi", "ESTOI", estoi, digits=3, package="pystoi"),
    Metric("si_sdr", "SI-SDR dB", si_sdr_db, digits=1),
    Metric("lsd_high", "LSD >8k dB", high_band_distance_db, digits=1, rises=False),
)
