"""What a run says, and where: on a terminal, at the first compilation."""

import os
import pty
import re
import subprocess
from pathlib import Path

import soundfile

from .calling import call, command, environment, sound


def stderr_on_a_terminal(*args):
    """Run the command line with a terminal as standard error; return what it shows."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command(*args), stderr=follower, env=environment(TERM="xterm", COLUMNS="100")
    ) as process:
        os.close(follower)
        shown = b""
        try:
            while piece := os.read(leader, 4096):
                shown += piece
        except OSError:  # Linux: the other end is closed
            pass
    os.close(leader)
    assert process.returncode == 0
    return re.sub(rb"\x1b\[[0-9;?]*[A-Za-z]", b"", shown).decode()


def test_a_terminal_sees_progress_and_a_summary(noisy):
    """A bar with the speed in multiples of real time, then a line with what became of it."""
    shown = stderr_on_a_terminal("enhance", noisy, "-o", noisy.with_name("out.wav"))
    assert "noisy.wav" in shown
    assert "100%" in shown
    assert "x real time" in shown
    assert re.search(r"bandwise: \S+out\.wav: 0\.5 s in [\d.]+ s, \d+ x real time\s*$", shown)


def test_many_files_are_counted(noisy):
    """The bar says which of how many."""
    other = noisy.with_name("other.wav")
    soundfile.write(other, sound(), 48_000)
    assert "2/2 other.wav" in stderr_on_a_terminal("enhance", noisy, other, "-o", noisy.parent / "out")


def test_compiling_is_told_once(tmp_path):
    """With an empty cache one line says why it takes long; with a filled one nothing does."""
    path = tmp_path / "in.wav"
    soundfile.write(path, sound(), 44_100)  # a rate that needs the resampler, which is compiled
    env = environment(NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    first = call("enhance", path, "-o", tmp_path / "out.wav", env=env)
    assert first.stderr.decode() == "bandwise: compiling for the first use; this may take half a minute\n"
    assert call("enhance", path, "-o", tmp_path / "out.wav", env=env).stderr == b""


def test_what_cannot_be_told_stops_nothing(noisy):
    """With a full disk behind standard error the files after a bad one are done, and the status says 2."""
    folder = noisy.parent / "folder"
    folder.mkdir()
    (folder / "a.wav").write_bytes(b"no sound")
    (folder / "b.wav").write_bytes(noisy.read_bytes())
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("enhance", folder, "-o", noisy.parent / "out"),
            stderr=full,
            env=environment(),
            check=False,
        )
    assert done.returncode == 2
    assert [path.name for path in (noisy.parent / "out").iterdir()] == ["b.wav"]
