"""Which container and which samples an output gets."""

import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile

from bandwise.audio_io import open_sink, open_source, output_format, read_whole
from bandwise.audio_io.lengths import missing_bytes
from bandwise.errors import BandwiseError


def source(dtype, subtype, frames=1_000, rate=48_000):
    """Where two channels come from."""
    return SimpleNamespace(
        name="it", dtype=dtype, subtype=subtype, frames=frames, channels=2, sample_rate=rate
    )


@pytest.mark.parametrize(
    ("name", "dtype", "subtype", "wanted"),
    [
        ("x.wav", "int32", "PCM_32", ("WAV", "PCM_32")),
        ("x.flac", "int32", "PCM_32", ("FLAC", "PCM_24")),
        ("x.flac", "float32", "FLOAT", ("FLAC", "PCM_24")),
        ("x.flac", "float64", "DOUBLE", ("FLAC", "PCM_24")),
        ("x.flac", "int16", "PCM_16", ("FLAC", "PCM_16")),
        ("x.opus", "int16", "PCM_16", ("OGG", "OPUS")),
        ("x.ogg", "int16", "PCM_16", ("OGG", "VORBIS")),
        ("x.AIF", "int16", "PCM_16", ("AIFF", "PCM_16")),
    ],
)
def test_samples_stay_as_exact_as_the_format_lets_them(name, dtype, subtype, wanted):
    """As they came if it can, with 24 bits where it has no more; a name means what players take it for."""
    assert output_format(Path(name), source(dtype, subtype)) == wanted


@pytest.mark.parametrize("suffix", [".mp3", ".ogg", ".opus"])
@pytest.mark.parametrize("target", ["WAV", "FLAC", "AIFF"])
def test_lossy_sources_become_16_bits(tmp_path, suffix, target):
    """In a lossless format, which cannot hold what they were packed in."""
    packed, out = tmp_path / f"in{suffix}", tmp_path / f"out.{target.lower()}"
    with open_sink(str(packed), source("int16", "PCM_16")) as sink:
        sink.write(np.zeros((48_000, 2), np.int16))
    with open_source(str(packed)) as lossy:
        assert output_format(out, lossy) == (target, "PCM_16")
        with open_sink(str(out), lossy) as sink:
            sink.write(lossy.read(480))


@pytest.mark.parametrize(("frames", "wanted"), [(10**9, "WAV"), (2**30, "RF64"), (None, "WAV")])
def test_wav_beyond_four_gigabytes_is_rf64(frames, wanted):
    """The lengths in a plain header have 32 bits."""
    assert output_format(Path("x.wav"), source("int16", "PCM_16", frames))[0] == wanted


