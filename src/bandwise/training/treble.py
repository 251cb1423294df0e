"""Gains above the deep filter, made to decide after the training.

Trained on errors, a gain in doubt is half open, and below 5 kHz the deep filter mends what comes through.
Above, nothing does.  With TREBLE_SLOPE v + TREBLE_SHIFT in place of the sigmoid's argument v, gains near one
stay there and doubtful ones close: on 24 mixtures +0.018 PESQ for -0.03 dB SI-SDR; a shift alone costs about
four times the SI-SDR for the same PESQ.
"""

import torch

from bandwise.bands.erb import BANDS
from bandwise.training.loudness import HIGH_BANDS
from bandwise.training.model import PercepNet

TREBLE_SLOPE = 1.4
TREBLE_SHIFT = -0.3


@torch.no_grad()
def decide_treble(network: PercepNet, slope: float = TREBLE_SLOPE, shift: float = TREBLE_SHIFT) -> None:
    """Change the gains of all bands from 5.75 kHz up, in place."""
    treble = slice(HIGH_BANDS.start, BANDS)
    network.gains_head.weight[treble] *= slope
    network.gains_head.bias[treble] *= slope
    network.gains_head.bias[treble] += shift


def undecide_treble(network: PercepNet, slope: float, shift: float) -> None:
    """Take back what `decide_treble` with the same numbers did: v = (v' - shift) / slope."""
    decide_treble(network, 1 / slope, -shift / slope)
