"""int8 products where few tests go: rows of tiny numbers, and processors without the instruction for them."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import llvmlite.binding
import numpy as np
import pytest

from bandwise.suppress import int8

PROCESSORS = [("haswell", "+avx2,+fma"), ("x86-64", ""), ("haswell", "+avx2,+fma,+avxvnni")]


@pytest.mark.parametrize("level", [1e-20, 1e-5, 1.0, 1e20])
def test_rows_of_any_level_keep_their_precision(level):
    """Back from codes, every value is within half of a 255th of its row's range, however small that is."""
    x = np.random.default_rng(4).uniform(-level, level, (3, 40)).astype(np.float32)
    codes, ranges = np.zeros((3, 40), np.uint8), np.empty((3, 3), np.float32)
    int8.quantise(x, codes, ranges)
    meant = ranges[0][:, None] * (codes - ranges[2][:, None])
    assert np.all(np.abs(meant - x).max(axis=1) < 0.505 * np.ptp(x, axis=1) / 255)


@pytest.mark.skipif(platform.machine().lower() not in ("x86_64", "amd64"), reason="no x86-64")
@pytest.mark.parametrize(("name", "features"), PROCESSORS)
def test_sums_are_exact_on_other_processors(name, features, tmp_path):
    """On old and on very old processors without the instruction, and where it takes half a vector at once."""
    here = llvmlite.binding.get_host_cpu_features()
    if not all(here.get(feature.strip("+")) for feature in features.split(",") if feature):
        pytest.skip(f"this processor lacks some of {features}")
    setting = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": features, "NUMBA_CACHE_DIR": str(tmp_path)}
    command = [sys.executable, str(Path(__file__).with_name("exact_sums.py"))]
    ran = subprocess.run(command, env=os.environ | setting, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == f"{name} {features}".split()
