"""The bench: lags found, growth measured, a table that keeps what we lose. Nothing asks the clock."""

import gc
import subprocess
import sys
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
from typer.testing import CliRunner

from bandwise import NoiseSuppressor
from bandwise.apps.bench import peer_systems
from bandwise.apps.bench_page import write_page
from bandwise.apps.cli import app
from bandwise.bench.floor import Floor
from bandwise.bench.growth import Curve
from bandwise.bench.latency import lag_ms, lag_of
from bandwise.bench.systems import MICROPHONE, System, by_key, speechlike
from bandwise.bench.table import Row, markdown
from bandwise.bench.timing import blocks_of, costs
from bandwise.errors import BandwiseError
from bandwise.peers.peer import Absent


def delay(samples, key="delay", block=160):
    """A system that does nothing but come late."""

    def start():
        held = [np.zeros(samples, np.float32)]

        def process(x):
            joined = np.concatenate([held[0], x])
            held[0] = joined[len(x) :]
            return joined[: len(x)]

        return process

    return System(MICROPHONE, "delay", "1", key, 16_000, block, start)


def row(name, us, half=MICROPHONE):
    """A row that takes `us` per 10 ms."""
    return Row(half, name, "1", 48_000, 10.0, us, 2 * us, us / 100, 30.0, 80.0, None)


@pytest.mark.parametrize("samples", [0, 1, 250, 960])
def test_lag_is_found_in_the_sound(samples):
    """A delay of n samples at 16 kHz is measured as n / 16 ms, exactly."""
    assert lag_ms(delay(samples)) == samples / 16
    x = speechlike(1.0, 16_000)
    assert lag_of(np.concatenate([np.zeros(samples, np.float32), x]), x) == samples


def test_lag_of_the_suppressor_is_its_latency():
    """The shipped network in 10 ms blocks is 30 ms late, as declared."""
    assert lag_ms(by_key("suppressor:base")) == 30.0


def test_blocks_are_the_sound_in_order():
    """Cut into blocks, the test sound is unchanged but for what fills no block."""
    system = delay(0, block=77)
    blocks = blocks_of(system, 0.1)
    assert blocks.shape == (1600 // 77, 77)
    assert np.array_equal(blocks.ravel(), speechlike(0.1, 16_000)[: blocks.size])


def test_every_system_gets_its_cost():
    """Streams and whole recordings keep their order; those of whole recordings have no median."""
    whole = System(MICROPHONE, "whole", "1", "whole", 16_000, 0, None, np.sort)
    found = costs([delay(1, "a"), whole, delay(2, "b")], 2.0)
    assert [cost.median_us is None for cost in found] == [False, True, False]
    assert all(cost.median_us <= cost.p99_us for cost in found if cost.median_us)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0])
def test_exponent_of_a_power_law(power):
    """Costs that grow as a power of size have that power."""
    sizes = [1.0, 10.0, 60.0, 600.0]
    assert Curve("", "", "", sizes, [3 * size**power for size in sizes]).exponent == pytest.approx(power)


def test_table_keeps_what_we_lose():
    """Every row is there in its order, with its ratio to RNNoise where both are of one half."""
    lines = markdown([row("bandwise base", 300), row("RNNoise", 100), row("dynamics", 20, "loudspeaker")])
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines.splitlines()[2:]]
    assert [line[0] for line in cells] == ["**bandwise base**", "RNNoise (1)", "dynamics (1)"]
    assert [line[6] for line in cells] == ["3.00", "1.00", "-"]


