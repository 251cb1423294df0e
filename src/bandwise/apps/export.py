"""`bandwise export`: from a training run to a network that ships."""

from pathlib import Path
from typing import Annotated

import typer

from bandwise.errors import BandwiseError


def export(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Runs, by folder, or networks, by file or name; of several, their mean."),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The ONNX file to write.")] = Path("model.onnx"),
    float32: Annotated[bool, typer.Option("--float32", help="Keep float32 weights instead of int8.")] = False,
    decided_treble: Annotated[
        bool, typer.Option("--decided-treble", help="Close doubtful gains above the deep filter.")
    ] = False,
    checksum: Annotated[
        bool,
        typer.Option("--register", help="Enter the file's checksum beside it, so that it loads by name."),
    ] = False,
) -> None:
    """Write the network of a training run as one ONNX file, quantised to int8.

    Given several runs that began at the same weights, it writes the mean of their networks; what they began
    at may take part: `bandwise export mine small -o better.onnx`. The largest comes first, smaller ones grow.
    The file is checked against the trained network on random states before it is kept.
    """
    from bandwise.apps.measuring import check_apart
    from bandwise.training.export import export_run
    from bandwise.training.quantise import register_checksum

    if out.suffix != ".onnx":
        raise BandwiseError(f"got -o {out}; a network goes into an .onnx file; name it so")
    if out.is_dir():
        raise BandwiseError(f"{out} is a folder; a network goes into a file; give its name")
    check_apart([out], runs)
    drift = export_run(runs, out, int8=not float32, decided_treble=decided_treble)
    print(
        f"{out}: {out.stat().st_size / 1e6:.2f} MB, largest difference from the trained network {drift:.2g}"
    )
    if checksum:
        print(f"checksum entered in {register_checksum(out)}")
