"""`bandwise enhance`: noise out of files, folders and pipes."""

from functools import partial
from typing import TYPE_CHECKING

import typer

from bandwise.apps.options import (
    AsJson,
    AttenuationLimit,
    Channels,
    InPlace,
    Inputs,
    Jobs,
    Model,
    Output,
    Overwrite,
    Plot,
    Postfilter,
    Rate,
    RawFormat,
)

if TYPE_CHECKING:
    from bandwise import NoiseSuppressor


FILES_TOGETHER = 8
"""Of a folder: they share each reading of the network's weights; more than these gain no more."""


def enhance(
    inputs: Inputs,
    output: Output = None,
    model: Model = "base",
    postfilter: Postfilter = False,
    attenuation_limit_db: AttenuationLimit = None,
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
) -> "NoiseSuppressor":
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
