"""Distortion of programme through a whole loudspeaker: what appears in narrow gaps, from the bass upwards."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.programme import SAMPLE_RATE

Doubles = NDArray[np.float64]

GAPS_HZ = (125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0)
CUT_OCTAVES, HEARD_OCTAVES = 1 / 6, 1 / 12  # each side of the middle: what is cut, what is listened to
WINDOW_SECONDS = 2.0


@dataclass(frozen=True)
class GapEnergies:
    """Energy by piece and gap, (pieces, gaps): what fell into the cut gaps, and what belongs there."""

    fallen: Doubles
    whole: Doubles

    @property
    def percent(self) -> float:
        """RMS in percent; each gap counts alike: its ratio is taken first, then the mean of them."""
        return float(_percent(self.fallen.sum(axis=0), self.whole.sum(axis=0)))

    def drawn(self, pieces: NDArray[np.integer]) -> Doubles:
        """The percentages of other selections of pieces: indices (draws, pieces) -> (draws,)."""
        return np.asarray(_percent(self.fallen[pieces].sum(axis=1), self.whole[pieces].sum(axis=1)))


def _percent(fallen: Doubles, whole: Doubles) -> Doubles:
    return np.asarray(100.0 * np.sqrt(np.mean(fallen / np.maximum(whole, 1e-30), axis=-1)))


def with_gaps(x: Doubles) -> Doubles:
    """The recording, (frames,), without a third of an octave around each of `GAPS_HZ`."""
    spectrum = np.fft.rfft(x)
    return np.fft.irfft(np.where(_octaves_off(len(x)).min(axis=0) < CUT_OCTAVES, 0.0, spectrum), len(x))


def gap_energies(
    process: Callable[[Doubles], Doubles],
    x: Doubles,
    whole: Doubles | None = None,
    window_seconds: float = WINDOW_SECONDS,
) -> GapEnergies:
    """What falls into six gaps, and what belongs there.

    The noise power ratio of `bandwise.measure.distortion.programme_distortion` with gaps lower down, where a
    small driver distorts. Harmonics, intermodulation, clipping and gain that moves fast count; slow gain does
    not. Each piece is heard under a Blackman window of its own, so that joints and ends, which no loudspeaker
    distorts, leave nothing: a linear one shows 0.01 %.

    Args:
        process: (frames,) -> (frames,), aligned with its input, fresh at every call.
        x: (frames,) recordings at 48 kHz, one after the other.
        whole: what `process` makes of x, if that is known already.
        window_seconds: length of each of them; what is left at the end is not heard.
    """
    made = process(x) if whole is None else whole
    return GapEnergies(*(_energies(y, window_seconds) for y in (process(with_gaps(x)), made)))


def gap_distortion(
    process: Callable[[Doubles], Doubles],
    x: Doubles,
    whole: Doubles | None = None,
    window_seconds: float = WINDOW_SECONDS,
) -> float:
    """What falls into the gaps, in percent of what belongs there (RMS); arguments as in `gap_energies`."""
    return gap_energies(process, x, whole, window_seconds).percent


def _energies(y: Doubles, window_seconds: float) -> Doubles:
    size = min(len(y), round(window_seconds * SAMPLE_RATE))
    pieces = y[: len(y) // size * size].reshape(-1, size) * np.blackman(size)
    energy = np.square(np.abs(np.fft.rfft(pieces, axis=1)))
    return np.stack([energy[:, off < HEARD_OCTAVES].sum(axis=1) for off in _octaves_off(size)], axis=1)


def _octaves_off(size: int) -> Doubles:
    """(gaps, bins): how far each bin of a transform of so many samples is from the middle of each gap."""
    octaves = np.log2(np.maximum(np.fft.rfftfreq(size, 1.0 / SAMPLE_RATE), 1e-9))
    return np.asarray(np.abs(octaves - np.log2(GAPS_HZ)[:, None]))
