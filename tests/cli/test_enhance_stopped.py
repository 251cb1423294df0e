"""`bandwise enhance` stopped midway, by a failure, a signal or its reader; memory that does not grow."""

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile

from .calling import call, command, environment, failed, leftovers, long_wav, sound, wav_bytes


def test_an_old_output_survives_a_failure(noisy):
    """When the run fails half-way, what stood under the output name still stands."""
    out = noisy.with_name("out.wav")
    out.write_bytes(b"precious")
    content = wav_bytes(data=sound(400_000).tobytes())[:-1_000]
    assert "truncated" in failed(call("enhance", "-", "-o", out, stdin=content))
    assert out.read_bytes() == b"precious"
    assert leftovers(noisy.parent) == []


@pytest.mark.parametrize("name", ["out.wav", "out.flac", "out.ogg"])
def test_a_full_disk_is_one_line(noisy, name):
    """A file that may not grow stands for a full disk."""
    soundfile.write(noisy, sound(400_000), 48_000)
    done = subprocess.run(
        command("enhance", noisy, "-o", noisy.with_name(name)),
        capture_output=True,
        env=environment(),
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    assert "cannot be written" in failed(done)
    assert [path.name for path in noisy.parent.iterdir()] == ["noisy.wav"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("what", ["enhance", "--version", "--help"])
def test_a_full_disk_behind_a_pipe_is_one_line(noisy, what, unbuffered):
    """Redirecting into a full disk ends with one line, too, though Python may have kept what was written."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command(*([what, noisy, "-o", "-"] if what == "enhance" else [what])),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(PYTHONUNBUFFERED=unbuffered),
            check=False,
        )
    failed(done)


@pytest.mark.skipif(shutil.which("sh") is None, reason="this system has no sh")
def test_closed_standard_output_is_no_mistake(noisy, tmp_path):
    """Who wants a file and no words gets the file."""
    target = tmp_path / "out.wav"
    words = command("enhance", noisy, "-o", target)
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *map(str, words)],
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
    )
    assert (done.returncode, target.exists()) == (0, True), done.stderr.decode()


def wait_for(condition):
    """Poll until something holds, for at most half a minute."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


def heed_signals():
    """Whoever runs the tests in the background has told them, and so their children, to ignore some."""
    for number in (signal.SIGINT, signal.SIGTERM, 1):
        signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (1, 129)])
def test_an_interrupt_leaves_no_partial_file(tmp_path, how, status):
    """Ctrl-C or a kill in the middle: the temporary file goes, the output never appears, no traceback."""
    with subprocess.Popen(
        command("enhance", "-", "-o", tmp_path / "out.wav", "--format", "s16le"),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        preexec_fn=heed_signals,  # noqa: PLW1509 - no threads here
    ) as process:
        process.stdin.write(sound(480_000).tobytes())  # more than a pipe holds: when it is gone, it is read
        process.stdin.flush()
        assert leftovers(tmp_path)
        process.send_signal(how)
        assert process.wait(30) == status
        told = process.stderr.read().decode()
        process.stdin.close()
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_reaches_every_job(tmp_path):
    """Ctrl-C on a run of several processes tidies up in each."""
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.wav", "c.wav"):
        long_wav(tmp_path / "in" / name, 7_200)
    with subprocess.Popen(
        command("enhance", tmp_path / "in", "-o", tmp_path / "out", "--jobs", 2),
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
        preexec_fn=heed_signals,  # noqa: PLW1509 - no threads here
    ) as process:
        wait_for(lambda: (tmp_path / "out").exists() and leftovers(tmp_path / "out"))
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(30) == 130
        told = process.stderr.read().decode()
    assert "Traceback" not in told
    wait_for(lambda: not leftovers(tmp_path / "out"))
    assert not list((tmp_path / "out").iterdir())


def test_a_broken_pipe_ends_quietly(tmp_path):
    """`bandwise enhance long.wav -o - | head -c 100` says nothing."""
    long_wav(tmp_path / "long.wav", 600)
    with subprocess.Popen(
        command("enhance", tmp_path / "long.wav", "-o", "-"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert len(process.stdout.read(100)) == 100
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_memory_does_not_grow_with_the_file(tmp_path):
    """Half an hour takes the memory of half a minute."""

    def peak_megabytes(seconds):
        long_wav(tmp_path / "in.wav", seconds)
        (tmp_path / "null.wav").unlink(missing_ok=True)
        (tmp_path / "null.wav").symlink_to("/dev/null")
        args = command("enhance", tmp_path / "in.wav", "-o", tmp_path / "null.wav")
        code = (
            "import resource, subprocess, sys\n"
            "subprocess.run(sys.argv[1:], check=True)\n"
            "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, *args], capture_output=True, env=environment(), check=True
        )
        unit = 1e6 if sys.platform == "darwin" else 1e3
        return int(done.stdout) / unit

    assert peak_megabytes(1_800) < peak_megabytes(30) + 10
