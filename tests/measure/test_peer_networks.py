"""Frames, windows and states around the networks of others, with stand-ins that change nothing."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest

from bandwise.peers import deepfilternet, ffmpeg, gtcrn
from bandwise.peers.dtln import DTLNStream
from bandwise.peers.library import file_version, load
from bandwise.peers.peer import Absent
from bandwise.peers.registry import find_peer
from bandwise.programs import run_program


def streamed(stream, x, hop):
    """All frames of x, joined."""
    return np.concatenate([stream.process(block) for block in x.reshape(-1, hop)])


def test_gtcrn_gets_bins_and_its_own_caches():
    """Bins that come back unchanged are the sound, a frame late; every frame goes on from the last."""
    seen = []

    def run(_names, fed):
        seen.append(fed["tra_cache"][0])
        return [fed["mix"], *(fed[name] + 1 for name in gtcrn.CACHES)]

    inputs = [SimpleNamespace(name=name, shape=[2]) for name in ("mix", *gtcrn.CACHES)]
    stream = gtcrn.GTCRNStream(SimpleNamespace(get_inputs=lambda: inputs, run=run))
    x = np.random.default_rng(0).uniform(-1, 1, 2_560).astype(np.float32)
    np.testing.assert_allclose(streamed(stream, x, 256)[256:], x[:-256], atol=1e-6)
    assert seen == list(range(10))


class Network:
    """Gives what it makes of its input, and counts frames in its states."""

    def __init__(self, make):
        self.make, self.fed, self.counts = make, [], []

    def get_inputs(self):
        return [SimpleNamespace(name="x", shape=[1, 1, 2]), SimpleNamespace(name="state", shape=[1])]

    def run(self, _names, feed):
        self.fed.append(feed["x"][0, 0])
        self.counts.append(feed["state"][0])
        return self.make(feed["x"]), feed["state"] + 1


def test_dtln_masks_magnitudes_and_adds_frames_up():
    """Nothing masked, a quarter of every frame: the sound, three frames late; states are handed on."""
    masking, shaping = Network(np.ones_like), Network(lambda x: x / 4)
    x = np.random.default_rng(0).uniform(-1, 1, 1_280).astype(np.float32)
    y = streamed(DTLNStream(masking, shaping), x, 128)
    np.testing.assert_allclose(y[384:], x[:-384], atol=1e-6)
    np.testing.assert_allclose(masking.fed[-1], np.abs(np.fft.rfft(x[-512:])), rtol=1e-4, atol=1e-4)
    assert masking.counts == shaping.counts == list(range(10))


@pytest.mark.parametrize("tap", range(5))
def test_taps_of_deepfilternet_reach_two_frames_either_way(tap):
    """One tap alone moves the frames by its place."""
    spectra = np.random.default_rng(0).standard_normal((9, 3)) + 0j
    taps = np.zeros((9, 3, 5))
    taps[..., tap] = 1.0
    y = deepfilternet._filtered(spectra, taps)
    np.testing.assert_array_equal(y[2:-2], np.roll(spectra, 2 - tap, axis=0)[2:-2])


def test_features_of_deepfilternet_are_two_frames_ahead():
    """With silence behind the last."""
    np.testing.assert_array_equal(deepfilternet._ahead(np.arange(1, 6)), [3, 4, 5, 0, 0])


def test_a_path_comes_before_the_environment(monkeypatch):
    """BANDWISE_PEER_NAME, in capitals, says where a peer usually is."""
    monkeypatch.setattr(gtcrn, "find", lambda path: path)
    monkeypatch.setenv("BANDWISE_PEER_GTCRN", "usual.onnx")
    assert find_peer("gtcrn") == "usual.onnx"
    assert find_peer("gtcrn", "mine.onnx") == "mine.onnx"


def test_arnndn_is_given_its_network(tmp_path, monkeypatch):
    """The path is that of the network, not of ffmpeg."""
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: name)
    monkeypatch.setattr(ffmpeg, "_version", lambda _program: "1")
    (tmp_path / "sh.rnnn").touch()
    program, description, late = ffmpeg.find_arnndn(str(tmp_path / "sh.rnnn")).whole.args
    assert (program, description, late) == ("ffmpeg", f"arnndn=m={tmp_path / 'sh.rnnn'}", 480)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="needs ffmpeg")
def test_ffmpeg_reads_an_escaped_path_as_it_is(tmp_path):
    """A name of the characters that mean something in a filter graph: there ffmpeg writes what it shall."""
    path = tmp_path / "o\\d:d, [it's]; so=.txt"
    graph = f"ametadata=print:file={ffmpeg.escaped(str(path))}"
    silence = ["-f", "lavfi", "-i", "anullsrc=d=0.01"]
    run_program(["ffmpeg", "-v", "error", *silence, "-af", graph, "-f", "null", "-"])
    assert path.is_file()


def test_arnndn_tells_its_networks_apart(tmp_path, monkeypatch):
    """Two files of one name are two versions, or the scores of one would be taken for the other's."""
    monkeypatch.setattr(ffmpeg.shutil, "which", lambda name: name)
    monkeypatch.setattr(ffmpeg, "_version", lambda _program: "1")
    versions = set()
    for content in ("one", "two"):
        (tmp_path / content).mkdir()
        (tmp_path / content / "sh.rnnn").write_text(content)
        versions.add(ffmpeg.find_arnndn(str(tmp_path / content / "sh.rnnn")).version)
    assert len(versions) == 2
    assert all(version.startswith("1, sh.rnnn ") for version in versions)


def test_a_version_tells_contents_apart(tmp_path):
    """Not only names."""
    versions = set()
    for content in (b"one", b"two"):
        (tmp_path / "net.onnx").write_bytes(content)
        versions.add(file_version(tmp_path / "net.onnx"))
    assert len(versions) == 2


def test_a_library_in_the_current_folder_is_found_by_its_bare_name(tmp_path, monkeypatch):
    """The loader of the system would look for it in its own folders alone."""
    _ctypes = pytest.importorskip("_ctypes")
    if not hasattr(_ctypes, "__file__"):
        pytest.skip("this Python has no extension in a file of its own")
    shutil.copy(_ctypes.__file__, tmp_path / "mine.so")
    monkeypatch.chdir(tmp_path)
    assert load(["", "mine.so"], "hint")._name == str(tmp_path / "mine.so")
    with pytest.raises(Absent, match="hint"):
        load(["nobody.so"], "hint")
