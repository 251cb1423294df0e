"""The peers of the cost table do the work that they are timed at: they compress a tone as ours does."""

import subprocess

import numpy as np
import pytest
from dynamics_signals import RATE, level_db, tone

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.measure.dynamics_cost import Sound, matched_settings
from bandwise.measure.dynamics_faust import faust_chain, has_faust
from bandwise.measure.dynamics_peers import PEERS, peer_costs
from bandwise.measure.dynamics_programs import ffmpeg_graph, has_lsp, has_program, lsp_graph

X = tone(1_000, 2.0, -4.0).astype(np.float32)


def ours(bands):
    """Level in dB of what ours makes of the tone."""
    return level_db(MultibandDynamics(matched_settings(bands)).process(X)[-RATE // 2 :])


def through_ffmpeg(graph):
    """Level in dB of what a filter graph of ffmpeg makes of the tone."""
    raw = ["-f", "f32le", "-ar", str(RATE), "-ac", "1"]
    run = ["ffmpeg", "-v", "error", *raw, "-i", "-", "-filter_complex", graph, *raw, "-"]
    out = subprocess.run(run, input=X.tobytes(), capture_output=True, check=True).stdout
    return level_db(np.frombuffer(out, np.float32)[-RATE // 2 :].astype(float))


@pytest.mark.parametrize("bands", [1, 3, 5, 8])
def test_chain_of_ffmpeg_does_the_same(bands):
    """A tone 20 dB over the threshold leaves ffmpeg's filters within 3 dB of ours."""
    if not has_program("ffmpeg"):
        pytest.skip("ffmpeg is not installed")
    assert through_ffmpeg(ffmpeg_graph(bands)) == pytest.approx(ours(bands), abs=3.0)


@pytest.mark.parametrize("bands", [1, 3, 5, 8])
def test_chain_of_lsp_does_the_same(bands):
    """It leaves LSP's plugins within 3 dB of ours."""
    if not has_lsp():
        pytest.skip("LSP's plugins, or an ffmpeg that runs them, are not installed")
    assert through_ffmpeg(lsp_graph(bands, 1)) == pytest.approx(ours(bands), abs=3.0)


def test_chain_of_faust_does_the_same(tmp_path):
    """It leaves the compiled Faust program within 3 dB of ours."""
    if not has_faust():
        pytest.skip("Faust is not installed")
    y = np.empty_like(X)
    faust_chain(tmp_path)(X, y)
    assert level_db(y[-RATE // 2 :].astype(float)) == pytest.approx(ours(3), abs=3.0)


def test_absent_peers_are_left_out(tmp_path, monkeypatch):
    """A table is made of what is installed, and of that only what has the bands."""
    peers = [peer._replace(installed=lambda: False) for peer in PEERS[:-1]]
    one = PEERS[-1]._replace(installed=lambda: True, cost=lambda _bands, _sound: 1.0)
    monkeypatch.setattr("bandwise.measure.dynamics_peers.PEERS", (*peers, one))
    sound = Sound(X[:, None], tmp_path / "none.wav", 1)
    assert peer_costs(1, sound) == {one.name: 1.0}
    assert peer_costs(3, sound) == {}
