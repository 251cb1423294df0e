"""Opinion points that a listener takes off, after the perceptual evaluation of speech quality (ITU-T P.862).

What is kept of clause 10: loudness in Bark bands, a gain per frame that forgives what changes all bands
alike, a dead zone of a quarter of the softer loudness, a second count of what was added and not lost, and
means that go by the worst moments.  What is left out: alignment in time and the filters of telephones.

The two weights were fitted to raw scores of the standard's own program over 120 pairs: mixtures as they are,
with 10 dB less noise, enhanced, and half enhanced, and clean voices through a network (r^2 = 0.91).
"""

import torch
from torch import Tensor

from bandwise.training.loudness import BARK_PER_BAND, THRESHOLDS, WIDTHS, loudness

SYMMETRIC, ASYMMETRIC = 0.245, 0.039
DEAD_ZONE = 0.25
ADDED_POWER, ADDED_EXPONENT, ADDED_LEAST, ADDED_MOST = 50.0, 1.2, 3.0, 12.0
GAIN_POWER, GAIN_LEAST, GAIN_MOST = 5e3, 3e-4, 5.0
CLEARLY_AUDIBLE = 100.0  # 20 dB above the threshold of hearing
MOST = 60.0  # of a frame
WORST_FRAMES, WORST_POWER = 25, 6
ROOT_FLOOR = 1e-6  # a root has an infinite slope at zero


def disturbance(powers: Tensor, wanted: Tensor) -> Tensor:
    """Points [B] lost by sounds with the powers [B, T, 48] where [B, T, 48] are wanted.

    Both as from `loudness.band_powers`, at the listening level; frames of 10 ms.
    """
    widths = WIDTHS.to(powers.device)
    powers = powers * _forgiving_gain(powers, wanted, widths)[..., None]
    is_loud, should_be = loudness(powers), loudness(wanted)
    error = is_loud - should_be
    zone = DEAD_ZONE * torch.minimum(is_loud, should_be)
    error = torch.sign(error) * torch.relu(error.abs() - zone) * BARK_PER_BAND
    both = ((error**2 * widths).sum(-1) * widths.sum() + ROOT_FLOOR).sqrt()
    added = (error.abs() * _added(powers, wanted) * widths).sum(-1)
    # loud moments forgive a little
    masked = (((wanted * widths).sum(-1) + 1e5) / 1e7) ** 0.04
    return SYMMETRIC * _worst(both / masked) + ASYMMETRIC * _worst(added / masked)


def _forgiving_gain(powers: Tensor, wanted: Tensor, widths: Tensor) -> Tensor:
    """[B, T] that makes the sum over clearly audible bands right; taken as given, it has no gradient."""
    audible = CLEARLY_AUDIBLE * THRESHOLDS.to(powers.device)
    is_sum, should_be = ((v * (v > audible) * widths).sum(-1) + GAIN_POWER for v in (powers, wanted))
    return (should_be / is_sum).clamp(GAIN_LEAST, GAIN_MOST).detach()


def _added(powers: Tensor, wanted: Tensor) -> Tensor:
    """Weights of what was added, 0 where less than about 4 dB was; taken as given."""
    weights = ((powers + ADDED_POWER) / (wanted + ADDED_POWER)) ** ADDED_EXPONENT
    return torch.where(weights < ADDED_LEAST, 0.0, weights.clamp_max(ADDED_MOST)).detach()


def _worst(frames: Tensor) -> Tensor:
    """One number [B] for [B, T]: sixth-power means of quarters of a second, root mean square of these."""
    length = min(WORST_FRAMES, frames.shape[1])
    count = frames.shape[1] // length
    blocks = frames[:, : count * length].clamp_max(MOST).reshape(-1, count, length) + 1e-3
    powers: Tensor = (blocks**WORST_POWER).mean(-1).pow(2 / WORST_POWER)
    return powers.mean(-1).sqrt()
