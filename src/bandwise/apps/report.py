"""What a run says: progress on a terminal, one line per error, JSON for scripts."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bandwise.one_line import say


@dataclass(frozen=True)
class Outcome:
    """What became of one input."""

    input: str
    output: str
    status: str = "done"
    """done, skipped or failed"""
    error: str | None = None
    seconds: float = 0.0
    """Length of the audio."""
    sample_rate: int = 0
    channels: int = 0
    latency_samples: int = 0
    """Delay of the processor, which the output does not have: it is aligned with the input."""
    elapsed_seconds: float = 0.0
    real_time_factor: float = 0.0
    """Elapsed time per second of audio, all channels, reading and writing included."""
    cpu_load: float = 0.0
    """Processor time per second of audio: the share of one core that real time would take."""
    nonfinite_samples: int = 0
    """Samples, NaN, Inf or far too loud, that were treated as silence."""
    plot: str | None = None


def tell_error(message: object) -> None:
    """One line on stderr."""
    say("error", message)


def note(message: object) -> None:
    """One line on stderr that is no error."""
    say("bandwise", message)


def tell(outcome: Outcome, *, as_json: bool, audio_on_stdout: bool) -> None:
    """Report one outcome: errors and warnings always, JSON if asked for, a summary on a terminal.

    JSON goes to stdout, one object per line; to stderr when stdout carries audio.
    """
    if outcome.error:
        tell_error(_of_file(outcome))
    if outcome.nonfinite_samples:
        bad = outcome.nonfinite_samples
        note(f"{outcome.input}: {bad} samples (NaN, Inf, far too loud) were treated as silence")
    if as_json:
        print(json.dumps(asdict(outcome)), file=sys.stderr if audio_on_stdout else sys.stdout, flush=True)
    elif outcome.status == "skipped":
        note(f"{outcome.output} exists and is left alone; --overwrite makes it again")
    elif outcome.status == "done" and sys.stderr.isatty():
        speed = 1.0 / max(outcome.real_time_factor, 1e-9)
        took = f"{outcome.seconds:.1f} s in {outcome.elapsed_seconds:.1f} s"
        note(f"{outcome.output}: {took}, {speed:.0f} x real time")


def _of_file(outcome: Outcome) -> str:
    """The error, with the input's name where it does not say which of many files it is about."""
    error = outcome.error or ""
    told = outcome.input == "-" or Path(outcome.input).name in error
    return error if told else f"{outcome.input}: {error}"


@contextmanager
def told_when_compiling() -> Iterator[None]:
    """Say once, on stderr, that kernels are compiled while nothing seems to happen."""
    from bandwise.kernels import when_compiling

    with when_compiling(lambda: note("compiling for the first use; this may take half a minute")):
        yield


@contextmanager
def progress(name: str | None, seconds: float | None) -> Iterator[Callable[[float], None]]:
    """Yield a function to call with seconds of audio done, of so many if known.

    On a terminal a bar on stderr shows it, unless it has no name.
    """
    if name is None or not sys.stderr.isatty():
        yield lambda _seconds: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]:.0f} x real time"),
        TimeRemainingColumn(),
    )
    start, done = time.perf_counter(), 0.0
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(name, total=seconds, speed=0.0)

        def advance(more: float) -> None:
            nonlocal done
            done += more
            bar.update(task, completed=done, speed=done / max(1e-9, time.perf_counter() - start))

        yield advance
