"""Lengths in the headers of WAV, and what eight bits less make of samples."""

import io
import struct

import numpy as np
import pytest
import soundfile

from bandwise.audio_io import open_source
from bandwise.audio_io.sinks import rounded
from bandwise.audio_io.wav import read_wav_header
from bandwise.errors import BandwiseError

UNKNOWN = 0xFFFFFFFF
FMT = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 48_000, 96_000, 2, 16)


def wav(riff, data, *, magic=b"RIFF", before=b""):
    """A header up to the first sample."""
    head = struct.pack("<4sI4s", magic, riff, b"WAVE")
    return io.BytesIO(head + before + FMT + struct.pack("<4sI", b"data", data))


def ds64(data):
    """The chunk in which RF64 has its sizes."""
    return struct.pack("<4sIQQQI", b"ds64", 28, data + 72, data, data // 2, 0)


@pytest.mark.parametrize(
    ("header", "length"),
    [
        (wav(36 + 1_000, 1_000), 1_000),
        (wav(UNKNOWN, UNKNOWN), None),
        (wav(36, 0), None),
        (wav(UNKNOWN, 0), None),
        (wav(0x7FFFFFFF, 0), None),
        (wav(36 + 500, 0), 0),
        (wav(0x7FFFF024, 0x7FFFF000), None),
        (wav(UNKNOWN, UNKNOWN, magic=b"RF64", before=ds64(5 * 2**32)), 5 * 2**32),
        (wav(UNKNOWN, UNKNOWN, magic=b"RF64", before=ds64(0)), None),
    ],
)
def test_a_length_is_known_or_not(header, length):
    """Writers that cannot go back leave marks; zero with something behind it is zero; RF64 has 64 bits."""
    assert read_wav_header(header, "it").data_bytes == length


@pytest.mark.parametrize(("channels", "rate"), [(0, 48_000), (1, 0)])
def test_a_header_without_channels_or_rate_is_refused(channels, rate):
    """Nobody can tell how long such sound is."""
    fmt = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, channels, rate, 96_000, 2, 16)
    head = struct.pack("<4sI4s", b"RIFF", 40, b"WAVE") + fmt + struct.pack("<4sI", b"data", 4)
    with pytest.raises(BandwiseError, match=f"{channels} channels at {rate} Hz"):
        read_wav_header(io.BytesIO(head), "it")


def test_an_rf64_file_that_was_cut_is_refused(tmp_path):
    """What is missing is told from the 64 bits of its own header."""
    path = tmp_path / "long.rf64"
    soundfile.write(path, np.zeros(48_000), 48_000, format="RF64")
    path.write_bytes(path.read_bytes()[:50_000])
    with pytest.raises(BandwiseError, match="truncated"), open_source(str(path)):
        pass


@pytest.mark.parametrize("dtype", ["int16", "int32"])
def test_eight_bits_less_are_rounded_not_cut(dtype):
    """The error is half a step at most, its mean nothing, and what has no more bits stays as it is."""
    info = np.iinfo(dtype)
    x = np.random.default_rng(0).integers(info.min, info.max, 100_000, dtype=dtype, endpoint=True)
    x = np.minimum(x, info.max - 255).astype(dtype)
    error = rounded(x).astype(float) - x
    assert np.abs(error).max() <= 128
    assert abs(error.mean()) < 2
    np.testing.assert_array_equal(rounded(rounded(x)), rounded(x))
    assert rounded(np.array([info.max], dtype))[0] == info.max - 255


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_24"])
def test_a_file_of_fewer_bits_has_no_offset(tmp_path, subtype):
    """Small noise that goes through a file comes back without a mean of its own."""
    from bandwise.audio_io.sinks import FileSink

    step = {"PCM_U8": 2.0**-7, "PCM_24": 2.0**-23}[subtype]
    x = (4 * step * np.random.default_rng(0).standard_normal((48_000, 1))).astype(np.float64)
    sink = FileSink(tmp_path / "x.wav", 48_000, 1, "WAV", subtype)
    sink.write(x)
    sink.close()
    back, _ = soundfile.read(tmp_path / "x.wav", always_2d=True)
    assert abs(np.mean(back - x)) < 0.02 * step
