"""`bandwise enhance` as a user calls it: files, folders, pipes, and everything that can go wrong."""

import io
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .calling import call, command, environment, sound


def read(path):
    """Samples as columns, 16-bit steps."""
    return np.rint(soundfile.read(path, always_2d=True)[0] * 2**15).astype(np.int16)


def leftovers(folder):
    """Names of temporary files in a folder."""
    return [path.name for path in Path(folder).rglob("*.part*")]


def failed(done):
    """The one line a failed call says; checks that it is one line, status 2 and no traceback."""
    lines = done.stderr.decode().splitlines()
    assert (done.returncode, len(lines)) == (2, 1), done.stderr.decode()
    assert lines[0].startswith("error: ")
    return lines[0]


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("rate", "subtype"), [(48_000, "PCM_16"), (48_000, "PCM_24"), (48_000, "FLOAT")])
def test_output_is_aligned_and_as_it_came(tmp_path, channels, rate, subtype):
    """Latency taken off, same length, rate, channels and sample format."""
    x = sound(channels=channels)
    soundfile.write(tmp_path / "in.wav", x / 2**15, rate, subtype=subtype)
    assert call("enhance", tmp_path / "in.wav", "-o", tmp_path / "out.wav").returncode == 0
    assert soundfile.info(tmp_path / "out.wav").subtype == subtype
    assert np.array_equal(read(tmp_path / "out.wav"), x // 2)


def test_silent_when_not_on_a_terminal(noisy):
    """Nothing on stdout or stderr: a script hears only of trouble."""
    done = call("enhance", noisy, "-o", noisy.with_name("out.wav"))
    assert (done.stdout, done.stderr) == (b"", b"")


@pytest.mark.parametrize("suffix", [".flac", ".aiff", ".caf", ".w64", ".ogg", ".mp3"])
def test_format_follows_the_name(noisy, suffix):
    """The extension chooses the container; lossless ones hold the exact samples."""
    out = noisy.with_name("out" + suffix)
    assert call("enhance", noisy, "-o", out).returncode == 0
    if suffix in {".ogg", ".mp3"}:
        assert abs(soundfile.info(out).frames - 24_000) < 3_000
    else:
        assert np.array_equal(read(out), sound() // 2)


def test_pipes_give_the_bits_of_files(noisy):
    """WAV through pipes, raw PCM through pipes and a file to a file: the same samples."""
    out = noisy.with_name("out.wav")
    call("enhance", noisy, "-o", out)
    expected = read(out)
    piped = call("enhance", "-", stdin=noisy.read_bytes())
    assert np.array_equal(read(io.BytesIO(piped.stdout)), expected)
    raw = call("enhance", "-", "-o", "-", "--format", "s16le", stdin=sound().tobytes())
    assert raw.stdout == expected.tobytes()
    to_pipe = call("enhance", noisy, "-o", "-", "--format", "s16le")
    assert to_pipe.stdout == expected.tobytes()
    from_pipe = call("enhance", "-", "-o", noisy.with_name("b.wav"), stdin=piped.stdout)
    assert from_pipe.returncode == 0
    assert np.array_equal(read(noisy.with_name("b.wav")), expected // 2)


@pytest.mark.parametrize(
    ("name", "dtype", "scale"), [("f32le", "<f4", 1.0), ("s32le", "<i4", 2.0**31), ("f64le", "<f8", 1)]
)
def test_raw_formats(name, dtype, scale):
    """Other sample types, rates and channel counts of headerless PCM."""
    x = (sound(9_000, 2) / 2**15 * scale).astype(dtype)
    done = call("enhance", "-", "--format", name, "--channels", 2, stdin=x.tobytes())
    assert np.array_equal(np.frombuffer(done.stdout, dtype), (x / 2).astype(dtype).ravel())


def test_a_live_pipe_is_answered_before_it_ends():
    """Output comes while input still flows: a pipe is processed, not collected."""
    with subprocess.Popen(
        command("enhance", "-", "--format", "s16le"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
        env=environment(),
    ) as process:
        process.stdin.write(sound(9_600).tobytes())
        early = process.stdout.read(2 * 7_000)  # hangs if nothing comes before the end
        rest, _ = process.communicate()
    assert early + rest == (sound(9_600) // 2).tobytes()


@pytest.mark.parametrize("bits", [8, 24])
def test_wav_of_other_widths_through_a_pipe(tmp_path, bits):
    """8 bits are unsigned, 24 bits have three bytes: both come through as libsndfile reads them."""
    subtype = {8: "PCM_U8", 24: "PCM_24"}[bits]
    soundfile.write(tmp_path / "in.wav", sound() / 2**15, 48_000, subtype=subtype)
    call("enhance", tmp_path / "in.wav", "-o", tmp_path / "out.wav")
    piped = call("enhance", "-", stdin=(tmp_path / "in.wav").read_bytes())
    whole = soundfile.read(tmp_path / "in.wav", dtype="int32")[0]
    assert np.max(np.abs(soundfile.read(io.BytesIO(piped.stdout), dtype="int32")[0] - whole / 2)) <= 2**16


def test_folder_keeps_its_tree_and_skips_what_is_done(tmp_path):
    """Same tree out, other files left alone, a second run does nothing, --overwrite does it again."""
    for name in ("a.wav", "deep/b.flac", "deep/er/c.wav"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / "in" / name, sound(), 48_000)
    (tmp_path / "in" / "notes.txt").write_text("not audio")
    args = ("enhance", tmp_path / "in", "-o", tmp_path / "out", "--json")
    first = [json.loads(line) for line in call(*args).stdout.splitlines()]
    assert [row["status"] for row in first] == ["done"] * 3
    made = sorted(
        str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert made == ["a.wav", "deep/b.flac", "deep/er/c.wav"]
    second = [json.loads(line)["status"] for line in call(*args).stdout.splitlines()]
    assert second == ["skipped"] * 3
    third = [json.loads(line)["status"] for line in call(*args, "--overwrite").stdout.splitlines()]
    assert third == ["done"] * 3


def test_output_inside_the_input_folder_is_not_eaten(tmp_path):
    """A second run over a folder that holds its own results takes only the originals."""
    soundfile.write(tmp_path / "a.wav", sound(), 48_000)
    call("enhance", tmp_path, "-o", tmp_path / "clean")
    done = call("enhance", tmp_path, "-o", tmp_path / "clean", "--overwrite", "--json")
    assert [json.loads(line)["input"] for line in done.stdout.splitlines()] == [str(tmp_path / "a.wav")]


def test_many_files_go_into_one_folder(tmp_path):
    """The output folder is made; one bad file is told and the others are done."""
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / name, sound(), 48_000)
    (tmp_path / "bad.wav").write_text("not audio")
    done = call(
        "enhance", *(tmp_path / name for name in ("a.wav", "bad.wav", "b.wav")), "-o", tmp_path / "out"
    )
    assert "bad.wav" in failed(done)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.wav", "b.wav"]


def test_jobs_make_the_same_files(tmp_path):
    """Two processes give the files of one."""
    (tmp_path / "in").mkdir()
    for index in range(3):
        soundfile.write(tmp_path / "in" / f"{index}.wav", sound(seed=index), 48_000)
    (tmp_path / "in" / "bad.wav").write_text("not audio")
    assert "bad.wav" in failed(call("enhance", tmp_path / "in", "-o", tmp_path / "out", "--jobs", 2))
    for index in range(3):
        assert np.array_equal(read(tmp_path / "out" / f"{index}.wav"), sound(seed=index) // 2)


def test_in_place_replaces_and_keeps_the_rights(noisy):
    """--in-place is the one way to change an input; its permissions stay."""
    noisy.chmod(0o640)
    assert call("enhance", noisy, "--in-place").returncode == 0
    assert np.array_equal(read(noisy), sound() // 2)
    assert noisy.stat().st_mode & 0o777 == 0o640


def test_in_place_follows_a_link(noisy):
    """What a link points to is replaced; the link stays a link."""
    link = noisy.with_name("link.wav")
    link.symlink_to(noisy)
    assert call("enhance", link, "--in-place").returncode == 0
    assert link.is_symlink()
    assert np.array_equal(read(noisy), sound() // 2)


def test_json_says_what_was_done(noisy):
    """One object with length, rate, delay and cost."""
    row = json.loads(call("enhance", noisy, "-o", noisy.with_name("out.wav"), "--json").stdout)
    assert (row["status"], row["error"], row["seconds"]) == ("done", None, 0.5)
    assert (row["sample_rate"], row["channels"], row["latency_samples"]) == (48_000, 1, 1919)
    assert row["real_time_factor"] == pytest.approx(row["elapsed_seconds"] / 0.5)


def test_json_keeps_out_of_piped_audio(noisy):
    """With audio on stdout the object goes to stderr."""
    done = call("enhance", noisy, "-o", "-", "--json")
    assert json.loads(done.stderr)["status"] == "done"
    assert np.array_equal(read(io.BytesIO(done.stdout)), sound() // 2)


def test_plot_is_a_picture_beside_the_output(noisy):
    """--plot draws before and after."""
    pytest.importorskip("matplotlib")
    done = call("enhance", noisy, "-o", noisy.with_name("out.wav"), "--plot", "--json")
    assert json.loads(done.stdout)["plot"] == str(noisy.with_name("out.png"))
    assert noisy.with_name("out.png").read_bytes().startswith(b"\x89PNG")


def test_broken_samples_warn_and_are_silence(tmp_path):
    """NaN and Inf in a float file: one warning line with their number, and zeros."""
    x = np.full(9_600, 0.5, np.float32)
    x[100:103], x[5_000] = np.nan, np.inf
    soundfile.write(tmp_path / "in.wav", x, 48_000, subtype="FLOAT")
    done = call("enhance", tmp_path / "in.wav", "-o", tmp_path / "out.wav")
    assert done.returncode == 0
    assert done.stderr.decode().count("\n") == 1
    assert "4 NaN or Inf samples" in done.stderr.decode()
    y = soundfile.read(tmp_path / "out.wav")[0]
    assert np.array_equal(y, np.where(np.isfinite(x), x, 0) / 2)


def wav_bytes(**changes):
    """A WAV by hand, so that its header can lie."""
    field = {"channels": 1, "rate": 48_000, "data": sound(4_800).tobytes(), "size": None} | changes
    size = len(field["data"]) if field["size"] is None else field["size"]
    fmt = struct.pack("<HHIIHH", 1, field["channels"], field["rate"], field["rate"] * 2, 2, 16)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + size)
        + b"WAVEfmt "
        + struct.pack("<I", 16)
        + fmt
        + b"data"
        + struct.pack("<I", size)
        + field["data"]
    )


BAD_FILES = {
    "empty": (b"", "is empty"),
    "no samples": (wav_bytes(data=b""), "is empty"),
    "not audio": (b"hello, I am text" * 10, "not audio"),
    "truncated": (wav_bytes()[:-1_000], "truncated"),
    "header cut": (wav_bytes()[:30], "truncated"),
    "zero channels": (wav_bytes(channels=0), "zero channels"),
    "rate too low": (wav_bytes(rate=4_000), "sample rate"),
    "rate too high": (wav_bytes(rate=384_000), "sample rate"),
}


@pytest.mark.parametrize("what", BAD_FILES)
def test_bad_input_is_one_line(tmp_path, what, refused):
    """Each kind of bad file: one line, status 2, no output and nothing half-made."""
    content, says = BAD_FILES[what]
    (tmp_path / "in.wav").write_bytes(content)
    assert says in refused(tmp_path / "in.wav", "-o", tmp_path / "out.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.parametrize("what", [name for name in BAD_FILES if name != "not audio"])
def test_bad_pipe_is_one_line(what, refused):
    """The same through standard input."""
    content, says = BAD_FILES[what]
    assert says in refused("-", "-o", "-", stdin=content)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["IN", "-o", "IN"], "--in-place"),
        (["IN"], "-o OUTPUT"),
        (["IN", "-o", "OUT", "--in-place"], "--in-place"),
        (["missing.wav", "-o", "OUT"], "does not exist"),
        (["IN", "-o", "DIR/none.xyz"], "no format"),
        (["IN", "-o", "/proc/none/out.wav"], "cannot be written"),
        (["IN", "-o", "OUT", "--model", "nope"], "nope"),
        (["IN", "-o", "OUT", "--format", "s16le"], "without a pipe"),
        (["IN", "-o", "OUT", "--rate", "16000"], "--rate"),
        (["-", "-o", "OUT", "--format", "mp3"], "mp3"),
        (["-", "-o", "OUT", "--format", "s16le", "--channels", "0"], "channels"),
        (["-", "-o", "OUT", "--format", "s16le", "--channels", "-1"], "channels"),
        (["-", "-o", "OUT", "--format", "s16le", "--rate", "0"], "sample rate"),
        (["-", "-o", "OUT", "--format", "s16le", "--rate", "7999"], "sample rate"),
        (["-", "IN", "-o", "OUT"], "one stream"),
        (["IN", "IN", "-o", "DIR"], "inputs would become"),
        (["IN", "-o", "-", "--plot"], "--plot"),
        (["DIR", "-o", "OUT2"], "no audio files"),
    ],
)
def test_a_request_that_makes_no_sense_is_one_line(noisy, args, says, refused):
    """Each with what came, what is allowed and what to do; the input is never touched."""
    (noisy.parent / "dir").mkdir()
    names = {
        "IN": noisy,
        "OUT": noisy.with_name("out.wav"),
        "DIR": noisy.parent / "dir",
        "OUT2": noisy.parent / "o",
    }
    args = [str(names.get(arg, arg)).replace("DIR", str(names["DIR"])) for arg in args]
    before = noisy.read_bytes()
    assert says in refused(*args, stdin=sound(480).tobytes())
    assert noisy.read_bytes() == before
    assert leftovers(noisy.parent) == []
    assert not noisy.with_name("out.wav").exists()


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
def test_a_full_disk_behind_a_pipe_is_one_line(noisy):
    """Redirecting into a full disk ends with one line, too."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("enhance", noisy, "-o", "-"),
            stdout=full,
            stderr=subprocess.PIPE,
            env=environment(),
            check=False,
        )
    failed(done)


def test_a_device_is_written_to_not_replaced(noisy):
    """-o /dev/null throws the sound away and leaves the device a device."""
    link = noisy.with_name("null.wav")
    link.symlink_to("/dev/null")
    for out in ("/dev/null", link):
        assert call("enhance", noisy, "-o", out).returncode == 0
    assert not Path("/dev/null").is_file()
    assert link.is_symlink()


def test_named_pipes_are_pipes(noisy):
    """`bandwise enhance <(...) -o >(...)` in a shell: WAV in, WAV out."""
    pipe_in, pipe_out = noisy.with_name("in.pipe"), noisy.with_name("out.pipe")
    for pipe in (pipe_in, pipe_out):
        os.mkfifo(pipe)
    with (
        subprocess.Popen(["cp", noisy, pipe_in]),
        subprocess.Popen(["cat", pipe_out], stdout=subprocess.PIPE) as reader,
    ):
        assert call("enhance", pipe_in, "-o", pipe_out).returncode == 0
        assert np.array_equal(read(io.BytesIO(reader.stdout.read())), sound() // 2)


def wait_for(condition):
    """Poll until something holds, for at most half a minute."""
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_no_partial_file(tmp_path, how, status):
    """Ctrl-C or a kill in the middle: the temporary file goes, the output never appears, no traceback."""
    with subprocess.Popen(
        command("enhance", "-", "-o", tmp_path / "out.wav", "--format", "s16le"),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        process.stdin.write(sound(48_000).tobytes())
        process.stdin.flush()
        wait_for(lambda: leftovers(tmp_path))
        process.send_signal(how)
        assert process.wait(30) == status
        told = process.stderr.read().decode()
        process.stdin.close()
    assert "Traceback" not in told
    assert list(tmp_path.iterdir()) == []


def long_wav(path, seconds):
    """A silent mono int16 file of any length that takes no room on disk."""
    size = seconds * 48_000 * 2
    path.write_bytes(wav_bytes(data=b"", size=size))
    with path.open("r+b") as file:
        file.truncate(44 + size)


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


FAKE_FFMPEG = """#!{python}
import sys
path = sys.argv[sys.argv.index("-i") + 1].removeprefix("file:")
text = open(path).read()
if text != "strange format":
    sys.exit("ffmpeg: cannot make sense of it")
import numpy, struct
x = (numpy.arange(-4000, 4000, dtype="<f4") / 8000).tobytes()
head = struct.pack("<HHIIHH", 3, 1, 48000, 192000, 4, 32)
riff = b"RIFF\\xff\\xff\\xff\\xffWAVEfmt " + struct.pack("<I", 16)
sys.stdout.buffer.write(riff + head + b"data\\xff\\xff\\xff\\xff" + x)
"""


def test_ffmpeg_reads_what_soundfile_cannot(tmp_path):
    """With ffmpeg on the path other formats come in through it; what it refuses is one line."""
    fake = tmp_path / "bin" / "ffmpeg"
    fake.parent.mkdir()
    fake.write_text(FAKE_FFMPEG.format(python=sys.executable))
    fake.chmod(0o755)
    env = environment(PATH=f"{fake.parent}:{os.environ['PATH']}")
    (tmp_path / "in.m4a").write_text("strange format")
    assert call("enhance", tmp_path / "in.m4a", "-o", tmp_path / "out.wav", env=env).returncode == 0
    expected = np.arange(-4000, 4000) / 16_000
    assert np.allclose(soundfile.read(tmp_path / "out.wav")[0], expected, atol=1e-4)
    (tmp_path / "in.m4a").write_text("noise")
    done = call("enhance", tmp_path / "in.m4a", "-o", tmp_path / "two.wav", env=env)
    assert "cannot make sense of it" in failed(done)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed here")
def test_the_real_ffmpeg(noisy):
    """A format that only ffmpeg reads comes in whole."""
    strange = noisy.with_name("strange.tta")
    subprocess.run(["ffmpeg", "-v", "error", "-i", noisy, strange], check=True)
    assert call("enhance", strange, "-o", noisy.with_name("out.wav")).returncode == 0
    assert np.array_equal(read(noisy.with_name("out.wav")), sound() // 2)