def test_a_format_that_cannot_hold_the_sound_is_told(tmp_path):
    """Opus knows few rates; nothing is left behind."""
    with (
        pytest.raises(BandwiseError, match="cannot hold 2 channels at 44100 Hz"),
        open_sink(str(tmp_path / "x.opus"), source("int16", "PCM_16", rate=44_100)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_what_is_missing_is_told_in_seconds(tmp_path, subtype):
    """Half of two seconds, whatever a frame holds."""
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros((16_000, 3)), 8_000, subtype)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(BandwiseError, match=r"truncated: 1\.0\d s"), open_source(str(path)):
        pass


def test_a_flac_that_ends_before_its_length_is_told(tmp_path):
    """Its header says twice as much as there is."""
    path = tmp_path / "x.flac"
    soundfile.write(path, np.zeros(24_000), 48_000, "PCM_16")
    content = bytearray(path.read_bytes())
    content[22:26] = (48_000).to_bytes(4, "big")  # of STREAMINFO: the lower 32 bits of the length
    path.write_bytes(bytes(content))
    with open_source(str(path)) as flac:
        assert len(flac.read(48_000)) == 24_000
        with pytest.raises(BandwiseError, match=r"truncated: 0\.50 s"):
            flac.read(48_000)


@pytest.mark.parametrize(
    ("container", "subtype"),
    [
        *((name, kind) for name in ("AIFF", "AU", "CAF", "W64") for kind in ("PCM_16", "FLOAT")),
        ("WAV", "ULAW"),
        ("WAVEX", "ALAW"),
    ],
)
def test_what_was_cut_short_is_told_and_what_is_whole_is_read(tmp_path, container, subtype):
    """For libsndfile reads such files to where they end, as if nothing were missing."""
    path = tmp_path / f"x.{container.lower()}"
    soundfile.write(path, np.zeros((999, 1)), 48_000, subtype, format=container)
    with open_source(str(path)) as source:
        assert source.frames == 999
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(BandwiseError, match="truncated"), open_source(str(path)):
        pass


def _aiff(said, data=b"\0" * 100):
    """An AIFF of 16 bits whose first length is `said`."""
    common = struct.pack(">4sIhIh", b"COMM", 18, 1, len(data) // 2, 16) + b"\x40\x0e\xbb\x80" + b"\0" * 6
    sound = struct.pack(">4sIII", b"SSND", len(data) + 8, 0, 0) + data
    return struct.pack(">4sI4s", b"FORM", said, b"AIFF") + common + sound


@pytest.mark.parametrize("said", [0x7F000050, 0xFFFFFFFF, 0, 4 + 26 + 16 + 100, 4 + 26 + 16 + 100 + 1])
def test_lengths_that_writers_into_pipes_leave_are_no_claim(tmp_path, said):
    """Nor is a last byte that only fills up: such files are read to their end."""
    path = tmp_path / "x.aiff"
    path.write_bytes(_aiff(said))
    with open_source(str(path)) as source:
        assert source.frames == 50


def test_a_w64_from_a_pipe_is_read(tmp_path):
    """Its first length is eight times 255."""
    path = tmp_path / "x.w64"
    soundfile.write(path, np.zeros((999, 1)), 48_000, "PCM_16", format="W64")
    whole = path.read_bytes()
    path.write_bytes(whole[:16] + b"\xff" * 8 + whole[24:])
    with path.open("rb") as file:
        assert missing_bytes(file) == 0
    with open_source(str(path)) as source:
        assert len(source.read(2_000)) == 999


@pytest.mark.parametrize("left", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_telephone_wav_from_a_pipe_is_read(tmp_path, left):
    """Chunks of odd length before the sound are passed over; the sound's own is left open."""
    path = tmp_path / "x.wav"
    soundfile.write(path, np.zeros((999, 1)), 8_000, "ALAW")
    whole = path.read_bytes()
    at = whole.index(b"data")
    odd = b"LIST" + struct.pack("<I", 5) + b"12345\0"
    path.write_bytes(whole[:at] + odd + b"data" + struct.pack("<I", left) + whole[at + 8 :])
    with path.open("rb") as file:
        assert missing_bytes(file) == 0
    with path.open("r+b") as file:
        file.seek(at + len(odd) + 4)
        file.write(struct.pack("<I", 1_999))
    with path.open("rb") as file:
        assert missing_bytes(file) == 1_000 - (len(whole) - at - 8 - 999)


@pytest.fixture
def mp3(tmp_path):
    """Noise of two seconds; its header knows how long it is."""
    path = tmp_path / "it.mp3"
    soundfile.write(path, np.random.default_rng(0).standard_normal(96_000) / 8, 48_000)
    return path


def test_an_mp3_that_holds_more_than_it_says_is_an_error(mp3):
    """Two joined ones: libsndfile reads the first, and `--in-place` would lose the second."""
    assert len(read_whole(str(mp3))[0]) == 96_000
    mp3.write_bytes(mp3.read_bytes() * 2)
    with pytest.raises(BandwiseError, match=r"only 2\.00 s"):
        read_whole(str(mp3))


def test_a_picture_behind_an_mp3_is_no_sound(mp3):
    """Tags may be large, and any two bytes meet in them by chance."""
    with mp3.open("ab") as file:
        file.write(b"APETAGEX" + np.random.default_rng(0).bytes(900_000))
    assert len(read_whole(str(mp3))[0]) == 96_000


def test_an_mp3_that_was_cut_short_is_told(mp3):
    """Nobody knows for sure, but half of it is missing."""
    mp3.write_bytes(mp3.read_bytes()[: mp3.stat().st_size // 2])
    with pytest.warns(UserWarning, match="cut short"):
        assert 0 < len(read_whole(str(mp3))[0]) < 60_000


@pytest.mark.parametrize("riff", [0, 36])
def test_a_wav_of_a_recorder_that_died_is_read(tmp_path, riff):
    """It never got to write the lengths: what follows is the sound, as through a pipe."""
    path, wanted = tmp_path / "it.wav", np.arange(-500, 500, dtype=np.int16)
    soundfile.write(path, wanted, 48_000)
    data = bytearray(path.read_bytes())
    data[4:8], data[40:44] = struct.pack("<I", riff), bytes(4)
    path.write_bytes(data)
    assert np.array_equal(read_whole(str(path), "int16")[0][:, 0], wanted)
