"""How long a file says it is, in the formats that libsndfile reads as if nothing were missing."""

import os
import struct
from typing import BinaryIO

_W64 = b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\x00\x00"
_OPEN, _OPEN_W64 = 0x7F000000, 2**62
"""Lengths from here on stand for one that is not known: writers into pipes cannot go back."""
_CAF_CHUNKS = 100
"""More before the sound are a riddle for others to solve."""


def missing_bytes(file: BinaryIO) -> int:
    """How many bytes an AIFF, AU, CAF or W64 lacks at its end; 0 for other formats, or where none is told."""
    file.seek(0)
    head = file.read(24)
    if len(head) < 24:
        return 0
    said = _caf_bytes(file) if head[:4] == b"caff" else _said(head)
    return max(0, said - os.fstat(file.fileno()).st_size)


def _said(head: bytes) -> int:
    """The length of a whole file by its first 24 bytes; 0 if it does not say."""
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


def _caf_bytes(file: BinaryIO) -> int:
    """Where the chunk with the sound ends; 0 if its length is left open."""
    file.seek(8)
    for _ in range(_CAF_CHUNKS):
        head = file.read(12)
        if len(head) < 12:
            break
        size = struct.unpack(">q", head[4:])[0]
        if head[:4] == b"data":
            return max(0, file.tell() + int(size)) if size >= 0 else 0
        file.seek(max(0, size), os.SEEK_CUR)
    return 0
