"""Which input becomes which output."""

from pathlib import Path

import pytest

from bandwise.apps.jobs import plan
from bandwise.errors import BandwiseError


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder of names, in which one stands."""
    for name in ("in/a.wav", "in/B.FLAC", "in/deep/c.m4a", "in/._a.wav", "in/.hidden.wav", "one.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)


def pairs(*inputs, output):
    """Sources and targets as text, with slashes."""
    return {Path(job.source).as_posix(): Path(job.target).as_posix() for job in plan(inputs, output)}


@pytest.mark.usefixtures("place")
def test_a_folder_gives_what_can_be_written():
    """What is read only becomes WAV; capitals count as letters; hidden files are no recordings."""
    assert pairs("in", output="out") == {
        "in/B.FLAC": "out/B.FLAC",
        "in/a.wav": "out/a.wav",
        "in/deep/c.m4a": "out/deep/c.wav",
    }


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize(
    ("output", "target"), [("there", "there/one.wav"), ("new/", "new/one.wav"), ("new.flac", "new.flac")]
)
def test_one_file_goes_into_a_folder_or_becomes_a_file(output, target):
    """Into one that exists, or whose name ends in a slash."""
    assert pairs("one.wav", output=output) == {"one.wav": target}


@pytest.mark.usefixtures("place")
def test_what_cannot_be_written_is_not_replaced():
    """A name that ends in .m4a would hold something else."""
    with pytest.raises(BandwiseError, match=r"c\.m4a cannot be replaced"):
        plan(["in"], None, in_place=True)


@pytest.mark.usefixtures("place")
def test_many_do_not_go_into_a_file():
    """Several inputs need a folder."""
    with pytest.raises(BandwiseError, match="is a file"):
        plan(["one.wav", "in/a.wav"], "in/B.FLAC")
