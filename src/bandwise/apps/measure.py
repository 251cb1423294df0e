"""`bandwise measure`: loudness, peaks, bass and distortion of files and of presets."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandwise.apps import measuring
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SECONDS = 60.0
FILE_TITLES = (
    "LUFS", "true peak dBTP", "crest dB", "bass 20-120 Hz dB", "distortion %", "equal loudness: bass dB"
)  # fmt: skip
LEVELS_DB = (-30.0, -20.0, -10.0, -3.0, 0.0)


def measure(
    inputs: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Recordings; none: test tones.")
    ] = None,
    presets: Annotated[
        list[str] | None,
        typer.Option("--preset", "-p", metavar="NAME|FILE.toml", help="Measure through this; repeatable."),
    ] = None,
    gain_db: Annotated[
        float, typer.Option("--gain-db", min=-100, max=100, help="Gain in front of the presets.")
    ] = 0.0,
    start: Annotated[float, typer.Option(help="Seconds into the files.", min=0.0)] = 0.0,
    seconds: Annotated[float, typer.Option(help="Seconds of the files.", min=1.0)] = SECONDS,
    plot: Annotated[
        str | None, typer.Option("--plot", metavar="PNG", help="Draw waveforms or curves.")
    ] = None,
) -> None:
    """Measure recordings, presets, or recordings through presets.

    bandwise measure before.wav after.wav

    bandwise measure --preset small-speaker

    bandwise measure music.wav --preset conventional --preset small-speaker --plot three.png
    """
    if not inputs and not presets:
        raise BandwiseError("got neither a file nor --preset; measure needs one of them; name it")
    if gain_db and not presets:
        raise BandwiseError("got --gain-db without --preset; it drives presets; name one, or drop it")
    if not inputs and (gain_db or start or seconds != SECONDS):
        raise BandwiseError(
            "got --gain-db, --start or --seconds without a file; test tones have levels and lengths of their "
            "own; name a file, or drop them"
        )
    if plot:
        from bandwise.measure.figures import check_picture

        measuring.check_folders(Path(plot))
        measuring.check_apart([Path(plot)], map(Path, [*(inputs or []), *(presets or [])]))
        check_picture(Path(plot))
    if inputs:
        _measure_files(inputs, presets or [], gain_db, start, seconds, plot)
    else:
        _measure_tones(presets or [], plot)


def _measure_files(
    inputs: list[str], presets: list[str], gain_db: float, start: float, seconds: float, plot: str | None
) -> None:
    from bandwise.measure.programme import measured

    rows = []
    for name in inputs:
        x, rate = _read(name, start, seconds)
        rows.append(measured(Path(name).name, x, rate))
        rows += [measured(preset, x, rate, preset=preset, gain_db=gain_db) for preset in presets]
    _print_table(["", *FILE_TITLES], [row.cells(rows[0]) for row in rows])
    if plot:
        from bandwise.measure.programme import draw_waveforms

        draw_waveforms(rows, plot)
        print(f"drew {plot}")


def _measure_tones(presets: list[str], plot: str | None) -> None:
    from bandwise.measure.programme import TONE_TITLES, cell, draw_tones, tone_table

    tables = {preset: tone_table(preset, LEVELS_DB) for preset in presets}
    for preset, table in tables.items():
        print(f"\n{preset}: distortion in percent by peak level of the test signal, 48 kHz\n")
        cells = [[f"{level:g} dBFS", *(cell(value, 4) for value in row)] for level, row in table]
        _print_table(["", *TONE_TITLES], cells)
    if plot:
        draw_tones(tables, plot)
        print(f"drew {plot}")


def _read(name: str, start: float, seconds: float) -> "tuple[NDArray[np.float32], int]":
    from bandwise.apps.report import note
    from bandwise.audio_io import read_whole
    from bandwise.door import silence_nonfinite

    x, rate = read_whole(name, start_s=start, seconds=seconds)
    if not len(x):
        raise BandwiseError(f"got {name}, which holds no sound from {start:g} s on; lower --start")
    if count := silence_nonfinite(x):
        note(f"{name}: {count} samples that are NaN, Inf or far too loud were treated as silence")
    return x, rate


def _print_table(titles: list[str], rows: list[list[Any]]) -> None:
    measuring.print_titles(*titles)
    for row in rows:
        measuring.print_row(*row)
