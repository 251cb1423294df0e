"""Multiband chains of programs: ffmpeg's own filters, LSP's plugins inside ffmpeg, sox.

A program reads a WAV file and writes nothing; the cost of starting and of doing only that is taken off.
"""

import shutil
import subprocess
from functools import cache

import numpy as np

from bandwise.measure import dynamics_cost as task
from bandwise.measure.dynamics_cost import Sound
from bandwise.programs import run_program

LSP = r"http\\://lsp-plug.in/plugins/lv2/"
LSP_BANDS = 8
LSP_LONGEST_RELEASE_MS = 20.0


def linear(level_db: float) -> str:
    """A level as a factor, in the words of a filter graph."""
    return f"{10 ** (level_db / 20):.5f}"


def ffmpeg_graph(bands: int) -> str:
    """`acrossover`, in every band `acompressor` and `alimiter`, sum, `alimiter`."""
    times = f"attack={task.ATTACK_MS}:release={task.RELEASE_MS}"
    compress = f"acompressor=threshold={linear(task.THRESHOLD_DB)}:ratio={task.RATIO}:{times}"
    limit = f"alimiter=limit={{}}:attack={task.LOOKAHEAD_MS}:release={task.LIMITER_RELEASE_MS}:level=disabled"
    chain = f"{compress},{limit.format(linear(task.BAND_CEILING_DBFS))}"
    output = limit.format(linear(task.CEILING_DBFS))
    if bands == 1:
        return f"{chain},{output}"
    split = " ".join(f"{hz:g}" for hz in task.CUTOFFS_HZ[bands])
    outs = "".join(f"[b{i}]" for i in range(bands))
    done = "".join(f"[c{i}]" for i in range(bands))
    middle = ";".join(f"[b{i}]{chain}[c{i}]" for i in range(bands))
    return f"acrossover=split={split}:order=4th{outs};{middle};{done}amix=inputs={bands}:normalize=0,{output}"


def ffmpeg_compand(bands: int) -> str:
    """The same bands as `mcompand` of ffmpeg takes them: commas are escaped from its filter graph."""
    times = f"{task.ATTACK_MS / 1000:g}\\,{task.RELEASE_MS / 1000:g}"
    curve = f"-90/-90\\,{task.THRESHOLD_DB:g}/{task.THRESHOLD_DB:g}\\,0/{task.FULL_SCALE_OUT_DB:g}"
    return "mcompand=" + " | ".join(f"{times} 6 {curve} {hz:g}" for hz in (*task.CUTOFFS_HZ[bands], 22_000.0))


def lsp_graph(bands: int, channels: int) -> str:
    """LSP's multiband compressor, splitting ("Classic"), and its limiter, without their spectrum displays."""
    kind, sides = ("mono", ("",)) if channels == 1 else ("stereo", ("_l", "_r"))
    words = ["mode=0", "envb=0", "flt=0", *(f"ife{side}=0|ofe{side}=0" for side in sides)]
    words += [f"cbe_{i}={int(i < bands)}" for i in range(1, LSP_BANDS)]
    words += [f"sf_{i}={hz:g}" for i, hz in enumerate(task.CUTOFFS_HZ[bands], 1)]
    words += [f"scm_{i}=0|al_{i}={linear(task.THRESHOLD_DB)}|cr_{i}={task.RATIO}" for i in range(bands)]
    words += [f"at_{i}={task.ATTACK_MS}|rt_{i}={task.RELEASE_MS}" for i in range(bands)]
    ahead = f"lk={task.LOOKAHEAD_MS}|at={task.LOOKAHEAD_MS}"
    limit = f"th={linear(task.CEILING_DBFS)}|{ahead}|rt={LSP_LONGEST_RELEASE_MS}"
    compressor = f"lv2=p={LSP}mb_compressor_{kind}:c={'|'.join(words)}"
    return f"{compressor},lv2=p={LSP}limiter_{kind}:c={limit}|boost=0|alr=0|pause=1"


def sox_compand(bands: int) -> list[str]:
    """The bands and the cutoffs between them as `mcompand` of sox takes them."""
    times = f"{task.ATTACK_MS / 1000:g},{task.RELEASE_MS / 1000:g}"
    curve = f"{times} 6:-90,-90,{task.THRESHOLD_DB:g},{task.THRESHOLD_DB:g},0,{task.FULL_SCALE_OUT_DB:g}"
    words = [curve]
    for hz in task.CUTOFFS_HZ[bands]:
        words += [f"{hz:g}", curve]
    return words


def ffmpeg_cost(graph: str, sound: Sound) -> float:
    """Cost of a filter graph in ffmpeg, in percent of a core."""
    filtering = ["-filter_complex_threads", "1", "-filter_complex", graph]
    work = _seconds_beyond_start(filtering, sound) - _seconds_beyond_start([], sound)
    return max(0.0, 100.0 * work / sound.seconds)


def _seconds_beyond_start(words: list[str], sound: Sound) -> float:
    """CPU time of ffmpeg for the sound, less that for nearly none: loading plugins takes long."""

    def seconds(limit: list[str]) -> float:
        read = ["ffmpeg", "-v", "error", "-threads", "1", *limit, "-i", str(sound.path)]
        return _child_seconds([*read, *words, "-f", "null", "-"], sound.runs)

    return seconds([]) - seconds(["-t", "0.01"])


def sox_cost(bands: int, sound: Sound) -> float:
    """Cost of sox `mcompand`, in percent of a core."""
    idle = ["sox", str(sound.path), "-n"]
    busy = [*idle, "mcompand", *sox_compand(bands)]
    work = _child_seconds(busy, sound.runs) - _child_seconds(idle, sound.runs)
    return max(0.0, 100.0 * work / sound.seconds)


@cache
def has_program(name: str) -> bool:
    """Whether a program is on the path."""
    return shutil.which(name) is not None


@cache
def has_lsp() -> bool:
    """Whether ffmpeg runs LSP's plugins."""
    silence = ["-f", "lavfi", "-i", "anullsrc=cl=mono:d=0.01"]
    run = ["ffmpeg", "-v", "quiet", *silence, "-af", lsp_graph(1, 1), "-f", "null", "-"]
    return has_program("ffmpeg") and subprocess.run(run, check=False).returncode == 0


def _child_seconds(command: list[str], runs: int) -> float:
    from resource import RUSAGE_CHILDREN, getrusage  # not on Windows

    best = np.inf
    for _ in range(runs):
        before = getrusage(RUSAGE_CHILDREN)
        run_program(command)
        after = getrusage(RUSAGE_CHILDREN)
        best = min(best, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return best
