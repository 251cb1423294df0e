"""Distortion of programme through a whole loudspeaker: what appears in narrow gaps, from the bass upwards."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.programme import SAMPLE_RATE

Doubles = NDArray[np.float64]

GAPS_HZ = (125.0, 250.0, 500.0, 1_000.0, 2_000.0, 4_000.0)


def gap_distortion(process: Callable[[Doubles], Doubles], x: Doubles, whole: Doubles | None = None) -> float:
    """What falls into six gaps of a third of an octave, in percent of what belongs there (RMS).

    The noise power ratio of `bandwise.measure.distortion.programme_distortion` with gaps lower down, where a
    small driver distorts. Harmonics, intermodulation, clipping and gain that moves fast count; slow gain does
    not. Each gap counts alike: its ratio is taken first, then the mean of the squares.

    Args:
        process: (frames,) -> (frames,), aligned with its input, fresh at every call.
        x: (frames,) a recording at 48 kHz.
        whole: what `process` makes of x, if that is known already.
    """
    spectrum = np.fft.rfft(x)
    octaves = np.log2(np.maximum(np.fft.rfftfreq(len(x), 1.0 / SAMPLE_RATE), 1e-9))
    distance = np.abs(octaves[:, None] - np.log2(GAPS_HZ))
    with_gaps = np.fft.irfft(np.where(distance.min(axis=1) < 1 / 6, 0.0, spectrum), len(x))
    made = process(x) if whole is None else whole
    fallen, all_of_it = (np.square(np.abs(np.fft.rfft(y))) for y in (process(with_gaps), made))
    inside = distance < 1 / 12
    ratios = [fallen[gap].sum() / max(float(all_of_it[gap].sum()), 1e-30) for gap in inside.T]
    return float(100.0 * np.sqrt(np.mean(ratios)))
