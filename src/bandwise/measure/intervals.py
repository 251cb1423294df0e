"""Means and shares of a sample and how far to trust them: 95 % confidence intervals."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import atan, cos, isfinite, nan, pi, sin, sqrt

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Mean:
    """`value` plus or minus `half_width` with 95 % confidence, of `count` values; NaN where undefined."""

    value: float
    half_width: float
    count: int


def mean_of(values: Iterable[float]) -> Mean:
    """Mean of the finite values, and t(0.975, n - 1) s / sqrt(n) around it (Student 1908)."""
    finite = np.array([value for value in values if isfinite(value)])
    count = len(finite)
    if count < 2:
        return Mean(float(finite[0]) if count else nan, nan, count)
    error = float(finite.std(ddof=1)) / sqrt(count)
    return Mean(float(finite.mean()), t_quantile(count - 1) * error, count)


def t_quantile(degrees: int, share: float = 0.95) -> float:
    """The t beyond which, on both sides together, 1 - share of Student's distribution lies, by bisection."""
    low, high = 0.0, 1000.0
    while high - low > 1e-10 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if _share_within(middle, degrees) < share else (low, middle)
    return high


def _share_within(t: float, degrees: int) -> float:
    """P(|T| < t), a finite sum for whole degrees of freedom (Abramowitz and Stegun, 26.7.3 and 26.7.4).

    With tan a = t / sqrt(degrees): even: sin a (1 + 1/2 cos^2 a + 1*3/(2*4) cos^4 a + ...); odd: 2/pi (a +
    sin a cos a (1 + 2/3 cos^2 a + ...)), each series of degrees // 2 terms.
    """
    angle = atan(t / sqrt(degrees))
    odd = degrees % 2
    term, total = 1.0, 0.0
    for k in range(degrees // 2):
        total += term
        term *= cos(angle) ** 2 * (2 * k + 1 + odd) / (2 * k + 2 + odd)
    if odd:
        return 2 / pi * (angle + sin(angle) * cos(angle) * total)
    return sin(angle) * total


def wilson_interval(count: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """95 % interval of a share: E. B. Wilson, JASA 22, 1927. Never below 0 nor above 1."""
    if total == 0:
        return 0.0, 1.0
    share, w = count / total, z * z / total
    middle = (share + w / 2.0) / (1.0 + w)
    half = z / (1.0 + w) * sqrt(share * (1.0 - share) / total + w / (4.0 * total))
    return max(0.0, middle - half), min(1.0, middle + half)


def redrawn(count: int, times: int, seed: int) -> NDArray[np.int64]:
    """[times, count] what a bootstrap draws of them, with replacement (B. Efron, Ann. Stat. 7, 1979)."""
    return np.random.default_rng(seed).integers(count, size=(times, count))


def percentile_interval(values: NDArray[np.floating]) -> tuple[float, float]:
    """95 % interval of what a bootstrap found: a fortieth of the values lies below it, as many above."""
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)
