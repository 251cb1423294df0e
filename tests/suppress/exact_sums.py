"""Int8 products checked in whole numbers: a program, for numba chooses the processor once, when it starts.

Prints the name and the features of the processor that was compiled for.
"""

import numpy as np
from numba.core.registry import cpu_target

from bandwise.suppress import int8


def main():
    """Some rows of codes at once, half as many, and one alone, with the largest products there are."""
    rng = np.random.default_rng(0)
    weights = rng.integers(-128, 128, (64, 64)).astype(np.int8)
    weights[:, 0], weights[:, 1] = -128, 127
    codes = rng.integers(0, 256, (int8.ROWS + int8.HALF + 1, 64)).astype(np.uint8)
    codes[::4] = 255
    layer = int8.pack(weights, np.ones(64, np.float32), None)
    sums, row = np.empty((int8.ROWS, 64), np.int32), 0
    while row < len(codes):
        some = int8.multiply(codes, row, layer, 0, sums)
        exact = codes[row : row + some].astype(np.int64) @ weights.astype(np.int64)
        assert np.array_equal(sums[:some], exact), f"{some} rows at once"
        row += some
    _, name, features = cpu_target.target_context.codegen().magic_tuple()
    print(f"{name} {features}".strip())  # noqa: T201  for the test that runs it


if __name__ == "__main__":
    main()
