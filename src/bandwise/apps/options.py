"""Options that every command over files and pipes has, said once."""

from typing import Annotated

import typer

from bandwise.errors import BandwiseError

Inputs = Annotated[
    list[str], typer.Argument(metavar="INPUT", help="Files, folders, or - for standard input.")
]
Output = Annotated[
    str | None,
    typer.Option("--output", "-o", metavar="PATH", help="File, folder, or - for standard output."),
]
RawFormat = Annotated[
    str | None,
    typer.Option(
        "--format", metavar="NAME", help="Pipes carry raw PCM: f32le, s16le, s32le or f64le (else: WAV)."
    ),
]
Rate = Annotated[
    int | None,
    typer.Option("--rate", metavar="HZ", help="Sample rate of raw PCM on standard input (else: 48000)."),
]
Channels = Annotated[
    int | None,
    typer.Option("--channels", metavar="N", help="Channels of raw PCM on standard input (else: 1)."),
]
Model = Annotated[str, typer.Option(metavar="NAME", help="A shipped network, or the path of an .onnx file.")]
Postfilter = Annotated[
    bool, typer.Option("--postfilter", help="Less noise between words, more harm to speech.")
]
AttenuationLimit = Annotated[
    float | None,
    typer.Option(metavar="DB", min=0.0, help="Never take away more than this; 0 leaves all as it is."),
]
Jobs = Annotated[
    int, typer.Option("--jobs", "-j", metavar="N", min=1, help="Files processed at the same time.")
]
Plot = Annotated[bool, typer.Option("--plot", help="Draw spectrograms before and after, beside each output.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object per file, for scripts.")]
InPlace = Annotated[bool, typer.Option("--in-place", help="Replace the input files.")]
Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="In a folder run, make again what exists already.")
]


def refuse(reason: str, **options: object) -> None:
    """Raise `BandwiseError` for the first of these options that was given, which has no effect and why."""
    for name in (name for name, value in options.items() if value):
        raise BandwiseError(f"got --{name.replace('_', '-')}{reason}")
