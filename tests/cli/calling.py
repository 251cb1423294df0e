"""Calling the command line as a user does, with a stand-in for the processor; files for it."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import soundfile

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


def read(path):
    """Samples as columns, 16-bit steps."""
    return np.rint(soundfile.read(path, always_2d=True)[0] * 2**15).astype(np.int16)


def leftovers(folder):
    """Names of temporary files in a folder."""
    return [path.name for path in Path(folder).rglob("*.part*")]


def failed(done):
    """The one line a failed call says; checks that it is one line, status 2 and no traceback."""
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, len(lines)) == (2, 1), done.stderr.decode()
    assert lines[0].startswith("error: ")
    return lines[0]


def wav_bytes(**changes):
    """A WAV by hand, so that its header can lie."""
    field = {"channels": 1, "rate": 48_000, "data": sound(4_800).tobytes(), "size": None} | changes
    size = len(field["data"]) if field["size"] is None else field["size"]
    fmt = struct.pack("<HHIIHH", 1, field["channels"], field["rate"], field["rate"] * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + fmt
        + b"data"
        + struct.pack("<I", size)
        + field["data"]
    )


def long_wav(path, seconds):
    """A silent mono int16 file of any length that takes no room on disk."""
    size = seconds * 48_000 * 2
    path.write_bytes(wav_bytes(data=b"", size=size))
    with path.open("r+b") as file:
        file.truncate(44 + size)
