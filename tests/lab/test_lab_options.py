"""What `bandwise lab` makes of its options."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bandwise.apps.cli import app
from bandwise.apps.lab import _bench, _plan
from bandwise.apps.lab_materials import pieces_of
from bandwise.lab.programme import Piece


@pytest.mark.parametrize("quick", [True, False])
def test_volumes_and_seed_are_those_given(quick):
    """Also when it has to be quick, which tunes less."""
    plan = _plan(quick, "-5,-2", 3)
    assert (plan.volumes_db, plan.seed) == ((-5.0, -2.0), 3)
    assert (plan.tuning_evaluations < _plan(False, None, 3).tuning_evaluations) == quick


def test_supply_and_room_are_those_given(monkeypatch):
    """Of the amplifier both rails; a measured room takes the place of the simulated one."""
    monkeypatch.setattr("bandwise.device.measured_room.MeasuredRoom", lambda path: f"room of {path}")
    bench = _bench("nd65-4", 12.0, Path("hall.wav"))
    assert (bench.amplifier.rail_v, bench.amplifier.gain_v) == (12.0, 12.0)
    assert bench.room == "room of hall.wav"


def test_quick_takes_fewer_pieces_of_a_folder(monkeypatch):
    """Six with strong bass and three without; else all."""
    pieces = [Piece(str(k), None, k % 2 == 0) for k in range(20)]
    monkeypatch.setattr("bandwise.lab.programme.recorded", lambda _folder, _seconds: pieces)
    assert pieces_of(Path(), False, 1) == pieces
    assert [piece.bass_heavy for piece in pieces_of(Path(), True, 1)] == [True] * 6 + [False] * 3


@pytest.mark.parametrize(
    "option",
    [["--quick"], ["--volumes", "0"], ["--rail-v", "12"], ["--canceller", "speex"], ["--output", "x"]],
)
def test_detectors_alone_take_no_other_options(option, tmp_path):
    """What would have no effect is told."""
    done = CliRunner().invoke(app, ["lab", "--detectors", "--data", str(tmp_path), *option])
    assert (done.exit_code, f"got {option[0]} beside --detectors" in done.stderr) == (2, True)
