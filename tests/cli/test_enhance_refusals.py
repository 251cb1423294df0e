"""What `bandwise enhance` refuses: one line that says why, status 2, nothing touched."""

import pytest

from .calling import leftovers, sound, wav_bytes

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
