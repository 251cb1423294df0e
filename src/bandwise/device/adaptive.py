"""Our echo canceller: a partitioned-block Kalman filter in the frequency domain.

G. Enzner, P. Vary, "Frequency-domain adaptive Kalman filter for acoustic echo control in hands-free
telephones", Signal Processing 86, 2006; partitions as in F. Kuech, E. Mabande, G. Enzner, "State-space
architecture of the partitioned-block-based acoustic echo controller", ICASSP 2014. Its step comes from how
uncertain the filter is against what else the microphone hears, so it needs no double-talk detector.

Blocks of N samples, transforms of 2 N (overlap-save).  X_p reference p blocks ago, W_p filter, P_p its
uncertainty, per bin k:
    E   = Y - sum_p X_p W_p           the last N samples of its inverse are the output
    K_p = P_p X_p* / (sum_p P_p |X_p|^2 + 2 S)          S: smoothed |E|^2, 2: half of each block is padding
    W_p = A (W_p + K_p E)             constrained to N taps
    P_p = A^2 (1 - K_p X_p / 2) P_p + (1 - A^2) |W_p|^2
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.device.echo import TAIL_SAMPLES
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
Complexes = NDArray[np.complex128]

BLOCK_SAMPLES = 256
TRANSITION = 0.9999  # how much of the echo path stays from block to block
SMOOTHING = 0.7  # of S
INITIAL_UNCERTAINTY = 1.0
LEAST_POWER = 1e-10


class KalmanCanceller:
    """Ours; needs no library."""

    name = "kalman"

    def cancel(self, microphone: Doubles, reference: Doubles) -> Doubles:
        """(n,), (n,) at 16 kHz in [-1, 1] -> (n,)."""
        blocks = -(-len(microphone) // BLOCK_SAMPLES)
        padded = [np.pad(x, (0, blocks * BLOCK_SAMPLES - len(x))) for x in (microphone, reference)]
        out = np.zeros(blocks * BLOCK_SAMPLES)
        cancel_blocks(padded[0], padded[1], out, -(-TAIL_SAMPLES // BLOCK_SAMPLES))
        return out[: len(microphone)]


@kernel
def cancel_blocks(microphone: Doubles, reference: Doubles, out: Doubles, partitions: int) -> None:
    """Run the equations above over whole blocks."""
    n, bins = BLOCK_SAMPLES, BLOCK_SAMPLES + 1
    X = np.zeros((partitions, bins), np.complex128)
    W = np.zeros((partitions, bins), np.complex128)
    P = np.full((partitions, bins), INITIAL_UNCERTAINTY)
    S = np.full(bins, LEAST_POWER)
    played, error = np.zeros(2 * n), np.zeros(2 * n)
    for b in range(out.shape[0] // n):
        first = b * n
        played[:n] = played[n:]
        played[n:] = reference[first : first + n]
        newest = b % partitions
        X[newest] = np.fft.rfft(played)
        echo = np.fft.irfft(convolved(X, W, newest), 2 * n)
        error[n:] = microphone[first : first + n] - echo[n:]
        out[first : first + n] = error[n:]
        learn(X, W, P, S, np.fft.rfft(error), newest)
        constrain(W)


@kernel
def convolved(X: Complexes, W: Complexes, newest: int) -> Complexes:
    """Sum over partitions of X_p W_p; partition p meets the block that is p old."""
    partitions = X.shape[0]
    Y = np.zeros(X.shape[1], np.complex128)
    for p in range(partitions):
        x = X[(newest - p) % partitions]
        for k in range(Y.shape[0]):
            Y[k] += x[k] * W[p, k]
    return Y


@kernel
def learn(X: Complexes, W: Complexes, P: Doubles, S: Doubles, E: Complexes, newest: int) -> None:
    """One Kalman step of every bin."""
    partitions = X.shape[0]
    keep = TRANSITION * TRANSITION
    for k in range(E.shape[0]):
        power = E[k].real ** 2 + E[k].imag ** 2
        S[k] = SMOOTHING * S[k] + (1.0 - SMOOTHING) * power
        total = 2.0 * S[k] + LEAST_POWER
        for p in range(partitions):
            x = X[(newest - p) % partitions, k]
            total += P[p, k] * (x.real**2 + x.imag**2)
        for p in range(partitions):
            x = X[(newest - p) % partitions, k]
            gain = P[p, k] / total
            W[p, k] = TRANSITION * (W[p, k] + gain * np.conj(x) * E[k])
            explained = 0.5 * gain * (x.real**2 + x.imag**2)
            P[p, k] = keep * (1.0 - explained) * P[p, k]
            P[p, k] += (1.0 - keep) * (W[p, k].real ** 2 + W[p, k].imag ** 2)


@kernel
def constrain(W: Complexes) -> None:
    """Cut every partition to its N taps: what circular convolution adds beyond is not of the echo path."""
    for p in range(W.shape[0]):
        taps = np.fft.irfft(W[p], 2 * BLOCK_SAMPLES)
        taps[BLOCK_SAMPLES:] = 0.0
        W[p] = np.fft.rfft(taps)
