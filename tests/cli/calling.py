"""Calling the command line as a user does, with a stand-in for the processor."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

import bandwise

STANDIN = Path(__file__).with_name("standin.py")
SOURCE = str(Path(bandwise.__file__).parents[1])


def command(*args):
    """The argument list that runs the command line with the stand-in processor."""
    return [sys.executable, str(STANDIN), *map(str, args)]


def environment(**changes):
    """Ours, with the package on the path."""
    return {**os.environ, "PYTHONPATH": SOURCE, **changes}


def call(*args, stdin=b"", env=None):
    """Run the command line to its end; stdout and stderr as bytes."""
    env = env or environment()
    return subprocess.run(command(*args), input=stdin, capture_output=True, env=env, check=False)


def sound(frames=24_000, channels=1, seed=0):
    """int16 noise in steps of four, so that half of it, twice, is exact."""
    random = np.random.default_rng(seed)
    return random.integers(-4_000, 4_000, (frames, channels)).astype(np.int16) * 4
