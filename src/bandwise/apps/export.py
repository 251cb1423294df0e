"""`bandwise export`: from a training run to a network that ships."""

from pathlib import Path
from typing import Annotated

import typer


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
    from bandwise.training.export import export_run
    from bandwise.training.quantise import register_checksum

    drift = export_run(runs, out, int8=not float32, decided_treble=decided_treble)
    print(
        f"{out}: {out.stat().st_size / 1e6:.2f} MB, largest difference from the trained network {drift:.2g}"
    )
    if checksum:
        print(f"checksum entered in {register_checksum(out)}")
