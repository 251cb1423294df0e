"""tanh and sigmoid as one fraction each, so that the compiler can work on many units at once."""

import numpy as np

from bandwise.kernels import kernel

SATURATED = np.float32(9.0)
"""Beyond this tanh is 1 to float32."""

# tanh x = x P(x^2) / Q(x^2): least squares of the relative error on [-9, 9], reweighted until even, 2e-8.
NUMERATOR = (9.99999979e-01, 1.33810307e-01, 3.49559397e-03, 2.06091708e-05, 1.33547699e-08)
DENOMINATOR = (1.0, 4.67143463e-01, 2.58770049e-02, 3.28564404e-04, 7.77660566e-07)
P0, P1, P2, P3, P4 = (np.float32(c) for c in NUMERATOR)
Q0, Q1, Q2, Q3, Q4 = (np.float32(c) for c in DENOMINATOR)
HALF = np.float32(0.5)


@kernel
def tanh(x: np.float32) -> np.float32:
    """Within 4e-7 of the true one."""
    x = min(SATURATED, x)
    x = max(-SATURATED, x)
    u = x * x
    top = (((P4 * u + P3) * u + P2) * u + P1) * u + P0
    bottom = (((Q4 * u + Q3) * u + Q2) * u + Q1) * u + Q0
    return x * top / bottom  # type: ignore[no-any-return, unused-ignore]


@kernel
def sigmoid(x: np.float32) -> np.float32:
    """1 / (1 + exp(-x)) = (1 + tanh(x / 2)) / 2."""
    return HALF + HALF * tanh(HALF * x)  # type: ignore[no-any-return, unused-ignore]
