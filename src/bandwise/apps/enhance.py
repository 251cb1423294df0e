"""`bandwise enhance`: noise out of files, folders and pipes."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bandwise.apps.options import (
    AsJson,
    Channels,
    InPlace,
    Inputs,
    Jobs,
    Output,
    Overwrite,
    Plot,
    Rate,
    RawFormat,
)

if TYPE_CHECKING:
    from bandwise.stream import Processor


FILES_TOGETHER = 8
"""Of a folder: they share each reading of the network's weights; more than these gain no more."""


def enhance(
    inputs: Inputs,
    output: Output = None,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped network, or the path of an .onnx file.")
    ] = "base",
    postfilter: Annotated[
        bool, typer.Option("--postfilter", help="Less noise between words, more harm to speech.")
    ] = False,
    attenuation_limit_db: Annotated[
        float | None,
        typer.Option(metavar="DB", min=0.0, help="Never take away more than this; 0 leaves all as it is."),
    ] = None,
    raw_format: RawFormat = None,
    rate: Rate = None,
    channels: Channels = None,
    jobs: Jobs = 1,
    plot: Plot = False,
    as_json: AsJson = False,
    in_place: InPlace = False,
    overwrite: Overwrite = False,
) -> None:
    """Remove noise from speech.

    bandwise enhance noisy.wav -o clean.wav

    bandwise enhance recordings/ -o cleaned/ --jobs 4

    ffmpeg -i talk.mp4 -f wav - | bandwise enhance - | ffmpeg -i - talk.m4a

    The output has the length, sample rate, channels and sample format of the input and is aligned with it.
    """
    from bandwise.apps.run import process_files
    from bandwise.apps.run_options import RunOptions

    make = partial(
        make_suppressor, model=model, postfilter=postfilter, attenuation_limit_db=attenuation_limit_db
    )
    options = RunOptions(
        raw_format, rate, channels, jobs, plot, as_json, in_place, overwrite, together=FILES_TOGETHER
    )
    raise typer.Exit(process_files(inputs, output, make, options))


def make_suppressor(
    sample_rate: int,
    channels: int,
    *,
    model: str,
    postfilter: bool = False,
    attenuation_limit_db: float | None = None,
    block_multiple: int = 1,
) -> "Processor":
    """Make the processor of one file, in whatever process it is read."""
    from bandwise import NoiseSuppressor

    return NoiseSuppressor(
        sample_rate,
        channels,
        model=model,
        postfilter=postfilter,
        attenuation_limit_db=attenuation_limit_db,
        block_multiple=block_multiple,
    )
