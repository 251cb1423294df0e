"""What the losses weigh; without torch, so that the command line can state the defaults."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class LossConfig:
    """Weights and exponents of the loss, all dimensionless."""

    gain_form: Literal["sones", "plain"] = "plain"
    sones_exponent: float = 0.6  # 2 gamma' of the 2021 paper
    sones_epsilon: float = 0.1  # loudness below which errors count as absolute; smaller punishes leaks harder
    fourth_power_weight: float = 0.0  # published: 10, which pays for half-way gains where in doubt
    strength_weight: float = 1.0
    loudness_share: float = 0.5  # 0: all bands and frames alike; 1: by their loudness alone
    bands_share: float = 0.1  # of gain and strength losses, where filtered spectra have one, too
    complex_weight: float = 0.2  # within that of spectra; see `bandwise.training.spectral_loss`
    disturbance_weight: float = 0.07  # of points of opinion, see `bandwise.training.listener`
    unintelligibility_weight: float = 0.35
    error_weight: float = 0.004  # of a decibel; more pulls uncertain sounds towards silence
    critic_share: float = 0.0  # of the gradient, see `bandwise.training.adversary`
