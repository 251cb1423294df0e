"""Enhanced and clean sound as pictures that can be laid side by side: frames by frequencies.

Compressed as in the loss of spectra.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bandwise.training.loudness import per_width
from bandwise.training.spectral_loss import POWER

PER_BIN = 30.0  # brings the strong bins of a voice, whose bins together have a power of one, to about one
FLOOR = 3e-5  # of power: 45 dB below these; the slope of a small power grows without limit near zero


class Pictures(NamedTuple):
    """Of the same stretches of sound, [B, 1, frames, 108] each: 100 bins below 5 kHz, 8 bands above."""

    enhanced: Tensor
    clean: Tensor
    noisy: Tensor


class Exhibit(NamedTuple):
    """Pictures for a critic, and what they are of.

    They are made of copies, so that the critic is gone back through once, and no further.
    """

    pictures: Pictures
    originals: tuple[Tensor, Tensor]  # filtered spectra [B, n, 100, 2] and gains [B, n, 34]
    copies: tuple[Tensor, Tensor]


def picture(low: Tensor, high: Tensor) -> Tensor:
    """One of powers of bins [B, n, 100] and bands [B, n, 8], of voices with a power of one below 5 kHz."""
    power = torch.cat([low, per_width(high)], -1)
    compressed: Tensor = (PER_BIN * power + FLOOR) ** (POWER / 2)
    return compressed[:, None]
