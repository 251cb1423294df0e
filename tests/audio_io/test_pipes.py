"""PCM on pipes: what a header says, what comes behind the sound, and what ends inside a frame."""

import io
import struct

import numpy as np
import pytest
import soundfile

from bandwise.audio_io.pipes import PcmFormat, PcmReader
from bandwise.audio_io.wav import read_wav_header, wav_header
from bandwise.errors import BandwiseError


def reader(data):
    """A WAV on a pipe, read from its start."""
    stream = io.BytesIO(data)
    return PcmReader(stream, read_wav_header(stream, "it"), "it")


def written(subtype, channels=1, file_format="WAV"):
    """(Samples, bytes of the WAV that libsndfile makes of them)."""
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (100, channels))
    out = io.BytesIO()
    soundfile.write(out, x, 44_100, subtype, format=file_format)
    return x, out.getvalue()


@pytest.mark.parametrize("dtype", ["int16", "int32", "float32", "float64"])
@pytest.mark.parametrize("frames", [3, None])
def test_headers_are_those_of_libsndfile(dtype, frames):
    """Samples behind our header are read by others as what they are, every field of the format right."""
    x = np.array([[1, -2, 3], [4, 5, -6], [7, 8, 9]]).astype(dtype)
    made = wav_header(44_100, 3, dtype, frames)
    read, rate = soundfile.read(io.BytesIO(made + x.tobytes()), dtype=dtype)
    assert (rate, read.tolist()) == (44_100, x.tolist())
    assert struct.unpack("<IIH", made[24:34]) == (44_100, 44_100 * 3 * x.itemsize, 3 * x.itemsize)


def test_a_length_over_four_gigabytes_is_left_open():
    """It does not fit into the header; the sound goes through all the same."""
    assert wav_header(48_000, 2, "int16", 2**31)[40:44] == b"\xff\xff\xff\xff"


@pytest.mark.parametrize("file_format", ["WAV", "WAVEX"])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_what_libsndfile_writes_is_read(file_format, subtype):
    """To the last bit, also where the header has the long form of more than two channels."""
    x, data = written(subtype, 3, file_format)
    block = reader(data).read(200)
    full = {"int16": 2**15, "int32": 2**31}.get(block.dtype.name, 1)
    steps = {"PCM_16": 2.0**-15, "PCM_24": 2.0**-23, "FLOAT": 2.0**-24}.get(subtype, 2.0**-31)
    assert np.abs(block / full - x).max() <= steps


def test_chunks_around_the_sound_are_not_heard():
    """One of odd length before it is padded to an even one; what comes behind it is no sound."""
    _, data = written("PCM_16")
    at = data.index(b"data")
    data = data[:at] + b"LIST" + struct.pack("<I", 5) + b"12345\0" + data[at:] + b"LIST" + bytes(40)
    source = reader(data)
    assert source.read(1_000).shape == (100, 1)
    assert len(source.read(1_000)) == 0


def test_what_ends_inside_a_frame_is_told():
    """The frames before come whole; then one line asks for the right number of channels."""
    source = PcmReader(io.BytesIO(bytes(10)), PcmFormat.raw("s16le", 48_000, 2), "it")
    assert source.read(100).shape == (2, 2)
    with pytest.warns(UserWarning, match="ends inside a frame"):
        assert len(source.read(100)) == 0


def test_a_stream_that_cannot_be_read_is_told_by_its_name():
    """It must not look as if the output could not be written."""

    class Broken(io.BytesIO):
        def read1(self, _size=-1):
            raise OSError(5, "Input/output error")

    source = PcmReader(Broken(), PcmFormat.raw("s16le", 48_000, 2), "it")
    with pytest.raises(BandwiseError, match="it cannot be read: Input/output error"):
        source.read(5)