def test_page_says_how_it_was_made(tmp_path):
    """The page holds the command, the machine, the table and what was not installed."""
    found = {
        "machine": "a machine",
        "rows": [row("bandwise base", 300), row("RNNoise", 100)],
        "absent": {"dtln": "install it"},
        "seconds": 60.0,
        "floor": {"bandwise base": Floor(8_000_000, 8_200_000, 200.0, 20.0)},
        "folder": {"stream": 300.0, "8 files": 75.0},
    }
    (tmp_path / "docs").mkdir()
    write_page(tmp_path / "docs" / "performance.md", found)
    text = (tmp_path / "docs" / "performance.md").read_text()
    for part in (
        "bandwise bench --seconds 60",
        "a machine",
        "| RNNoise (1) |",
        "dtln",
        "3.00 times",
        "| 8.2 | 410 | 20 | 8.0 | 40 | 200 | 300 | 1.50 |",
        "4.0 x",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["dynamics", "--json"], "--json, which dynamics does not take"),
        (["dynamics", "--growth"], "--growth, which dynamics does not take"),
        (["--runs", "3"], "--runs, which everything does not take"),
        (["--model", "nope"], "known are"),
        (["--no-peers", "--peer", "rnnoise=x"], "--peer, which a bench without peers does not take"),
        (["--peer", "nobody=x"], "nobody"),
        (["--page", "nowhere/page.md"], "folder does not exist"),
        (["else"], "bandwise bench dynamics"),
    ],
)
def test_what_bench_would_not_heed_is_refused(words, says):
    """An option without effect is told, not ignored; so is a network that is not there."""
    done = CliRunner().invoke(app, ["bench", *words])
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_streaming_allocates_nothing_that_stays():
    """A leak grows in every stretch of frames; some stretch leaves less than the smallest object a frame."""
    suppressor = NoiseSuppressor(block_multiple=480)
    blocks = speechlike(16.0, 48_000).reshape(-1, 480)
    for block in blocks:
        suppressor.process(block)

    def held_after(some):
        for block in some:
            suppressor.process(block)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        held = [held_after(some) for some in np.split(blocks, 8)]
        assert np.diff(held).min() < 200 * sys.getsizeof(object())
    finally:
        tracemalloc.stop()


def test_a_build_that_is_given_is_not_missing(monkeypatch):
    """Of those that are nowhere, each is told with what to do; one that is given is an error if it is not."""

    def peer(entry):
        if entry != "rnnoise=mine.so":
            raise Absent("install it")
        return SimpleNamespace(key=f"peer:{entry}")

    monkeypatch.setattr("bandwise.bench.systems.peer", peer)
    here, absent = peer_systems(["rnnoise=mine.so"])
    assert [system.key for system in here] == ["peer:rnnoise=mine.so"]
    assert "rnnoise" not in absent
    assert absent["gtcrn"] == "install it"
    with pytest.raises(BandwiseError, match=r"--peer gtcrn=x, which is not there: install it"):
        peer_systems(["gtcrn=x"])


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--runs", "3", "--no-peers"], (10.0, 3, False)),
        (["--seconds", "4"], (4.0, 5, True)),
    ],
)
def test_dynamics_are_timed_as_asked(monkeypatch, words, wanted):
    """At most 10 s a run, five runs unless told."""
    asked = []
    monkeypatch.setattr(
        "bandwise.apps.bench_dynamics.bench_dynamics",
        lambda seconds, runs, *, peers: asked.append((seconds, runs, peers)),
    )
    assert CliRunner().invoke(app, ["bench", "dynamics", *words]).exit_code == 0
    assert asked == [wanted]


def test_page_names_every_option_that_made_it(tmp_path):
    """Networks, other builds, and that peers were left out; how far the slowest frames are off, too."""
    found = {
        "machine": "a machine",
        "rows": [row("bandwise base", 300), row("RNNoise", 100)],
        "absent": {},
        "seconds": 2.0,
        "floor": {},
        "folder": {"stream": 300.0},
        "also": ["--model mine.onnx", "--no-peers"],
    }
    write_page(tmp_path / "page.md", found)
    text = " ".join((tmp_path / "page.md").read_text().replace("\\\n", " ").split())
    assert f"bandwise bench --seconds 2 --page {tmp_path.name}/page.md --model mine.onnx --no-peers" in text
    assert "p99 2.0 times the median" in text


def test_peers_are_timed_without_our_compiler():
    """The memory of a peer's process must not hold what only our own systems need."""
    program = "import sys, bandwise.bench.systems; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
