"""What the deep filter looks at: the lowest bins of the last frames, in places of four bins.

Levels and phases only in relation: to the same bin one frame before, and to the bin below in the same frame.
A network need not learn that nothing changes when all phases turn together.
"""

import numpy as np
from numpy.typing import NDArray

from bandwise.kernels import kernel
from bandwise.suppress.stft import SCALE, Array, Spectrum

LOW_BINS = 100
"""Bins below 5 kHz, which the deep filter decides about one by one."""
BINS_PER_PLACE = 4
PLACES = LOW_BINS // BINS_PER_PLACE
SPAN = 8
"""Bins that a place looks at: its own, two below and two above."""
BELOW = (SPAN - BINS_PER_PLACE) // 2
FRAMES_SEEN = 3
"""The current frame and those of the look-ahead; memory is the network's."""
VALUES = 5
"""Of a bin: level, then the phase steps in time and over frequency, each as cosine and sine."""
SOUND = FRAMES_SEEN * SPAN * VALUES
"""Of a place."""

TAPS = 5
"""Frames that are weighted and summed: two ahead of the current one to two behind."""
PAST_TAPS = 2
TAP_VALUES = (TAPS + 1) * 2 * BINS_PER_PLACE
"""The outputs of a place: real and imaginary parts for its bins; the first tap is on what the gains left."""
KNOWN_VALUES = 3
"""What is known of a bin besides its sound: gain, strength, and where it lies between harmonics."""
INPUTS = SOUND + SPAN * KNOWN_VALUES
"""Of a place, all together."""
NEAR = (-1, 0, 0, 1)
"""Places, from the own, that each part of the units looks at in the first layer."""
FAR = (-6, -3, -2, -1, 1, 2, 3, 6)
"""The same after each memory."""

QUIET = np.float32(1e-9 * SCALE**2)
"""Squares below this have no level and no phase."""
LOUD = np.float32(np.log10(SCALE**2) - 3.0)
"""Level, log10 of the square, that is 0 to the network."""

Values = NDArray[np.float32]
"""[100, 5]"""


@kernel
def describe_bins(spectrum: Spectrum, before: Spectrum, out: Values) -> None:
    """Level and phase steps of the low bins of a frame, given the frame before -> [100, 5].

    A steady tone in the middle of bin k turns by k half circles from frame to frame (the hop is half a
    window), and a click in the middle of the window by one from bin to bin: both are taken out, so that
    such a tone, and such a click, has the step 1.
    """
    for k in range(LOW_BINS):
        here = unit(spectrum[k])
        then = unit(before[k])
        below = unit(spectrum[k - 1]) if k else np.complex64(0.0)
        in_time = here * np.conj(then) * np.float32(1 - 2 * (k % 2))
        over_frequency = -here * np.conj(below)
        power = spectrum[k].real ** 2 + spectrum[k].imag ** 2
        out[k, 0] = np.float32(0.5) * (np.log10(power + QUIET) - LOUD)
        out[k, 1], out[k, 2] = in_time.real, in_time.imag
        out[k, 3], out[k, 4] = over_frequency.real, over_frequency.imag


@kernel
def unit(x: np.complex64) -> np.complex64:
    """`x` with magnitude 1, or less where there is next to nothing."""
    turned: np.complex64 = x / np.sqrt(x.real**2 + x.imag**2 + QUIET)
    return turned


@kernel
def lay_out(frames: Array, sound: Array) -> None:
    """Values of frames [3, 100, 5], oldest first -> what each place sees [25, 120]; zeros beyond the ends."""
    for place in range(PLACES):
        first = place * BINS_PER_PLACE - BELOW
        for frame in range(FRAMES_SEEN):
            for i in range(SPAN):
                k = first + i
                for value in range(VALUES):
                    at = (frame * SPAN + i) * VALUES + value
                    sound[place, at] = frames[frame, k, value] if 0 <= k < LOW_BINS else np.float32(0.0)
