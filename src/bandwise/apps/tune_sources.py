"""What a preset is tuned to: the model of a driver, a recording of the test signal, or measured tables."""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from bandwise.apps import measuring
from bandwise.apps.report import note, told_when_compiling
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise.lab.deriving import Response, Tuning
    from bandwise.lab.limits import Table
    from bandwise.lab.trial import Targets


def write_sweep(path: Path) -> None:
    """Write the test signal, and say how to play it."""
    import soundfile

    from bandwise.atomic_file import atomic
    from bandwise.lab.sweep import SAMPLE_RATE, test_signal

    x = test_signal()
    with atomic(path) as temporary:
        soundfile.write(temporary, x, SAMPLE_RATE, "PCM_24")
    note(
        f"{path}: {len(x) / SAMPLE_RATE:.0f} s; play it through the device at full volume, unprocessed, "
        "record it at 48 kHz close to the driver"
    )


def from_driver(
    driver: str,
    rail_v: float,
    targets: "Targets",
    evaluations: int,
    music: Path | None,
    seed: int,
    output: Path,
    plot: Path | None,
) -> None:
    """Tune to the model of a driver, by derivation and, if asked, trials."""
    from bandwise.device.amplifier import Amplifier
    from bandwise.device.driver_files import load_driver
    from bandwise.lab.bench import Bench
    from bandwise.lab.deriving import Choice, derive
    from bandwise.lab.limits import simulated_limits
    from bandwise.lab.optimising import PROGRAMME_SECONDS, tuned
    from bandwise.lab.programme import excerpt, recorded, synthesised
    from bandwise.lab.trial import rail_sag_db

    import_module("scipy.optimize")  # told before anything is compiled, where it is missing
    bench = Bench(load_driver(driver), Amplifier.of_small_device(rail_v))
    pieces = recorded(music, 20.0) if music else synthesised(6, 4.0, seed)
    with told_when_compiling():
        x, share = excerpt(pieces, PROGRAMME_SECONDS)
        limits = simulated_limits(bench.loudspeaker, targets.distortion_percent)
        if evaluations:
            with measuring.progress("tuning", evaluations) as done:
                tuning = tuned(
                    bench, x, targets, evaluations, lambda _n, worth: done(f"{worth:.1f}"), limits, share
                )
        else:
            sag_db = rail_sag_db(bench, x * 10 ** (bench.full_drive_db / 20))
            percent = targets.distortion_percent
            tuning = derive(limits, Choice(), rail_sag_db=sag_db, target_percent=percent, optimised=False)
        heading = f"For {bench.driver.name} at {rail_v:g} V: {bench.driver.source or 'no source'}."
        _write(output, tuning, heading)
        for missed in (reached for reached in tuning.reached if reached.misses):
            note(f"{output}: {missed.told()}: beyond what was aimed at")
        if plot:
            from bandwise.lab.tuning_chart import chart_of_model

            _draw(plot, chart_of_model(limits, tuning.settings, bench, x, share))


def from_recording(recording: Path, target: float, output: Path, plot: Path | None) -> None:
    """Tune to what a recording of the test signal shows."""
    from bandwise.audio_io import read_whole
    from bandwise.lab.sweep import read_recording, table_of

    x, rate = read_whole(str(recording), "float64")
    if not len(x):
        raise BandwiseError(f"got {recording}, which holds no samples; record the test signal of --sweep")
    table = table_of(read_recording(x[:, 0], rate))
    heading = f"From a recording of the test signal; distortion aimed at: {target:g} %."
    _from_table(table, None, target, heading, output, plot)


def from_files(
    distortion: Path, response: Path | None, target: float, output: Path, plot: Path | None
) -> None:
    """Tune to tables that somebody measured."""
    from bandwise.lab.limits import measured_response, measured_table

    curve = measured_response(response) if response else None
    heading = f"From measurements; distortion aimed at: {target:g} %."
    _from_table(measured_table(distortion), curve, target, heading, output, plot)


def _from_table(
    table: "Table", curve: "Response | None", target: float, heading: str, output: Path, plot: Path | None
) -> None:
    from bandwise.lab.deriving import derive
    from bandwise.lab.limits import limits_of_table
    from bandwise.lab.optimising import CAUTIOUS

    limits = limits_of_table(table, target)
    tuning = derive(limits, CAUTIOUS, target_percent=target, optimised=False, response_db=curve)
    _write(output, tuning, heading)
    if plot:
        from bandwise.lab.tuning_chart import chart_of_measurements

        _draw(plot, chart_of_measurements(limits, tuning.settings, table))


def _write(output: Path, tuning: "Tuning", heading: str) -> None:
    from bandwise.lab.files import write_text
    from bandwise.lab.preset_text import preset_text

    write_text(output, preset_text(tuning, heading))
    note(f"{output}: bandwise dynamics music.wav -o out.wav --preset {output}")


def _draw(plot: Path, picture: bytes) -> None:
    from bandwise.atomic_file import atomic

    with atomic(plot) as temporary:
        temporary.write_bytes(picture)
    note(f"drew {plot}")
