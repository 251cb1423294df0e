"""Two signals brought onto each other: what a system is late by must not count as what it did."""

import numpy as np

from bandwise.measure.quality import Signal

LONGEST_LAG_S = 0.1
LAG_ADVANTAGE = 1.01


def align(clean: Signal, processed: Signal, sample_rate: int) -> tuple[Signal, int]:
    """`(processed moved onto clean, how many samples it lagged)`, by cross-correlation within 0.1 s.

    A lag counts only if it correlates 1 % better than none does: noise and filters move the peak of an
    aligned signal, too. A system may turn the signal's sign.
    """
    samples, longest = len(clean), round(LONGEST_LAG_S * sample_rate)
    size = 1 << (samples + longest).bit_length()
    spectrum = np.fft.rfft(processed, size) * np.conj(np.fft.rfft(clean, size))
    correlation = np.fft.irfft(spectrum, size)
    lags = np.arange(-longest, longest + 1)
    likeness = np.abs(correlation[lags])
    lag = int(lags[np.argmax(likeness)])
    if likeness.max() <= LAG_ADVANTAGE * abs(correlation[0]):
        return processed, 0
    if lag > 0:
        return np.concatenate([processed[lag:], np.zeros(lag, processed.dtype)]), lag
    return np.concatenate([np.zeros(-lag, processed.dtype), processed[:lag]]), lag
