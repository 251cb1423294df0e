"""`bandwise lab`: multiband dynamics on a simulated device, from the amplifier to the wake word."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bandwise.apps import measuring
from bandwise.apps.lab_materials import materials_of, pieces_of, tuned_for
from bandwise.apps.options import refuse
from bandwise.apps.report import note, told_when_compiling
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise.lab.bench import Bench
    from bandwise.lab.experiment import Experiment
    from bandwise.lab.measuring import Row
    from bandwise.lab.plan import Plan

OUTPUT = Path("lab-output")
DRIVER, RAIL_V, CANCELLER = "nd65-4", 8.0, "auto"


def lab(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder of results; resumed.")] = OUTPUT,
    data: Annotated[
        Path | None, typer.Option(help="Folder with music/ and wakeword/; else made here.")
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Few volumes and words: some minutes.")] = False,
    driver: Annotated[str, typer.Option(help="Driver, by name or TOML file.")] = DRIVER,
    rail_v: Annotated[float, typer.Option(help="Supply of the amplifier, volts.")] = RAIL_V,
    preset: Annotated[
        str | None, typer.Option("--preset", "-p", help="Measure this instead of tuning one.")
    ] = None,
    volumes: Annotated[str | None, typer.Option(help="Volumes in dB, e.g. -20,-10,0.")] = None,
    room: Annotated[
        Path | None, typer.Option(help="Recorded impulse response, in place of the simulated room.")
    ] = None,
    detectors: Annotated[
        bool, typer.Option("--detectors", help="Only how well the wake word detectors hear, with --data.")
    ] = False,
    canceller: Annotated[str, typer.Option(help="Echo canceller: auto, speex or kalman.")] = CANCELLER,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same numbers.")] = 1,
) -> None:
    """Measure distortion, bass, echo and missed wake words at equal loudness, processor by processor.

    bandwise lab --quick

    bandwise lab --data recordings/ -o results/

    Processors: none; the conventional baseline; smart-speaker, ours with the numbers of the baseline; tuned,
    ours for this driver; and a loudspeaker that nothing bends. A run that was stopped goes on where it
    stopped. Results: results.csv, report.html and, unless --preset was given, tuned.toml.
    """
    from bandwise.device.echo import make_canceller
    from bandwise.lab.experiment import Experiment
    from bandwise.lab.report import write_report
    from bandwise.measure.figures import require_matplotlib

    if detectors:
        refuse(
            " beside --detectors, which measures these alone; drop it", quick=quick, preset=preset,
            volumes=volumes, room=room, driver=driver != DRIVER, rail_v=rail_v != RAIL_V,
            canceller=canceller != CANCELLER, output=output != OUTPUT,
        )  # fmt: skip
        _detectors(data, seed)
        return
    require_matplotlib("lab")
    make_canceller(canceller)  # a name that is none is told now
    plan, bench = _plan(quick, volumes, seed), _bench(driver, rail_v, room)
    pieces = pieces_of(data, quick, seed)
    (output / "points").mkdir(parents=True, exist_ok=True)
    with told_when_compiling():
        tuned = tuned_for(output, bench, plan, pieces, preset)
        materials = materials_of(data, quick, tuned, pieces, canceller)
        experiment = Experiment(plan, bench, materials, output)
        with measuring.progress("lab", experiment.total()) as done:
            rows = experiment.run(done)
        write_report(experiment, rows, output / "report.html")
    _print(experiment, rows)
    note(f"{output / 'report.html'} has the figures")


def _detectors(data: Path | None, seed: int) -> None:
    from bandwise.apps.lab_detectors import print_rates

    if data is None:
        raise BandwiseError("got --detectors without --data; a folder with wakeword/ is needed; name it")
    print_rates(data, seed)


def _plan(quick: bool, volumes: str | None, seed: int) -> "Plan":
    from bandwise.lab.plan import Plan

    chosen = _numbers(volumes) if volumes else (-20.0, -10.0, -3.0, 0.0) if quick else Plan().volumes_db
    if quick:
        return Plan(chosen, echo_seconds=6.0, tuning_evaluations=25, seed=seed)
    return Plan(chosen, seed=seed)


def _numbers(text: str) -> tuple[float, ...]:
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(-40.0 <= number <= 0.0 for number in numbers) or len({*numbers}) < len(numbers):
        raise BandwiseError(
            f"got --volumes {text}; allowed are different decibels from -40 to 0 with commas; correct it"
        )
    return numbers


def _bench(driver: str, rail_v: float, room: Path | None) -> "Bench":
    from bandwise.device.amplifier import Amplifier
    from bandwise.device.driver_files import load_driver
    from bandwise.device.measured_room import MeasuredRoom
    from bandwise.device.room import Room
    from bandwise.lab.bench import Bench

    paths = Room() if room is None else MeasuredRoom(str(room))
    return Bench(load_driver(driver), Amplifier.of_small_device(rail_v), paths)


def _print(experiment: "Experiment", rows: "list[Row]") -> None:
    from bandwise.lab.verdict import verdicts

    names = [d.name for d, _ in experiment.materials.detectors if f"{d.name}_words" in rows[0]]
    titles = ["processor", "volume dB", "LUFS", "bass dB", "distortion %", "ERLE dB"]
    titles += [f"missed, {name}" for name in names]
    measuring.print_titles(*titles)
    for row in rows:
        missed = [f"{row[f'{n}_missed']} of {row[f'{n}_words']}" for n in names]
        figures = [f"{row[key]:.1f}" for key in ("loudness_lufs", "bass_db", "distortion_percent", "erle_db")]
        measuring.print_row(row["processor"], f"{row['volume_db']:g}", *figures, *missed)
    for line in verdicts(rows, names):
        print(f"\n{line}")
