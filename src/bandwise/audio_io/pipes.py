"""PCM on pipes: what the bytes mean, and reading them as they come."""

import warnings
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError

RAW_FORMATS = {"f32le": "float32", "s16le": "int16", "s32le": "int32", "f64le": "float64"}
"""Names of raw PCM as ffmpeg spells them, and the sample type of each."""

_WIRE = {"float32": "<f4", "float64": "<f8", "int16": "<i2", "int32": "<i4"}
_SUBTYPE = {"float32": "FLOAT", "float64": "DOUBLE", "int16": "PCM_16", "int32": "PCM_32"}


@dataclass(frozen=True)
class PcmFormat:
    """What the bytes of a stream mean: `bits` per sample, integers or floats, little endian, interleaved."""

    sample_rate: int
    channels: int
    bits: int
    is_float: bool
    data_bytes: int | None = None
    """Length of the samples where a header tells it."""

    @property
    def frame_bytes(self) -> int:
        """Bytes of one sample of every channel."""
        return self.channels * self.bits // 8

    @property
    def dtype(self) -> str:
        """The sample type inside: 8 bits become int16, 24 become int32, each with its value at the top."""
        return f"float{self.bits}" if self.is_float else ("int16" if self.bits <= 16 else "int32")

    @property
    def subtype(self) -> str:
        """The libsndfile name of the sample format."""
        if self.is_float:
            return _SUBTYPE[self.dtype]
        return "PCM_U8" if self.bits == 8 else f"PCM_{self.bits}"

    @classmethod
    def raw(cls, name: str, sample_rate: int, channels: int) -> "PcmFormat":
        """Headerless PCM by its name, one of `RAW_FORMATS`."""
        if name not in RAW_FORMATS:
            raise BandwiseError(
                f"got the raw format {name!r}; allowed are {', '.join(RAW_FORMATS)}; choose one"
            )
        if channels < 1:
            raise BandwiseError(f"got {channels} channels; raw PCM needs at least 1; set --channels")
        dtype = np.dtype(RAW_FORMATS[name])
        return cls(sample_rate, channels, dtype.itemsize * 8, dtype.kind == "f")


class PcmReader:
    """Reads blocks of frames from a byte stream as they come; a live pipe is never made to wait for more."""

    def __init__(self, stream: BinaryIO, form: PcmFormat, name: str) -> None:
        self.name, self._stream, self._form = name, stream, form
        self.sample_rate, self.channels = form.sample_rate, form.channels
        self.dtype, self.subtype = form.dtype, form.subtype
        self.frames = None if form.data_bytes is None else form.data_bytes // form.frame_bytes
        self._left = None if self.frames is None else self.frames * form.frame_bytes
        self._rest = b""

    def read(self, frames: int) -> NDArray[np.generic]:
        """Return up to `frames` frames, (n, channels); none only at the end.

        Raises:
            BandwiseError: when the stream ends before the length its header tells.
        """
        size = self._form.frame_bytes
        wanted = frames * size if self._left is None else min(frames * size, self._left)
        data = self._rest
        while len(data) < min(size, wanted):
            piece = _read_some(self._stream, wanted - len(data), self.name)
            if not piece:
                break
            data += piece
        whole = len(data) - len(data) % size
        self._rest = data[whole:]
        self._count(whole, wanted)
        if self._rest and not whole:
            message = f"{self.name} ends inside a frame; the rest is left out; check --format and --channels"
            warnings.warn(message, UserWarning, stacklevel=2)
        return decode(data[:whole], self._form)

    def _count(self, got: int, wanted: int) -> None:
        if self._left is None:
            return
        if wanted and not got:
            missing = self._left / self._form.frame_bytes / self.sample_rate
            raise BandwiseError(
                f"{self.name} is truncated: {missing:.2f} s of it are missing; fetch it again"
            )
        self._left -= got

    def close(self) -> None:
        """Leave the stream alone: it is not ours."""


def _read_some(stream: BinaryIO, size: int, name: str) -> bytes:
    read = getattr(stream, "read1", stream.read)
    try:
        data: bytes = read(size)
    except OSError as error:
        reason = error.strerror or "the system refused"
        raise BandwiseError(
            f"{name} cannot be read: {reason}; a file or a pipe with sound is needed"
        ) from error
    return data


def decode(data: bytes, form: PcmFormat) -> NDArray[np.generic]:
    """Bytes of whole frames -> (frames, channels) of `form.dtype`."""
    if not form.is_float and form.bits == 8:  # unsigned, silence at 128
        samples = (np.frombuffer(data, np.uint8).astype(np.int16) - 128) << 8
    elif not form.is_float and form.bits == 24:  # three bytes go to the top of four
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        samples = wide.view("<i4")[:, 0]
    else:
        samples = np.frombuffer(data, _WIRE[form.dtype])
    return samples.astype(form.dtype, copy=False).reshape(-1, form.channels)


def encode(block: NDArray[np.generic]) -> bytes:
    """(frames, channels) -> interleaved little-endian bytes."""
    return np.ascontiguousarray(block, _WIRE[block.dtype.name]).tobytes()
