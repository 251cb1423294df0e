"""A chain written in Faust, compiled here with the settings that run fastest, and called in this process."""

import ctypes
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bandwise.measure import dynamics_cost as task
from bandwise.measure.dynamics_cost import Sound, percent_of_core
from bandwise.programs import run_program

BANDS = 3  # of Faust's fixed crossovers only this one fits the table, and it takes mono
BLOCK = 4_800
HOLD_MS = 10.0
Samples = NDArray[np.float32]
FLOATS = ctypes.POINTER(ctypes.c_float)

PROGRAM = """import("stdfaust.lib");
compress = co.FFcompressor_N_chan({strength}, {threshold}, {attack}, {release}, {knee}, 1, 0, _, 1);
limit(decibels) = co.limiter_lad_N(1, {ahead}, ba.db2linear(decibels), {ahead}, {hold}, {limiter_release});
process = fi.crossover3LR4({low}, {high}) : par(i, 3, compress : limit({band})) :> limit({output});
"""


def faust_program() -> str:
    """The chain of three bands in the Faust language."""
    low, high = task.CUTOFFS_HZ[BANDS]
    return PROGRAM.format(
        strength=1.0 - 1.0 / task.RATIO, threshold=task.THRESHOLD_DB, knee=task.KNEE_DB,
        attack=task.ATTACK_MS / 1000.0, release=task.RELEASE_MS / 1000.0,
        ahead=task.LOOKAHEAD_MS / 1000.0, hold=HOLD_MS / 1000.0, low=low, high=high,
        band=task.BAND_CEILING_DBFS, output=task.CEILING_DBFS,
        limiter_release=task.LIMITER_RELEASE_MS / 1000.0,
    )  # fmt: skip


@cache
def has_faust() -> bool:
    """Whether Faust and a C compiler are installed."""
    return all(shutil.which(name) for name in ("faust", "gcc"))


def faust_chain(folder: Path) -> Callable[[Samples, Samples], None]:
    """Compile the chain in a folder for scratch; returns what takes (frames,) float32 in and out."""
    (folder / "chain.dsp").write_text(faust_program(), encoding="utf-8")
    to_c = ["faust", "-vec", "-vs", "32", "-lang", "c", "-cn", "chain", "chain.dsp", "-o", "chain.c"]
    header = ["-include", "faust/gui/CInterface.h"]
    to_code = ["gcc", "-Ofast", "-march=native", "-fPIC", *header, "-c", "chain.c", "-o", "chain.o"]
    link = ["gcc", "-shared", "chain.o", "-lm", "-o", "chain.so"]  # -Ofast would flush denormals here
    for command in (to_c, to_code, link):
        run_program(command, folder=folder)
    library = ctypes.CDLL(str(folder / "chain.so"))
    library.newchain.restype = ctypes.c_void_p
    chain = ctypes.c_void_p(library.newchain())
    library.initchain(chain, task.RATE)

    def compute(x: Samples, y: Samples) -> None:
        rows = [(FLOATS * 1)(row.ctypes.data_as(FLOATS)) for row in (x, y)]
        library.computechain(chain, len(x), *rows)

    return compute


def faust_cost(sound: Sound) -> float:
    """Cost of the compiled chain in percent of a core."""
    compute = faust_chain(sound.path.parent)
    x, y = np.ascontiguousarray(sound.samples[:, 0]), np.empty(BLOCK, np.float32)
    pieces = [x[i : i + BLOCK] for i in range(0, len(x) - BLOCK + 1, BLOCK)]

    def run() -> None:
        for piece in pieces:
            compute(piece, y)

    return percent_of_core(run, len(pieces) * BLOCK / task.RATE, sound.runs)
