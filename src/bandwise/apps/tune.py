"""`bandwise tune`: a preset for a loudspeaker, from its data, its measurements or a recording of a sweep."""

from pathlib import Path
from typing import Annotated

import typer

from bandwise.apps import measuring
from bandwise.apps.options import refuse
from bandwise.apps.tune_sources import from_driver, from_files, from_recording, write_sweep
from bandwise.errors import BandwiseError

SWEEPS = (".wav", ".flac", ".aiff", ".w64", ".rf64", ".caf", ".au")
TARGET, REST, RAIL_V, EVALUATIONS, SEED = 6.0, 1.5, 8.0, 45, 1


def tune(
    sweep: Annotated[Path | None, typer.Option(help="Write the test signal to this file.")] = None,
    driver: Annotated[str | None, typer.Option(help="Thiele-Small data: a name or a TOML file.")] = None,
    recording: Annotated[Path | None, typer.Option(help="Recording of the test signal.")] = None,
    distortion: Annotated[
        Path | None, typer.Option(help="CSV: frequency_hz, level_dbfs, distortion_percent.")
    ] = None,
    response: Annotated[
        Path | None, typer.Option(help="CSV with --distortion: frequency_hz, level_db.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The preset.")] = Path("tuned.toml"),
    target: Annotated[float, typer.Option(min=0.5, max=30, help="Distortion aimed at, percent.")] = TARGET,
    rest: Annotated[
        float, typer.Option(min=0.1, max=30, help="With --driver: what it may add beyond gains, percent.")
    ] = REST,
    rail_v: Annotated[float, typer.Option(min=0.5, help="Supply of the amplifier, volts.")] = RAIL_V,
    music: Annotated[Path | None, typer.Option(help="Folder of music to tune with; else made here.")] = None,
    evaluations: Annotated[int, typer.Option(min=0, help="Presets tried by the optimiser.")] = EVALUATIONS,
    plot: Annotated[Path | None, typer.Option(help="Draw limits, ceilings, before and after.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the music made here.")] = SEED,
) -> None:
    """Make a preset that gives a loudspeaker the most loudness and bass within its limits.

    bandwise tune --driver nd65-4 -o mine.toml --plot mine.png

    bandwise tune --sweep sweep.wav

    bandwise tune --recording recorded.wav -o mine.toml

    Every number in the preset has a comment that says why.
    """
    given = [name for name, value in (("--sweep", sweep), ("--driver", driver), ("--recording", recording),
                                      ("--distortion", distortion)) if value is not None]  # fmt: skip
    if len(given) != 1:
        raise BandwiseError(
            f"got {' and '.join(given) or 'nothing to tune to'}; one of --sweep, --driver, --recording and "
            "--distortion is allowed; give one"
        )
    measuring.check_folders(output, plot, sweep)
    inputs = (recording, distortion, response, Path(driver) if driver else None)
    measuring.check_apart((output, plot, sweep), inputs)
    if driver is None:
        refuse(
            " without --driver, which it belongs to; drop it", rest=rest != REST, rail_v=rail_v != RAIL_V,
            music=music, evaluations=evaluations != EVALUATIONS, seed=seed != SEED,
        )  # fmt: skip
    if distortion is None:
        refuse(" without --distortion, which it belongs to; drop it", response=response)
    if sweep is not None:
        reason = " without a loudspeaker to tune to, which it belongs to; drop it"
        refuse(reason, plot=plot, target=target != TARGET)
    if sweep is not None and sweep.suffix.lower() not in SWEEPS:
        raise BandwiseError(f"got --sweep {sweep}; its 24 bits go into {', '.join(SWEEPS)}; name it so")
    if plot:
        _check_plot(plot)
    if sweep is not None:
        write_sweep(sweep)
    elif driver is not None:
        from bandwise.lab.trial import Targets

        from_driver(driver, rail_v, Targets(target, rest), evaluations, music, seed, output, plot)
    elif recording is not None:
        from_recording(recording, target, output, plot)
    else:
        assert distortion is not None
        from_files(distortion, response, target, output, plot)


def _check_plot(plot: Path) -> None:
    from bandwise.measure.figures import require_matplotlib

    require_matplotlib()
    if plot.suffix.lower() != ".png":
        raise BandwiseError(f"got --plot {plot}; pictures here are PNG; name it so")
