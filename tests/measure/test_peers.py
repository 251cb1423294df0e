"""Peers behind one interface: those that are here line up, those that are not say what to do."""

import numpy as np
import pytest

from bandwise.errors import BandwiseError
from bandwise.measure.alignment import align
from bandwise.measure.voices import synthesise
from bandwise.peers.peer import Absent, Peer, int16_frame
from bandwise.peers.registry import KNOWN, find_peer, find_peers


class Delay:
    """A stream that answers `samples` late."""

    def __init__(self, samples):
        self.held = np.zeros(samples, np.float32)

    def process(self, block):
        joined = np.concatenate([self.held, block])
        self.held = joined[len(block) :]
        return joined[: len(block)]


@pytest.mark.parametrize("samples", [1, 159, 160, 4_801])
def test_declared_latency_is_taken_off(samples):
    """What a stream delays comes back in place and whole, also where the last frame is not full."""
    x = np.random.default_rng(1).uniform(-1, 1, samples).astype(np.float32)
    peer = Peer("delay", "1", 48_000, 160, 250, lambda: Delay(250))
    np.testing.assert_array_equal(peer(x, 48_000), x)


def test_other_rates_are_resampled_there_and_back():
    """A peer of 16 kHz that changes nothing leaves a tone of 1 kHz at 48 kHz as it was."""
    x = np.sin(2 * np.pi * 1_000 * np.arange(48_000) / 48_000).astype(np.float32)
    y = Peer("same", "1", 16_000, whole=lambda x: x)(x, 48_000)
    assert y.shape == x.shape
    np.testing.assert_allclose(y[2_000:-2_000], x[2_000:-2_000], atol=1e-3)


def test_sixteen_bits_are_clipped_and_rounded():
    """Full scale fits, beyond it does not wrap around."""
    np.testing.assert_array_equal(
        int16_frame(np.array([0, 0.5, 1.0, -1.0, 2.0], np.float32)), [0, 16_384, 32_767, -32_768, 32_767]
    )


def test_absent_peers_are_told(tmp_path):
    """A path that holds no library is a finding, not an error."""
    here, absent = find_peers([f"rnnoise={tmp_path / 'none.so'}"])
    assert here == []
    assert "pyrnnoise" in absent["rnnoise"]


def test_unknown_peers_are_refused():
    """A slip of the pen must not pass for an absent peer."""
    with pytest.raises(BandwiseError, match="rnnoise"):
        find_peer("rnoise")


@pytest.fixture(params=KNOWN)
def peer(request):
    """Every peer that is here; the others are skipped with their reason."""
    try:
        return find_peer(request.param)
    except Absent as reason:
        pytest.skip(f"{request.param} is absent: {reason}")


def test_installed_peers_line_up(peer):
    """A clean voice comes out where it went in: the declared latency is the real one, within 1 ms."""
    voice, _ = synthesise(3, 3.0)
    lag = align(voice, peer(voice, 48_000), 48_000)[1]
    assert abs(lag) <= 48


def test_recordings_are_independent(peer):
    """The same recording twice gives the same output twice: nothing is left of the first."""
    voice, _ = synthesise(4, 1.0)
    first = peer(voice, 48_000)
    np.testing.assert_array_equal(peer(voice, 48_000), first)


@pytest.mark.parametrize("name", ["webrtc", "noisereduce"])
def test_what_is_used_as_it_is_installed_takes_no_path(name):
    """It would be timed and scored all the same, under a path it is not at."""
    with pytest.raises(BandwiseError, match=f"got {name} at /nowhere; .*drop the path"):
        find_peers([f"{name}=/nowhere"])
