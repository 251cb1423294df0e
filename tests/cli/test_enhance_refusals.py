"""What `bandwise enhance` refuses: one line that says why, status 2, nothing touched."""

import os
import shlex
import subprocess

import pytest

from bandwise.apps.jobs import plan
from bandwise.errors import BandwiseError

from .calling import call, command, environment, failed, leftovers, sound, wav_bytes

BAD_FILES = {
    "empty": (b"", "is empty"),
    "no samples": (wav_bytes(data=b""), "is empty"),
    "not audio": (b"hello, I am text" * 10, "not audio"),
    "truncated": (wav_bytes()[:-1_000], "truncated"),
    "header cut": (wav_bytes()[:30], "truncated"),
    "zero channels": (wav_bytes(channels=0), "0 channels"),
    "zero rate": (wav_bytes(rate=0), "at 0 Hz"),
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
        (["", "-o", "OUT"], "empty argument"),
        (["", "--in-place"], "empty argument"),
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
        (["IN", "IN", "-o", "DIR"], "would both become"),
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


def test_no_output_is_another_input(noisy, tmp_path, refused):
    """Neither through a link nor because two folders meet."""
    for place in ("s", "o"):
        (tmp_path / place).mkdir()
    first, second = tmp_path / "s" / "a.wav", tmp_path / "s" / "b.wav"
    for path in (first, second):
        path.write_bytes(noisy.read_bytes())
    (tmp_path / "o" / "a.wav").symlink_to(second)
    assert "is an input, too" in refused(first, second, "-o", tmp_path / "o")
    inside = tmp_path / "out" / "s" / "a.wav"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(noisy.read_bytes())
    (tmp_path / "in" / "s").mkdir(parents=True)
    (tmp_path / "in" / "s" / "a.wav").write_bytes(noisy.read_bytes())
    assert "is an input, too" in refused(tmp_path / "in", inside, "-o", tmp_path / "out", "--overwrite")
    assert inside.read_bytes() == second.read_bytes() == noisy.read_bytes()


@pytest.mark.parametrize("suffix", [".sd2", ".wve", ".xi", ".voc"])
def test_formats_that_cannot_keep_the_sound_are_refused(noisy, suffix, refused):
    """Those with rates of their own, or with half of the file elsewhere."""
    assert "no format that can be written" in refused(noisy, "-o", noisy.with_suffix(suffix))


def test_a_folder_that_cannot_be_looked_into_is_told(noisy, monkeypatch, capsys):
    """What lies in it is missing from the output, and somebody must know; the others are done."""
    (noisy.parent / "secret").mkdir()
    scan = os.scandir

    def guarded(place):
        if str(place).endswith("secret"):
            raise PermissionError(13, "Permission denied", str(place))
        return scan(place)

    monkeypatch.setattr(os, "scandir", guarded)
    jobs = plan([str(noisy.parent)], str(noisy.parent / "out"))
    assert [job.source for job in jobs] == [str(noisy)]
    assert "secret cannot be read (Permission denied)" in capsys.readouterr().err


def test_closed_streams_are_told(noisy):
    """A pipe that is not there is one line; without standard error, files are processed all the same."""
    out = noisy.with_name("out.wav")
    line = " ".join(shlex.quote(word) for word in command("enhance", noisy, "-o", out))
    done = subprocess.run(["sh", "-c", line + " 2>&-"], env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert out.is_file()
    line = " ".join(shlex.quote(word) for word in command("enhance", "none.wav", "-o", "-"))
    done = subprocess.run(["sh", "-c", line + " 2>&-"], env=environment(), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    for words, closed in ((("-", "-o", out), "<&-"), ((noisy, "-o", "-"), ">&-")):
        line = " ".join(shlex.quote(word) for word in command("enhance", *words)) + f" {closed}"
        done = subprocess.run(["sh", "-c", line], env=environment(), capture_output=True, check=False)
        assert "is closed" in failed(done)


@pytest.mark.parametrize("where", ["in_place", "out"])
def test_no_name_is_not_the_current_folder(where):
    """An unset variable of a shell must not replace all that lies there."""
    with pytest.raises(BandwiseError, match="empty name"):
        plan([""], None if where == "in_place" else "out", in_place=where == "in_place")


def test_what_the_system_refuses_is_told_without_numbers(noisy, tmp_path):
    """A name that is too long: why, and what to do."""
    told = failed(call("enhance", noisy, "-o", tmp_path / ("x" * 300 + ".wav")))
    assert "Errno" not in told
    assert "choose another place" in told
