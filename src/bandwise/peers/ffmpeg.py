"""The denoising filters of ffmpeg, each through a pipe."""

import shutil
from functools import partial
from pathlib import Path

import numpy as np

from bandwise.peers.library import file_version
from bandwise.peers.peer import Absent, Audio, Peer
from bandwise.programs import run_program

HINT = "apt-get install ffmpeg"
MODEL_HINT = "--peer arnndn=PATH of a network (repository GregorR/rnnoise-models, sh.rnnn for instance)"


def find_afftdn(path: str = "") -> Peer:
    """Spectral subtraction, with noise tracking and up to 20 dB off."""
    description = "afftdn=nr=20:nf=-40:tn=1"
    return _filter("ffmpeg afftdn", description, description, path, late=1_200)


def find_anlmdn(path: str = "") -> Peer:
    """Non-local means at the strength that its manual calls middling, 0.001."""
    description = "anlmdn=s=0.001"
    return _filter("ffmpeg anlmdn", description, description, path, late=384)


def find_arnndn(path: str = "") -> Peer:
    """The first RNNoise, with a network that the user has."""
    if not Path(path or "nowhere").is_file():
        raise Absent(MODEL_HINT)
    return _filter("ffmpeg arnndn", f"arnndn=m={escaped(path)}", file_version(Path(path)), "", late=480)


def escaped(value: str) -> str:
    """An option's value in a filter graph: escaped for the option, then for the graph (man ffmpeg-utils)."""
    for special in ("\\':", "\\'[],;"):
        value = "".join(f"\\{c}" if c in special else c for c in value)
    return value


def _filter(name: str, description: str, stated: str, path: str, late: int) -> Peer:
    """A filter of the ffmpeg at `path`, whose version is stated before `stated`."""
    program = shutil.which(path or "ffmpeg")
    if program is None:
        raise Absent(HINT)
    version = f"{_version(program)}, {stated}"
    return Peer(name, version, 48_000, whole=partial(_piped, program, description, late))


def _version(program: str) -> str:
    return " ".join(run_program([program, "-version"]).decode(errors="replace").split()[2:3])


def _piped(program: str, description: str, late: int, x: Audio) -> Audio:
    """float32[n] at 48 kHz through a filter, `late` samples late, that drops its tail -> as many."""
    raw = ["-f", "f32le", "-ar", "48000", "-ac", "1"]
    command = [program, "-v", "error", "-threads", "1", *raw, "-i", "-", "-af", description, *raw, "-"]
    made = run_program(command, sent=np.pad(x, (0, late)).tobytes())
    return np.frombuffer(made, np.float32)[late:]
