"""How much of the comb filter each band needs, and what it must be turned down by: the ideal outputs.

PercepNet, section 4. q_y and q_x are the coherences of the noisy and the clean band with their
comb-filtered selves, sigma^2 the share of noise the comb leaves between harmonics (`noise_left`).
"""

import numpy as np

from bandwise.kernels import kernel

RESIDUAL = 0.03
SILENCE = 1e-13


@kernel
def coherence_after_comb(coherence: float, noise_left: float) -> float:
    """q_p = q_y / sqrt((1 - sigma^2) q_y^2 + sigma^2): the coherence that full strength would reach.

    It cannot be measured, for that takes the look-ahead twice; the noise is taken to fall by sigma^2.
    """
    reached: float = coherence / np.sqrt((1.0 - noise_left) * coherence * coherence + noise_left + 1e-12)
    return reached


@kernel
def ideal_strength(clean_coherence: float, coherence: float, noise_left: float) -> tuple[float, float]:
    """(strength, further attenuation) of one band, each in [0, 1].

    y + alpha p has the clean coherence q_x where a alpha^2 + 2 b alpha = q_x^2 - q_y^2 with
    a = q_p^2 - q_x^2, b = q_p q_y (1 - q_x^2); the strength is alpha / (1 + alpha). The root is written
    with the square root in the denominator, which holds where a is 0. If even p alone falls short
    (q_p < q_x), all of it is taken and the noise left between harmonics is turned down instead.
    """
    reached = coherence_after_comb(coherence, noise_left)
    missing = clean_coherence**2 - coherence**2
    if missing <= 0.0:
        return 0.0, 1.0
    a = reached**2 - clean_coherence**2
    if a < 0.0:
        left = (1.0 + RESIDUAL - clean_coherence**2) / (1.0 + RESIDUAL - reached**2)
        return 1.0, np.sqrt(left)
    b = reached * coherence * (1.0 - clean_coherence**2)
    alpha = missing / (b + np.sqrt(b * b + a * missing) + 1e-12)
    return alpha / (1.0 + alpha), 1.0


@kernel
def ideal_gain(clean_energy: float, noisy_energy: float) -> float:
    """Ratio of magnitudes in [0, 1]; 1 where both are silent, so that silence is no reason to mute."""
    gain: float = np.sqrt((clean_energy + SILENCE) / (noisy_energy + SILENCE))
    return min(1.0, gain)
