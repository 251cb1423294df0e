"""The peers of the cost table: what each can do of the task, and whether it is installed."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

import numpy as np

from bandwise.measure import dynamics_cost as task
from bandwise.measure.dynamics_cost import Sound, percent_of_core
from bandwise.measure.dynamics_faust import BANDS as FAUST_BANDS
from bandwise.measure.dynamics_faust import faust_cost, has_faust
from bandwise.measure.dynamics_programs import (
    ffmpeg_compand,
    ffmpeg_cost,
    ffmpeg_graph,
    has_lsp,
    has_program,
    lsp_graph,
    sox_cost,
)


class Peer(NamedTuple):
    """One system beside ours."""

    name: str
    installed: Callable[[], bool]
    takes: Callable[[int, int], bool]  # bands, channels
    cost: Callable[[int, Sound], float]  # bands, sound -> percent of a core


def pedalboard_cost(_bands: int, sound: Sound) -> float:
    """Cost of one compressor and limiter over the whole range: pedalboard has no crossover."""
    pedalboard: Any = import_module("pedalboard")
    compress = pedalboard.Compressor(task.THRESHOLD_DB, task.RATIO, task.ATTACK_MS, task.RELEASE_MS)
    board = pedalboard.Pedalboard([compress, pedalboard.Limiter(task.CEILING_DBFS, task.LIMITER_RELEASE_MS)])
    planar = np.ascontiguousarray(sound.samples.T)
    return percent_of_core(lambda: board(planar, task.RATE, buffer_size=4_800), sound.seconds, sound.runs)


PEERS = (
    Peer(
        "ffmpeg acrossover, acompressor, alimiter",
        lambda: has_program("ffmpeg"),
        lambda _bands, _channels: True,
        lambda bands, sound: ffmpeg_cost(ffmpeg_graph(bands), sound),
    ),
    Peer(
        "LSP mb_compressor, limiter (none in the bands)",
        has_lsp,
        lambda _bands, _channels: True,
        lambda bands, sound: ffmpeg_cost(lsp_graph(bands, sound.channels), sound),
    ),
    Peer(
        "Faust crossover3LR4, FFcompressor, limiter_lad",
        has_faust,
        lambda bands, channels: (bands, channels) == (FAUST_BANDS, 1),
        lambda _bands, sound: faust_cost(sound),
    ),
    Peer(
        "ffmpeg mcompand (no limiter)",
        lambda: has_program("ffmpeg"),
        lambda bands, _channels: bands > 1,
        lambda bands, sound: ffmpeg_cost(ffmpeg_compand(bands), sound),
    ),
    Peer(
        "sox mcompand (no limiter)",
        lambda: has_program("sox"),
        lambda bands, _channels: bands > 1,
        sox_cost,
    ),
    Peer(
        "pedalboard Compressor, Limiter (one band)",
        lambda: find_spec("pedalboard") is not None,
        lambda bands, _channels: bands == 1,
        pedalboard_cost,
    ),
)


def absent_peers() -> list[str]:
    """Names of those that are not installed."""
    return [peer.name for peer in PEERS if not peer.installed()]


def peer_costs(bands: int, sound: Sound) -> dict[str, float]:
    """Cost in percent of a core of every peer that is installed and does this many bands."""
    able = [peer for peer in PEERS if peer.installed() and peer.takes(bands, sound.channels)]
    return {peer.name: peer.cost(bands, sound) for peer in able}
