"""How long a file says it is, in the formats that libsndfile reads as if nothing were missing."""

import os
import struct
from typing import BinaryIO

_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_OPEN, _OPEN_W64 = 0x7F000000, 2**62
"""Lengths from here on stand for one that is not known: writers into pipes cannot go back."""
_MOST_CHUNKS = 100
"""More before the sound are a riddle for others to solve."""


def missing_bytes(file: BinaryIO) -> int:
    """How many bytes an AIFF, AU, CAF, W64 or WAV lacks at its end; 0 for others, or where none is told."""
    file.seek(0)
    head = file.read(24)
    if len(head) < 24:
        return 0
    return max(0, _said(file, head) - os.fstat(file.fileno()).st_size)


def _said(file: BinaryIO, head: bytes) -> int:
    """The length of a whole file by its first 24 bytes, or by its chunks; 0 if it does not say."""
    if head[:4] == b"caff":
        return _end_of_sound(file, 8, ">4sq", _OPEN_W64)
    if head[:4] == b"RIFF" and head[8:12] == b"WAVE":
        return _end_of_sound(file, 12, "<4sI", _OPEN, align=2)
    if head[:4] == b"FORM" and head[8:12] in {b"AIFF", b"AIFC"}:
        size = struct.unpack(">I", head[4:8])[0]
        return 0 if size >= _OPEN else int(size) + 7  # the last byte may be a pad that was never written
    if head[:16] == _W64:
        size = struct.unpack("<Q", head[16:])[0]
        return 0 if size >= _OPEN_W64 else int(size)
    if head[:4] in {b".snd", b"dns."}:
        offset, size = struct.unpack(">II" if head[:4] == b".snd" else "<II", head[4:12])
        return 0 if size >= _OPEN else int(offset + size)
    return 0


def _end_of_sound(file: BinaryIO, first: int, head_layout: str, open_from: int, *, align: int = 1) -> int:
    """Where the chunk with the sound ends, chunks beginning at `first`; 0 if its length is left open."""
    file.seek(first)
    for _ in range(_MOST_CHUNKS):
        head = file.read(struct.calcsize(head_layout))
        if len(head) < struct.calcsize(head_layout):
            break
        tag, size = struct.unpack(head_layout, head)
        if tag == b"data":
            return file.tell() + int(size) if 0 <= size < open_from else 0
        file.seek(max(0, size + size % align), os.SEEK_CUR)
    return 0
