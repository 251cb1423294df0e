"""`bandwise enhance` as a user calls it: files, folders and pipes."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from .calling import call, command, environment, failed, read, sound


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
    assert "4 samples (NaN, Inf, far too loud)" in done.stderr.decode()
    y = soundfile.read(tmp_path / "out.wav")[0]
    assert np.array_equal(y, np.where(np.isfinite(x), x, 0) / 2)


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
        try:
            assert call("enhance", pipe_in, "-o", pipe_out).returncode == 0
            assert np.array_equal(read(io.BytesIO(reader.stdout.read())), sound() // 2)
        finally:
            reader.kill()  # it waits for a writer if there never was one


@pytest.mark.skipif(sys.platform != "linux", reason="here names are text")
def test_names_need_not_be_text_or_short(noisy):
    """Old disks have names that are no UTF-8; a name may be as long as the system lets it be."""
    folder = os.fsencode(noisy.parent / "in")
    os.mkdir(folder)  # noqa: PTH102
    for name in (b"\xff.wav", b"n" * 245 + b".wav"):
        Path(os.fsdecode(folder + b"/" + name)).write_bytes(noisy.read_bytes())
    done = call("enhance", noisy.parent / "in", "-o", noisy.parent / "out", "--json")
    assert (done.returncode, done.stderr) == (0, b"")
    made, came = (set(os.listdir(os.fsencode(noisy.parent / place))) for place in ("out", "in"))  # noqa: PTH208
    assert made == came


def test_in_place_does_each_file_once(noisy):
    """However often and by whichever name it is given."""
    call("enhance", noisy, noisy, noisy.parent, "--in-place")
    assert np.array_equal(read(noisy), sound() // 2)


def test_a_loop_of_links_is_replaced_as_output_and_told_as_input(noisy):
    """It leads nowhere, so it can be no input, and nothing is lost with it."""
    loop = noisy.with_name("loop.wav")
    loop.symlink_to(loop)
    assert "cannot be read" in failed(call("enhance", loop, "-o", noisy.with_name("out.wav")))
    assert call("enhance", noisy, "-o", loop).returncode == 0
    assert np.array_equal(read(loop), sound() // 2)


def test_flac_of_unknown_length(noisy):
    """A FLAC that was written to a pipe says nothing of its length; it is read to its end."""
    flac, out = noisy.with_suffix(".flac"), noisy.with_name("out.wav")
    soundfile.write(flac, sound(), 48_000, subtype="PCM_16")
    content = bytearray(flac.read_bytes())
    assert content[:4] == b"fLaC"
    content[21] &= 0xF0  # of STREAMINFO: the upper 4 of the 36 bits of the length, then the other 32
    content[22:26] = bytes(4)
    flac.write_bytes(bytes(content))
    done = call("enhance", flac, "-o", out)
    assert done.returncode == 0, done.stderr
    assert np.array_equal(read(out), sound() // 2)
