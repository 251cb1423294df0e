"""`bandwise dynamics`: multiband compression and limiting of files, folders and pipes."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandwise.apps.options import AsJson, Channels, InPlace, Inputs, Jobs, Output, Overwrite, Rate, RawFormat

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bandwise.stream import Processor


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
    from bandwise.apps.measuring import check_apart
    from bandwise.apps.run import process_files
    from bandwise.apps.run_options import RunOptions
    from bandwise.dynamics.store import load_settings

    make = partial(make_dynamics, preset=preset)
    load_settings(preset)  # a wrong one is told before any file is touched
    if output:
        check_apart([Path(output)], [Path(preset)])
    draw = partial(draw_picture, preset=preset)
    options = RunOptions(raw_format, rate, channels, jobs, plot, as_json, in_place, overwrite, draw=draw)
    raise typer.Exit(process_files(inputs, output, make, options))


def make_dynamics(sample_rate: int, channels: int, *, preset: str) -> "Processor":
    """Make the processor of one file, in whatever process it is read."""
    from bandwise.dynamics.multiband import MultibandDynamics

    return MultibandDynamics(preset, sample_rate, channels)


def draw_picture(
    before: "NDArray[Any]", after: "NDArray[Any]", sample_rate: int, path: str, *, preset: str
) -> None:
    """Draw bands, curves, gain and both waveforms of one file."""
    from bandwise.measure.dynamics_chart import draw_dynamics

    draw_dynamics(preset, before, after, sample_rate, path)
