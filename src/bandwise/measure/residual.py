"""What a processor adds to programme beyond gains: the stricter measure of its distortion."""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

SEGMENT_SECONDS = 0.05
LOWEST_HZ, BANDS, BANDS_PER_OCTAVE = 20.0, 29, 3
LEAST_CELL_SAMPLES = 16

Complex = NDArray[np.complex128]


def gain_residual(y: ArrayLike, reference: ArrayLike, sample_rate: int) -> float:
    """What no gain explains, in percent of y (RMS), 0 to 100.

    Args:
        y: (frames,) what a processor made.
        reference: (frames,) what its linear path alone makes of the same recording, aligned with y.
        sample_rate: Hz.

    Both are cut into bands of a third of an octave, 20 Hz to 16 kHz, and those into cells of 50 ms. In each
    cell y = g r + e with the complex gain g = <r, y> / <r, r> that leaves the least e. Steady gains, gains
    that differ between bands and turns of phase are not counted; clipping, and gain that moves within 50 ms,
    are. Below 100 Hz a cell spans less than the time in which a band can change, and g hides part of it.
    """
    spectra = [np.fft.rfft(np.asarray(z, dtype=np.float64)) for z in (y, reference)]
    seconds = len(np.asarray(y)) / sample_rate
    edges_hz = LOWEST_HZ * 2.0 ** (np.arange(BANDS + 1) / BANDS_PER_OCTAVE)
    edges = np.ceil(edges_hz * seconds).astype(int)
    cells = max(1, round(seconds / SEGMENT_SECONDS))
    left = total = 0.0
    for first, last in pairwise(edges):
        made, heard = (_cells(spectrum[first:last], cells) for spectrum in spectra)
        left += _unexplained(made, heard)
        total += float(_energy(made).sum())
    return 100.0 * float(np.sqrt(left / max(total, 1e-30)))


def _cells(inside: Complex, cells: int) -> Complex:
    """(cells, samples) of a band's analytic signal, moved to 0 Hz and sampled twice as fast as it needs.

    Scaled so that its energy is that of the bins, whatever the number of samples.
    """
    samples = max(LEAST_CELL_SAMPLES, -(-2 * len(inside) // cells))
    return np.asarray(np.fft.ifft(inside, cells * samples, norm="ortho").reshape(cells, samples))


def _energy(z: Complex) -> NDArray[np.float64]:
    return np.asarray(np.square(np.abs(z)).sum(axis=1))


def _unexplained(y: Complex, r: Complex) -> float:
    """Energy of y less its projection onto r, cell by cell."""
    shared = np.square(np.abs((r.conj() * y).sum(axis=1)))
    return float(np.maximum(_energy(y) - shared / np.maximum(_energy(r), 1e-30), 0.0).sum())
