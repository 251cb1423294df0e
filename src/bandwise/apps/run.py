"""Run a processor over files, folders or a pipe: what `enhance` and `dynamics` have in common."""

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.apps.jobs import PIPE, Job, holds_folders, plan
from bandwise.apps.pool import spread
from bandwise.apps.report import Outcome, note, progress, tell
from bandwise.apps.together import BLOCK_SECONDS, grouped, run_together
from bandwise.audio_io import PcmFormat, Source, open_sink, open_source
from bandwise.door import convert
from bandwise.errors import BandwiseError
from bandwise.stream import Processor, aligned

Make = Callable[[int, int], Processor]
"""(sample_rate, channels) -> a fresh processor. With several jobs it must be picklable."""

Draw = Callable[[NDArray[Any], NDArray[Any], int, str], None]
"""(before, after, sample_rate, path of the picture): the first channel of the first half minute."""


@dataclass(frozen=True)
class RunOptions:
    """What a user may ask of a run, whatever is done to the sound."""

    raw_format: str | None = None
    """Pipes carry headerless PCM of this name instead of WAV."""
    sample_rate: int | None = None
    """Of raw PCM on standard input; 48 kHz if not given."""
    channels: int | None = None
    """Of raw PCM on standard input; 1 if not given."""
    jobs: int = 1
    plot: bool = False
    as_json: bool = False
    in_place: bool = False
    overwrite: bool = False
    """Make again what a folder run has made before."""
    together: int = 1
    """How many files may be worked on as channels of one processor; 1 where channels are linked."""
    draw: Draw | None = None
    """What `plot` draws; spectrograms if not given. With several jobs it must be picklable."""


def process_files(inputs: Sequence[str], output: str | None, make: Make, options: RunOptions) -> int:
    """Process every input; return the exit status: 0, or 2 if anything failed.

    Raises:
        BandwiseError: for a request that makes no sense as a whole; what is wrong with one file among
            others is told, and the others go on.
    """
    jobs = plan(inputs, output, in_place=options.in_place)
    _check(jobs, options)
    keep = holds_folders(inputs) and not options.overwrite
    todo = [job for job in jobs if not (keep and job.is_done)]
    to_stdout = jobs[0].target == PIPE
    failed = False
    if len(todo) > 1:  # what is wrong with every one is told once, and what must be compiled is compiled once
        ready(make, 48_000, 1)
    skipped = (Outcome(job.source, job.target, status="skipped") for job in jobs if job not in todo)
    for outcome in chain(skipped, _outcomes(todo, make, options)):
        tell(outcome, as_json=options.as_json, audio_on_stdout=to_stdout)
        failed = failed or outcome.status == "failed"
    return 2 if failed else 0


def _check(jobs: Sequence[Job], options: RunOptions) -> None:
    pipes = {job.source for job in jobs} | {job.target for job in jobs}
    if options.raw_format and PIPE not in pipes:
        raise BandwiseError("got --format without a pipe; it describes raw PCM on a pipe; drop it")
    raw_input = options.raw_format and jobs[0].source == PIPE
    if (options.sample_rate, options.channels) != (None, None) and not raw_input:
        raise BandwiseError("got --rate or --channels; they describe raw PCM on standard input; add --format")
    if options.plot and PIPE in pipes:
        raise BandwiseError("got --plot with a pipe; a picture needs files on both sides; give file names")
    if jobs[0].target == PIPE and sys.stdout.isatty():
        raise BandwiseError(
            "got a terminal as output; samples are not for reading; pipe them on or give -o FILE"
        )
    if options.plot:
        from bandwise.measure.plots import require_matplotlib

        require_matplotlib()


