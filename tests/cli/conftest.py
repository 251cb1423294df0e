"""A noisy file to work on, and a quick way to be refused."""

import io
import sys

import pytest
import soundfile

from bandwise.apps import cli, enhance

from .calling import sound
from .standin import make_half


@pytest.fixture
def noisy(tmp_path):
    """Half a second of mono int16 noise as noisy.wav."""
    path = tmp_path / "noisy.wav"
    soundfile.write(path, sound(), 48_000, subtype="PCM_16")
    return path


@pytest.fixture
def refused(monkeypatch, capsysbinary):
    """Call `bandwise enhance` in this process; it must fail with one line, which is returned."""
    monkeypatch.setattr(enhance, "make_suppressor", make_half)
    monkeypatch.setattr(cli, "end_when_told", lambda: None)

    def call(*args, stdin=b""):
        monkeypatch.setattr(sys, "argv", ["bandwise", "enhance", *map(str, args)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as end:
            cli.main()
        lines = capsysbinary.readouterr().err.decode().splitlines()
        assert (end.value.code, len(lines)) == (2, 1), lines
        assert lines[0].startswith("error: ")
        return lines[0]

    return call
