"""`bandwise dynamics`: multiband compression and limiting of files, folders and pipes."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandwise.apps.options import AsJson, Channels, InPlace, Inputs, Jobs, Output, Overwrite, Rate, RawFormat
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bandwise.stream import Processor

PLOT_SECONDS = 30.0


def dynamics(
    inputs: Inputs,
    output: Output = None,
    preset: Annotated[
        str,
        typer.Option(
            "--preset",
            "-p",
            metavar="NAME|FILE.toml",
            help="transparent, small-speaker, smart-speaker, voice, night, broadcast, conventional; a file.",
        ),
    ] = "transparent",
    raw_format: RawFormat = None,
    rate: Rate = None,
    channels: Channels = None,
    jobs: Jobs = 1,
    plot: Annotated[
        bool,
        typer.Option("--plot", help="Draw bands, curves, gain and waveforms, beside each output."),
    ] = False,
    as_json: AsJson = False,
    in_place: InPlace = False,
    overwrite: Overwrite = False,
) -> None:
    """Compress and limit sound band by band, then limit the sum.

    bandwise dynamics music.wav -o out.wav --preset small-speaker

    bandwise dynamics album/ -o night/ --preset night --jobs 4

    ffmpeg -i show.mkv -f wav - | bandwise dynamics - --preset broadcast | ffmpeg -i - show.m4a

    The output has the length, sample rate, channels and sample format of the input and is aligned with it.
    """
    from bandwise.apps.run import RunOptions, process_files

    if plot:
        _check_plot(inputs, output, in_place=in_place)
    make = partial(make_dynamics, preset=preset)
    make(48_000, channels or 1)  # a wrong preset is told before any file is touched
    options = RunOptions(raw_format, rate, channels, jobs, False, as_json, in_place, overwrite)
    status = process_files(inputs, output, make, options)
    if plot:
        _draw(inputs, output, preset)
    raise typer.Exit(status)


def make_dynamics(sample_rate: int, channels: int, *, preset: str) -> "Processor":
    """Make the processor of one file, in whatever process it is read."""
    from bandwise.dynamics.multiband import MultibandDynamics

    processor: Processor = MultibandDynamics(preset, sample_rate, channels)
    return processor


def _check_plot(inputs: "Sequence[str]", output: str | None, *, in_place: bool) -> None:
    from bandwise.apps.jobs import PIPE
    from bandwise.measure.plots import require_matplotlib

    if in_place or PIPE in [*inputs, output]:
        raise BandwiseError(
            "got --plot with a pipe or --in-place; a picture compares two files; give -o and file names"
        )
    require_matplotlib()


def _draw(inputs: "Sequence[str]", output: str | None, preset: str) -> None:
    """Draw one picture beside every output that is there."""
    from bandwise.apps.jobs import plan
    from bandwise.apps.run import excerpt
    from bandwise.audio_io import open_source
    from bandwise.measure.dynamics_chart import draw_dynamics

    for job in plan(inputs, output, in_place=False):
        if not Path(job.target).is_file():
            continue
        with open_source(job.source) as source:
            rate = source.sample_rate
        before, after = excerpt(job.source, PLOT_SECONDS), excerpt(job.target, PLOT_SECONDS)
        draw_dynamics(preset, before, after, rate, Path(job.target).with_suffix(".png"))
