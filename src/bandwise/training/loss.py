"""Perceptual losses on band gains and comb strengths.

`plain` is the form of Valin et al. 2020: errors of g^(1/2), squared and to the fourth power.  `sones` is that
of Valin et al. 2021 (Joint neural echo control): errors of the loudness g^0.6 relative to the loudness
itself, which weighs speech removed completely and noise that leaks into silence more.

Both count all bands of all frames alike, heard or not. `loudness_share` of the weight goes by the loudness of
the noisy band instead (Stevens: energy^0.3), relative to its mean over the sequence, so that it does not
depend on the level.
"""

import torch
from torch import Tensor

from bandwise.training.loss_config import LossConfig

# A power below one has an infinite slope at zero; this floor bounds it where a sigmoid has run into its end.
FLOOR = 1e-4
LOUDEST = 8.0  # no band of a frame counts more than this many average ones


def _power(x: Tensor, exponent: float) -> Tensor:
    return (x + FLOOR) ** exponent


def gain_errors(gains: Tensor, targets: Tensor, config: LossConfig) -> Tensor:
    """Squared perceptual error of each gain, any shape, before the term of fourth power."""
    exponent = config.sones_exponent if config.gain_form == "sones" else 0.5
    loudness, wanted = _power(gains, exponent), _power(targets, exponent)
    squared = (loudness - wanted) ** 2
    if config.gain_form == "plain":
        return squared
    return squared / (torch.maximum(loudness, wanted) + config.sones_epsilon)


def gain_loss(gains: Tensor, targets: Tensor, config: LossConfig) -> Tensor:
    """Loss of each gain, same shape: the squared error plus `fourth_power_weight` times its square."""
    errors = gain_errors(gains, targets, config)
    return errors + config.fourth_power_weight * errors**2


def strength_loss(strengths: Tensor, targets: Tensor) -> Tensor:
    """Loss of each strength, same shape: squared error of the share (1 - r)^(1/2) left unfiltered."""
    return (_power(1 - strengths, 0.5) - _power(1 - targets, 0.5)) ** 2


def band_mask(bands_valid: Tensor, bands: int) -> Tensor:
    """[B] counts of meaningful bands -> [B, 1, bands] of ones, and zeros above each file's real bandwidth."""
    return (torch.arange(bands, device=bands_valid.device) < bands_valid[:, None, None]).float()


def band_weights(levels: Tensor, bands_valid: Tensor, config: LossConfig) -> Tensor:
    """Weights with mean about 1 of every band of every frame, 0 where the target is unknown.

    levels [B, T, bands] log10 of the noisy bands' energies; bands_valid [B] -> [B, T, bands].
    """
    mask = band_mask(bands_valid, levels.shape[-1])
    loudness = mask * 10 ** (0.3 * levels)
    mean = loudness.mean(dim=(1, 2), keepdim=True).clamp_min(1e-6)
    share = config.loudness_share
    return mask * (1 - share + share * (loudness / mean).clamp_max(LOUDEST))


def perceptual_loss(
    gains: Tensor, strengths: Tensor, targets: Tensor, weights: Tensor, config: LossConfig
) -> tuple[Tensor, Tensor]:
    """(gain loss, weighted strength loss): means over sequences, frames and bands.

    gains, strengths, weights [B, T, bands], the first two in [0, 1]; targets [B, T, 2 bands], gains first.
    """
    bands = gains.shape[-1]
    for_gains = (weights * gain_loss(gains, targets[..., :bands], config)).mean()
    for_strengths = (weights * strength_loss(strengths, targets[..., bands:])).mean()
    return for_gains, config.strength_weight * for_strengths
