"""Run a processor over files, folders or a pipe: what `enhance` and `dynamics` have in common."""

import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain
from pathlib import Path

from bandwise.apps.jobs import Job, holds_folders, plan
from bandwise.apps.report import Outcome, progress, tell
from bandwise.apps.run_file import ready, run_job, without_nonfinite_warnings
from bandwise.apps.run_options import Make, RunOptions
from bandwise.apps.together import grouped, run_together
from bandwise.audio_io import PIPE, open_source
from bandwise.errors import BandwiseError
from bandwise.processes import spread


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
        _make_ready(todo[0], make)
    skipped = (Outcome(job.source, job.target, status="skipped") for job in jobs if job not in todo)
    for outcome in chain(skipped, _outcomes(todo, make, options)):
        tell(outcome, as_json=options.as_json, audio_on_stdout=to_stdout)
        failed = failed or outcome.status == "failed"
    return 2 if failed else 0


def _make_ready(job: Job, make: Make) -> None:
    """Compile, and raise `BandwiseError` for what suits neither usual sound nor that of the first file."""
    try:
        ready(make, 48_000, 1)
    except BandwiseError as error:
        try:
            with open_source(job.source) as source:
                ready(make, source.sample_rate, source.channels)
        except (BandwiseError, OSError) as another:
            if str(another) == str(error):
                raise


def _check(jobs: Sequence[Job], options: RunOptions) -> None:
    pipes = {job.source for job in jobs} | {job.target for job in jobs}
    if options.raw_format and PIPE not in pipes:
        raise BandwiseError("got --format without a pipe; it describes raw PCM on a pipe; drop it")
    raw_input = options.raw_format and jobs[0].source == PIPE
    if (options.sample_rate, options.channels) != (None, None) and not raw_input:
        raise BandwiseError("got --rate or --channels; they describe raw PCM on standard input; add --format")
    if options.plot and not all(_is_kept(name) for name in pipes):
        raise BandwiseError("got --plot with a pipe; a picture needs files on both sides; give file names")
    if jobs[0].target == PIPE and sys.stdout is None:
        raise BandwiseError("got a standard output that is closed; sound is to go there; give -o FILE")
    if jobs[0].target == PIPE and sys.stdout.isatty():
        raise BandwiseError(
            "got a terminal as output; samples are not for reading; pipe them on or give -o FILE"
        )
    if options.plot:
        from bandwise.measure.figures import require_matplotlib

        require_matplotlib()
        _check_pictures(jobs)


def _check_pictures(jobs: Sequence[Job]) -> None:
    drawn: dict[Path, Job] = {}
    for job in jobs:
        other = drawn.setdefault(job.picture, job)
        if other is not job:
            raise BandwiseError(
                f"got {other.source} and {job.source}, whose pictures would both be {job.picture}; "
                "give them other names, or drop --plot"
            )


def _is_kept(name: str) -> bool:
    """Whether a file can be read again, as pipes and devices cannot; one that is missing is told later."""
    return name != PIPE and (Path(name).is_file() or not Path(name).exists())


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
    with without_nonfinite_warnings(), progress(title, None) as advance:
        return run_together(jobs, partial(ready, make), advance)