def ready(make: Make, sample_rate: int, channels: int) -> Processor:
    """Make a processor and let it work once, so that loading and compiling is over when the clock starts."""
    from bandwise.kernels import when_compiling

    with when_compiling(lambda: note("compiling, once; this takes some seconds")):
        processor = make(sample_rate, channels)
        processor.process(np.zeros((sample_rate // 10, channels), np.float32))
        processor.reset()
    return processor


def _outcomes(jobs: Sequence[Job], make: Make, options: RunOptions) -> Iterator[Outcome]:
    most = 1 if options.plot else min(options.together, -(-len(jobs) // options.jobs))
    groups = grouped(jobs, most)
    if options.jobs == 1 or len(groups) == 1:
        done = 0
        for group in groups:
            done += len(group)
            count = f"{done}/{len(jobs)} " if len(jobs) > 1 else ""
            yield from run_group(group, make, options, count + Path(group[-1].source).name)
        return
    work = partial(run_group, make=make, options=options)
    for outcomes in spread(work, groups, min(options.jobs, len(groups))):
        yield from outcomes


def run_group(
    jobs: Sequence[Job], make: Make, options: RunOptions, title: str | None = None
) -> list[Outcome]:
    """Process files side by side, or one alone."""
    if len(jobs) == 1:
        return [run_job(jobs[0], make, options, title)]
    with _without_nonfinite_warnings(), _bar(title, None) as advance:
        return run_together(jobs, partial(ready, make), advance)


@contextmanager
def _without_nonfinite_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="got NaN or Inf", category=UserWarning)
        yield


def run_job(job: Job, make: Make, options: RunOptions, title: str | None = None) -> Outcome:
    """Process one input into one output; what a user can mend becomes a failed outcome, not an exception."""
    try:
        with _without_nonfinite_warnings():
            return _run(job, make, options, title)
    except BrokenPipeError:
        raise
    except (BandwiseError, OSError) as error:
        return Outcome(job.source, job.target, status="failed", error=str(error))


def _run(job: Job, make: Make, options: RunOptions, title: str | None) -> Outcome:
    before = excerpt(job.source) if options.plot else None
    with open_source(job.source, _raw_input(options)) as source:
        processor = ready(make, source.sample_rate, source.channels)
        outcome = _process(job, source, processor, options, title)
    if before is None:
        return outcome
    from bandwise.measure.plots import before_and_after

    draw = options.draw or before_and_after
    picture = str(Path(job.target).with_suffix(".png"))
    draw(before, excerpt(job.target), outcome.sample_rate, picture)
    return replace(outcome, plot=picture)


def _process(
    job: Job, source: Source, processor: Processor, options: RunOptions, title: str | None
) -> Outcome:
    start, cpu_start, frames = time.perf_counter(), time.process_time(), 0
    seconds = source.frames / source.sample_rate if source.frames else None
    with open_sink(job.target, source, _raw_output(options, source)) as sink, _bar(title, seconds) as advance:
        dtype = source.dtype if source.dtype == sink.dtype else "float32"
        for block in aligned(processor, _blocks(source, dtype)):
            sink.write(block)
            frames += len(block)
            advance(len(block) / source.sample_rate)
        source.close()  # in place: not everywhere can an open file be replaced
        if not frames:
            raise BandwiseError(f"{source.name} is empty: it holds no samples; check what made it")
    elapsed, length = time.perf_counter() - start, frames / source.sample_rate
    return Outcome(
        job.source,
        job.target,
        seconds=length,
        sample_rate=source.sample_rate,
        channels=source.channels,
        latency_samples=processor.latency_samples,
        elapsed_seconds=elapsed,
        real_time_factor=elapsed / length,
        cpu_load=(time.process_time() - cpu_start) / length,
        nonfinite_samples=getattr(processor, "nonfinite_samples", 0),
    )


def _blocks(source: Source, dtype: str) -> Iterator[NDArray[Any]]:
    size = round(source.sample_rate * BLOCK_SECONDS)
    while len(block := source.read(size)):
        yield convert(block, dtype)


@contextmanager
def _bar(title: str | None, seconds: float | None) -> Iterator[Callable[[float], None]]:
    if title is None:
        yield lambda _seconds: None
        return
    with progress(title, seconds) as advance:
        yield advance


def _raw_input(options: RunOptions) -> PcmFormat | None:
    if not options.raw_format:
        return None
    sample_rate = 48_000 if options.sample_rate is None else options.sample_rate
    return PcmFormat.raw(options.raw_format, sample_rate, 1 if options.channels is None else options.channels)


def _raw_output(options: RunOptions, source: Source) -> PcmFormat | None:
    if not options.raw_format:
        return None
    return PcmFormat.raw(options.raw_format, source.sample_rate, source.channels)


def excerpt(name: str, seconds: float = 30.0) -> NDArray[Any]:
    """The first channel of the start of a file, float32, for a picture."""
    with open_source(name) as source:
        wanted, pieces = round(seconds * source.sample_rate), []
        while wanted > 0 and len(block := source.read(wanted)):
            pieces.append(convert(block, "float32")[:, 0])
            wanted -= len(block)
    return np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
