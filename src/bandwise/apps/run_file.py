"""Run a processor over one file or pipe, block by block, and measure how long it took."""

import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from bandwise.apps.jobs import Job
from bandwise.apps.report import Outcome, progress, told_when_compiling
from bandwise.apps.run_options import Make, RunOptions
from bandwise.apps.together import BLOCK_SECONDS
from bandwise.audio_io import PcmFormat, Source, open_sink, open_source, read_whole
from bandwise.door import convert, silence_nonfinite
from bandwise.errors import BandwiseError, in_words
from bandwise.stream import Processor, aligned

Made = TypeVar("Made", bound=Processor)


def run_job(job: Job, make: Make, options: RunOptions, title: str | None = None) -> Outcome:
    """Process one input into one output; what a user can mend becomes a failed outcome, not an exception."""
    try:
        with without_nonfinite_warnings():
            return _run(job, make, options, title)
    except BrokenPipeError:
        raise
    except (BandwiseError, OSError) as error:
        return Outcome(job.source, job.target, status="failed", error=in_words(error))


def _run(job: Job, make: Make, options: RunOptions, title: str | None) -> Outcome:
    before = excerpt(job.source) if options.plot else None
    with open_source(job.source, _raw_input(options)) as source:
        processor = ready(make, source.sample_rate, source.channels)
        outcome = _process(job, source, processor, options, title)
    if before is None:
        return outcome
    from bandwise.measure.plots import before_and_after

    draw = options.draw or before_and_after
    picture = str(job.picture)
    draw(before, excerpt(job.target), outcome.sample_rate, picture)
    return replace(outcome, plot=picture)


def _process(
    job: Job, source: Source, processor: Processor, options: RunOptions, title: str | None
) -> Outcome:
    start, cpu_start, frames = time.perf_counter(), time.process_time(), 0
    seconds = source.frames / source.sample_rate if source.frames else None
    raw = _raw_output(options, source)
    with open_sink(job.target, source, raw) as sink, progress(title, seconds) as advance:
        for block in aligned(processor, _blocks(source)):
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


def _blocks(source: Source) -> Iterator[NDArray[Any]]:
    size = round(source.sample_rate * BLOCK_SECONDS)
    while len(block := source.read(size)):
        yield convert(block, "float32")


def ready(make: Callable[[int, int], Made], sample_rate: int, channels: int) -> Made:
    """Make a processor and let it work once, so that loading and compiling is over when the clock starts."""
    with told_when_compiling():
        processor = make(sample_rate, channels)
        processor.process(np.zeros((10 * (sample_rate // 100), channels), np.float32))
        processor.reset()
    return processor


@contextmanager
def without_nonfinite_warnings() -> Iterator[None]:
    """Samples that are no numbers are counted in the outcome instead."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="got NaN, Inf", category=UserWarning)
        yield


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
    x, _ = read_whole(name, seconds=seconds)
    silence_nonfinite(x)
    first: NDArray[Any] = x[:, 0]
    return first
