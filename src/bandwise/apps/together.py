"""Several files at once in one processor, each a few of its channels.

For processors whose channels know nothing of each other: the bits are those of each file alone, and what is
read once for all channels, like the weights of a network, is read less often.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from bandwise.apps.jobs import PIPE, Job
from bandwise.apps.report import Outcome
from bandwise.audio_io import open_sink, open_source
from bandwise.door import convert
from bandwise.errors import BandwiseError
from bandwise.stream import Processor

BLOCK_SECONDS = 0.5

Columns = NDArray[np.float32]


def grouped(jobs: Sequence[Job], most: int) -> list[list[Job]]:
    """Put up to `most` files of one sample rate and like lengths together; pipes and riddles stay alone."""
    known = {job: facts for job in jobs if most > 1 and (facts := _facts(job))}
    groups = [[job] for job in jobs if job not in known]
    for _rate, same in groupby(sorted(known, key=known.__getitem__), key=lambda job: known[job][0]):
        files = list(same)
        groups += [files[start : start + most] for start in range(0, len(files), most)]
    return groups


def _facts(job: Job) -> tuple[int, int] | None:
    """Sample rate and length; None where they cannot be told, which is for the run of that file to say."""
    if job.source == PIPE:
        return None
    try:
        with open_source(job.source) as source:
            return (source.sample_rate, source.frames) if source.frames else None
    except (BandwiseError, OSError):
        return None


class Seat:
    """One file on its way through some columns of the audio. What goes wrong ends this file alone."""

    def __init__(self, job: Job, everyone: ExitStack) -> None:
        """`everyone` ends when all files do, and throws away what is unfinished when it ends in an error."""
        self.job, self.error, self.frames, self.nonfinite_samples = job, "", 0, 0
        self._written, self._ended, self._open = 0, False, ExitStack()
        everyone.push(self._open)
        with self._alone():
            self.source = self._open.enter_context(open_source(job.source))
            self._sink = self._open.enter_context(open_sink(job.target, self.source))
            same = self.source.dtype == self._sink.dtype
            self._dtype = self.source.dtype if same else "float32"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Run a step of a file that has not failed; note its failure."""
        try:
            yield
        except (BandwiseError, OSError) as error:
            self.error, self._ended = str(error), True
            with ExitStack() as gone:
                gone.push(lambda *_: True)  # what was written is thrown away; more errors tell no more
                self._open.__exit__(type(error), error, error.__traceback__)

    def read(self, size: int) -> Columns:
        """Return the next `size` frames, with silence after the end."""
        out = np.zeros((size, self.source.channels), np.float32)
        with self._alone():
            filled = 0
            while filled < size and not self._ended:
                block = self.source.read(size - filled)
                self._ended = not len(block)
                out[filled : filled + len(block)] = convert(convert(block, self._dtype), "float32")
                filled += len(block)
            self.nonfinite_samples += int(np.count_nonzero(~np.isfinite(out[:filled])))
            self.frames += filled
        return out

    def write(self, block: Columns) -> None:
        """Take what belongs to frames that were read."""
        wanted = block[: self.frames - self._written]
        if len(wanted) and not self.error:
            with self._alone():
                self._sink.write(convert(np.ascontiguousarray(wanted), self._dtype))
                self._written += len(wanted)

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to read."""
        return self._ended

    def close(self) -> None:
        """Finish the file."""
        if self.error:
            return
        with self._alone():
            self.source.close()  # in place: not everywhere can an open file be replaced
            if not self.frames:
                raise BandwiseError(f"{self.source.name} is empty: it holds no samples; check what made it")
            self._open.close()


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
        if open_ones:
            rate = open_ones[0].source.sample_rate
            processor = make(rate, sum(seat.source.channels for seat in open_ones))
            late = processor.latency_samples
            _pass_through(open_ones, processor, round(rate * BLOCK_SECONDS), advance)
        for seat in seats:
            seat.close()
    spent = time.perf_counter() - start, time.process_time() - cpu_start
    work = sum(_seconds(seat) * seat.source.channels for seat in open_ones)
    return [_outcome(seat, late, spent, work) if not seat.error else _failure(seat) for seat in seats]


def _pass_through(
    seats: list[Seat], processor: Processor, size: int, advance: Callable[[float], None]
) -> None:
    """Block by block, latency taken off, until every file is read and told."""
    edges = np.cumsum([seat.source.channels for seat in seats])[:-1]
    skip = processor.latency_samples
    while not all(seat.is_over for seat in seats):
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
