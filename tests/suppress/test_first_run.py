"""A process that compiles gives what one that loads gives."""

import os
import subprocess
import sys
from pathlib import Path

import bandwise

PROBE = """
import hashlib
import numpy as np
from bandwise.suppress.analysis import analyse_hop, fresh_analysis

random = np.random.default_rng(0)
state, digest = fresh_analysis(), hashlib.sha256()
for hop in random.standard_normal((40, 480)).astype(np.float32):
    analyse_hop(hop, state)
    digest.update(state.features.tobytes() + state.spectra.tobytes() + state.correlation.tobytes())
print(digest.hexdigest())
"""


def test_compiled_and_loaded_kernels_agree_bit_by_bit(tmp_path: Path):
    """A kernel inside another is optimised with it: sums in any order would change there."""
    package = str(Path(bandwise.__file__).parents[1])
    env = {**os.environ, "PYTHONPATH": package, "NUMBA_CACHE_DIR": str(tmp_path)}
    first, second = (subprocess.check_output([sys.executable, "-c", PROBE], env=env) for _ in range(2))
    assert first == second
    assert list(tmp_path.rglob("*.nbi"))
