"""Words that a listener misses: one minus the short-time objective intelligibility, on spectra of training.

Taal et al., An algorithm for intelligibility prediction of time-frequency weighted noisy speech (2011): the
correlation of envelopes over 0.38 s in 15 third-octave bands from 150 Hz, after the processed one was brought
to the clean one's energy and clipped 15 dB above it (their eq. 2 to 6).  Frames here are 20 ms, 10 ms apart;
theirs 25.6 and 12.8.
"""

import numpy as np
import torch
from torch import Tensor

from bandwise.training.loudness import shares_of_bins

BANDS = 15
CENTRES_HZ = 150 * 2 ** (np.arange(BANDS) / 3)
_EDGES_HZ = np.append(CENTRES_HZ * 2 ** (-1 / 6), CENTRES_HZ[-1] * 2 ** (1 / 6))
SHARES = shares_of_bins(_EDGES_HZ)
SEGMENT_FRAMES, STEP_FRAMES = 38, 6
CLIP = 1 + 10**0.75
SPEECH = 1e-2  # energy of a segment against the loudest one, below which nobody speaks
FLOOR = 1e-5  # power, of spectra with a mean square of about one


def unintelligibility(powers: Tensor, wanted: Tensor, speaks: Tensor) -> Tensor:
    """1 - STOI, the mean over segments with speech; powers [B, T, 100], `speaks` [B] 0 or 1.

    Less than one segment is too short to say: 0.
    """
    if powers.shape[1] < SEGMENT_FRAMES:
        return powers.new_zeros(())
    is_envelope, should_be = (
        (v @ SHARES.to(v.device) + FLOOR).sqrt().unfold(1, SEGMENT_FRAMES, STEP_FRAMES)
        for v in (powers, wanted)
    )
    energy = should_be.square().sum((2, 3))
    counts = (energy > SPEECH * energy.amax(1, keepdim=True)) * speaks[:, None]
    to_energy = (should_be.square().sum(-1, keepdim=True) / is_envelope.square().sum(-1, keepdim=True)).sqrt()
    clipped = torch.minimum(is_envelope * to_energy, should_be * CLIP)
    missed = 1 - _correlation(clipped, should_be).mean(-1)
    return (missed * counts).sum() / counts.sum().clamp_min(1)


def _correlation(x: Tensor, y: Tensor) -> Tensor:
    """Along the last axis."""
    x, y = (v - v.mean(-1, keepdim=True) for v in (x, y))
    return (x * y).sum(-1) / (x.square().sum(-1) * y.square().sum(-1) + 1e-9).sqrt()
