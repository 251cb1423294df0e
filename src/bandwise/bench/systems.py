"""Everything that is timed, behind one shape: a rate, a block, and a way to start."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.peers.peer import Peer
from bandwise.peers.registry import find_peer, usual_path

Audio = NDArray[np.float32]
Process = Callable[[Audio], Audio]

MICROPHONE, LOUDSPEAKER = "microphone", "loudspeaker"
BLOCK = 480
DYNAMICS_BANDS = (3, 5)
NETWORKS = (".onnx", ".rnnn")
"""Suffixes of files that hold weights."""


@dataclass(frozen=True)
class System:
    """Something that treats one channel of sound."""

    half: str
    name: str
    version: str
    key: str
    """How another process finds it again: kind, colon, name."""
    sample_rate: int = 48_000
    block_samples: int = BLOCK
    """Of a stream; 0 for one that takes whole recordings only."""
    start: Callable[[], Process] | None = None
    """A fresh stream."""
    whole: Process | None = None
    model_bytes: int | None = None


def suppressor(model: str) -> System:
    """`NoiseSuppressor` with a network that ships, or one at a path."""
    from bandwise import NoiseSuppressor, __version__
    from bandwise.suppress.network import model_content

    def start() -> Process:
        return NoiseSuppressor(model=model, block_multiple=BLOCK).process

    size = len(model_content(model)[0])
    name = f"bandwise {Path(model).stem}"
    return System(MICROPHONE, name, __version__, f"suppressor:{model}", start=start, model_bytes=size)


def dynamics(bands: int) -> System:
    """`MultibandDynamics`: compressor and limiter in every band, a limiter on the sum."""
    from bandwise import MultibandDynamics, __version__
    from bandwise.measure.dynamics_cost import matched_settings

    def start() -> Process:
        return MultibandDynamics(matched_settings(bands), 48_000, 1).process

    return System(
        LOUDSPEAKER, f"bandwise dynamics, {bands} bands", __version__, f"dynamics:{bands}", start=start
    )


def peer(entry: str) -> System:
    """A noise suppressor of others, `name` or `name=path`.

    Raises:
        Absent: it is not installed.
    """
    name, _, path = entry.partition("=")
    found = find_peer(name, path)
    start = partial(_started, found) if found.open_stream else None
    return System(
        MICROPHONE,
        found.name,
        found.version,
        f"peer:{entry}",
        found.sample_rate,
        found.frame_samples,
        start,
        found.whole,
        _network_bytes(path or usual_path(name)),
    )


def _network_bytes(path: str) -> int | None:
    """Size of a file of weights, or of all in a folder; None for a library, which holds code, too."""
    place = Path(path or "nowhere")
    files = [*place.iterdir()] if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.suffix in NETWORKS) or None


def _started(found: Peer) -> Process:
    assert found.open_stream is not None
    return found.open_stream().process


def by_key(key: str) -> System:
    """The system that has this key."""
    kind, _, name = key.partition(":")
    if kind == "suppressor":
        return suppressor(name)
    return dynamics(int(name)) if kind == "dynamics" else peer(name)


@cache
def speechlike(seconds: float, sample_rate: int) -> Audio:
    """Syllables of a gliding voice in noise at 10 dB: nobody can rest, and every band has something to do.

    Made once and shared: it cannot be written to.
    """
    rng = np.random.default_rng(7)
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    phase = 2 * np.pi * np.cumsum(140.0 + 40.0 * np.sin(2 * np.pi * 0.7 * time)) / sample_rate
    voice = sum(np.sin(k * phase) / k for k in range(1, 25))
    syllables = np.clip(1.5 * np.sin(2 * np.pi * 1.7 * time), 0.0, 1.0)
    mixed = 0.1 * voice * syllables + 0.02 * rng.standard_normal(len(time))
    made = np.asarray(mixed, np.float32)
    made.setflags(write=False)
    return made
