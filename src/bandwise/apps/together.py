"""Several files at once in one processor, each a few of its channels.

For processors whose channels know nothing of each other: the bits are those of each file alone, and what is
read once for all channels, like the weights of a network, is read less often.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from itertools import groupby
from pathlib import Path

import numpy as np

from bandwise.apps.jobs import Job
from bandwise.apps.report import Outcome
from bandwise.apps.seat import Seat
from bandwise.audio_io import PIPE, open_source
from bandwise.door import MOST_CHANNELS
from bandwise.errors import BandwiseError
from bandwise.stream import Processor

BLOCK_SECONDS = 0.5


def grouped(jobs: Sequence[Job], most: int) -> list[list[Job]]:
    """Put up to `most` files of one sample rate and like lengths together; pipes and riddles stay alone."""
    known = {job: facts for job in jobs if most > 1 and (facts := _facts(job))}
    groups = [[job] for job in jobs if job not in known]
    for _rate, same in groupby(sorted(known, key=known.__getitem__), key=lambda job: known[job][0]):
        files = list(same)
        most_now = max(1, min(most, MOST_CHANNELS // max(known[job][2] for job in files)))
        groups += [files[start : start + most_now] for start in range(0, len(files), most_now)]
    return groups


def _facts(job: Job) -> tuple[int, int, int] | None:
    """Sample rate, length and channels; None where they cannot be told, as the run of the file will say."""
    if job.source == PIPE or not Path(job.source).is_file():  # what is read from a pipe is gone
        return None
    try:
        with open_source(job.source) as source:
            facts = source.sample_rate, source.frames or 0, source.channels
            return facts if source.frames else None
    except (BandwiseError, OSError):
        return None


def run_together(
    jobs: Sequence[Job],
    make: Callable[[int, int], Processor],
    advance: Callable[[float], None] = lambda _seconds: None,
) -> list[Outcome]:
    """Process files of one sample rate side by side; `make(sample_rate, channels)` gives the processor."""
    start, cpu_start, late = time.perf_counter(), time.process_time(), 0
    with ExitStack() as everyone:
        seats = [Seat(job, everyone) for job in jobs]
        open_ones = [seat for seat in seats if not seat.error]
        if processor := _processor(open_ones, make):
            late = processor.latency_samples
            size = round(processor.sample_rate * BLOCK_SECONDS)
            _pass_through(open_ones, processor, size, advance)
        for seat in seats:
            seat.close()
    spent = time.perf_counter() - start, time.process_time() - cpu_start
    work = sum(_seconds(seat) * seat.source.channels for seat in open_ones)
    return [_outcome(seat, late, spent, work) if not seat.error else _failure(seat) for seat in seats]


def _processor(seats: list[Seat], make: Callable[[int, int], Processor]) -> Processor | None:
    """One for all; None where there is nothing to do, or it cannot be made, which each file then tells."""
    if not seats:
        return None
    try:
        return make(seats[0].source.sample_rate, sum(seat.source.channels for seat in seats))
    except (BandwiseError, OSError) as error:
        for seat in seats:
            seat.fail(error)
        return None


def _pass_through(
    seats: list[Seat], processor: Processor, size: int, advance: Callable[[float], None]
) -> None:
    """Block by block, latency taken off, until every file is read and told."""
    edges = np.cumsum([seat.source.channels for seat in seats])[:-1]
    skip = processor.latency_samples
    while not all(seat.ended for seat in seats):
        before = sum(seat.frames for seat in seats)
        out = processor.process(np.concatenate([seat.read(size) for seat in seats], axis=1))[skip:]
        skip = max(0, skip - size)
        for seat, block in zip(seats, np.split(out, edges, axis=1), strict=True):
            seat.write(block)
        advance((sum(seat.frames for seat in seats) - before) / processor.sample_rate)
    for seat, block in zip(seats, np.split(processor.flush()[skip:], edges, axis=1), strict=True):
        seat.write(block)


def _seconds(seat: Seat) -> float:
    return seat.frames / seat.source.sample_rate


def _failure(seat: Seat) -> Outcome:
    return Outcome(seat.job.source, seat.job.target, status="failed", error=seat.error)


def _outcome(seat: Seat, latency_samples: int, spent: tuple[float, float], work: float) -> Outcome:
    """The time of all is shared by the length of what each file holds."""
    elapsed, cpu = (seconds * seat.source.channels / work for seconds in spent)
    return Outcome(
        seat.job.source,
        seat.job.target,
        seconds=_seconds(seat),
        sample_rate=seat.source.sample_rate,
        channels=seat.source.channels,
        latency_samples=latency_samples,
        elapsed_seconds=elapsed * _seconds(seat),
        real_time_factor=elapsed,
        cpu_load=cpu,
        nonfinite_samples=seat.nonfinite_samples,
    )
