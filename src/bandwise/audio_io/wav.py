"""The header of a WAV on a pipe, whose length nobody may know yet."""

import struct
from typing import BinaryIO

import numpy as np

from bandwise.audio_io.pipes import PcmFormat
from bandwise.errors import BandwiseError

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_UNKNOWN = 0xFFFFFFFF


class NotPcmWavError(BandwiseError):
    """What came is something else than WAV with PCM in it."""


def read_wav_header(stream: BinaryIO, name: str) -> PcmFormat:
    """Read a WAV from its start to its first sample.

    Raises:
        BandwiseError: for what is empty, not a WAV, cut short, or not PCM.
    """
    magic, position, long = stream.read(12), 12, None
    if not magic:
        raise BandwiseError(f"{name} is empty; audio is needed; check what writes it")
    if len(magic) < 12 or magic[:4] not in {b"RIFF", b"RF64"} or magic[8:] != b"WAVE":
        raise NotPcmWavError(f"{name} is no WAV; pipes carry WAV or raw PCM; for raw PCM give --format")
    form = None
    while True:
        head = stream.read(8)
        if len(head) < 8:
            raise BandwiseError(f"{name} is truncated: it ends inside the WAV header; fetch it again")
        tag, size = head[:4], struct.unpack("<I", head[4:])[0]
        position += 8
        if tag == b"data":
            break
        body = _skip(stream, size + size % 2, keep=40 if tag in {b"fmt ", b"ds64"} else 0)
        position += size + size % 2
        form = _parse_fmt(body, name) if tag == b"fmt " else form
        long = struct.unpack("<Q", body[8:16])[0] if tag == b"ds64" and len(body) >= 16 else long
    if form is None:
        raise BandwiseError(f"{name} is damaged: its WAV header has no format; make it again")
    length = long if long and size == _UNKNOWN else _length(size)
    whole = _length(struct.unpack("<I", magic[4:8])[0])
    if size == 0 and whole and whole + 8 > position:  # something else comes after no sound
        length = 0
    return PcmFormat(form.sample_rate, form.channels, form.bits, form.is_float, length)


def _length(size: int) -> int | None:
    """Writers that cannot go back leave 0, 2^31 - something, or 2^32 - 1 where the length belongs."""
    unknown = size in {0, _UNKNOWN} or 0x7FFFF000 <= size <= 0x7FFFFFFF
    return None if unknown else size


def _skip(stream: BinaryIO, size: int, keep: int) -> bytes:
    kept = stream.read(min(size, keep))
    left = size - len(kept)
    while left > 0 and (piece := stream.read(min(left, 1 << 16))):
        left -= len(piece)
    return kept


def _parse_fmt(body: bytes, name: str) -> PcmFormat:
    if len(body) < 16:
        raise BandwiseError(f"{name} is truncated: it ends inside the WAV header; fetch it again")
    tag, channels, sample_rate, _, _, bits = struct.unpack("<HHIIHH", body[:16])
    if tag == _EXTENSIBLE and len(body) >= 26:
        tag = struct.unpack("<H", body[24:26])[0]
    if (tag, bits) not in {(_PCM, 8), (_PCM, 16), (_PCM, 24), (_PCM, 32), (_FLOAT, 32), (_FLOAT, 64)}:
        raise NotPcmWavError(
            f"{name} holds WAV format {tag} of {bits} bits; pipes carry PCM; decode it first"
        )
    if not (channels and sample_rate):
        raise BandwiseError(
            f"{name} has {channels} channels at {sample_rate} Hz; both must be above 0; make it again"
        )
    return PcmFormat(sample_rate, channels, bits, tag == _FLOAT)


def wav_header(sample_rate: int, channels: int, dtype: str, frames: int | None) -> bytes:
    """The 44 bytes before the samples; an unknown length, or one over 4 GB, is written as ffmpeg does."""
    size = np.dtype(dtype).itemsize
    data = _UNKNOWN if frames is None else min(frames * channels * size, _UNKNOWN)
    riff = min(36 + data, _UNKNOWN)
    tag = _FLOAT if dtype.startswith("float") else _PCM
    per_second = sample_rate * channels * size
    fmt = struct.pack("<HHIIHH", tag, channels, sample_rate, per_second, channels * size, size * 8)
    return (
        struct.pack("<4sI4s4sI", b"RIFF", riff, b"WAVE", b"fmt ", 16)
        + fmt
        + struct.pack("<4sI", b"data", data)
    )
