"""The loss of the deep filter: errors of compressed spectra, in magnitude and as complex numbers.

L = (1 - m) (|y|^c - |s|^c)^2 + m | |y|^c e^(j arg y) - |s|^c e^(j arg s) |^2, the mean over all bins, with
c = POWER and m = complex_weight (Braun and Tashev, A consolidated view of loss functions for supervised deep
learning-based speech enhancement, 2021; the power after Ephrat et al., 2018).

Why the magnitudes carry the weight.  Let a = |y|^c, |s| = 1, and rho <= 1 the mean cosine of the phase error
that is left.  The expected loss m (a^2 - 2 a rho + 1) + (1 - m) (a - 1)^2 is least at
    a = 1 - m (1 - rho).
With m = 1 a bin whose phase cannot be known (rho = 0) is best answered with silence, and voices in noise
come out hollow: magnitudes were then further off than those of the gains alone.  With m = 0.1 at most a tenth
of a is lost, and there is still a reason to turn phases the right way.
"""

import torch
from torch import Tensor

POWER = 0.3
# Energy, of spectra with a mean square of about one: the slope of a power below one is infinite at zero.
FLOOR = 1e-6


def spectral_loss(estimate: Tensor, truth: Tensor, complex_weight: float) -> Tensor:
    """Mean loss of spectra [..., 2] (real and imaginary part) of the same shape; `complex_weight` 0 to 1."""
    power, wanted = (v.square().sum(-1) + FLOOR for v in (estimate, truth))
    magnitudes = (power ** (POWER / 2) - wanted ** (POWER / 2)) ** 2
    difference = compressed(estimate, power) - compressed(truth, wanted)
    both = complex_weight * difference.square().sum(-1) + (1 - complex_weight) * magnitudes
    return both.mean()


def compressed(spectrum: Tensor, power: Tensor) -> Tensor:
    """The spectrum [..., 2] with magnitudes to the power of 0.3, phases kept; `power` [...] is its square."""
    return spectrum * torch.pow(power, (POWER - 1) / 2)[..., None]
