"""Where audio goes: files that appear whole or not at all, and standard output."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from bandwise.atomic_file import atomic
from bandwise.audio_io.file_sources import DTYPES, native
from bandwise.audio_io.pipes import PcmFormat, encode
from bandwise.audio_io.sources import PIPE, Source
from bandwise.audio_io.wav import wav_header
from bandwise.door import convert
from bandwise.errors import BandwiseError
from bandwise.leftovers import send_nowhere

_ALIASES = {"AIF": "AIFF", "AIFC": "AIFF", "OGA": "OGG", "OPUS": "OGG", "WAVE": "WAV"}
_READ_ONLY = {"MPEG_LAYER_I", "MPEG_LAYER_II", "MPEG_LAYER_III", "DWVW_12"}
"""What libsndfile reads and claims to write; MP3 takes the third nevertheless, as its default."""
_UNFIT = {"RAW", "SD2", "HTK", "SVX", "MPC2K", "SDS", "VOC", "WVE", "XI"}
"""Without a header in the file, or with sample rates of their own."""
_COARSE = {"PCM_U8", "PCM_S8", "PCM_24"}
"""Written from samples that have eight bits more."""
_WAV_LIMIT_BYTES = 2**32 - 2**16
_FRAME_SAMPLES = 4_608
_LOST = "the disk is full, or cannot be written to any more"


class Sink(Protocol):
    """Where audio goes."""

    def write(self, block: NDArray[Any]) -> None:
        """Append (frames, channels) of any sample type; it is converted to that of the sink."""


class FileSink:
    """A file that libsndfile writes."""

    def __init__(self, path: Path, sample_rate: int, channels: int, file_format: str, subtype: str) -> None:
        self._path, self._frames, self._coarse = path, 0, subtype in _COARSE
        self.dtype = DTYPES.get(subtype, "float32")
        self._file = soundfile.SoundFile(
            native(path), "w", sample_rate, channels, subtype, format=file_format
        )

    def write(self, block: NDArray[Any]) -> None:
        """Append (frames, channels); a full disk raises `OSError`."""
        try:
            samples = convert(block, self.dtype)
            self._file.write(rounded(samples) if self._coarse else samples)
        except (soundfile.LibsndfileError, AssertionError) as error:
            raise OSError(None, _LOST) from error
        self._frames += len(block)

    def close(self) -> None:
        """Finish the header and close."""
        self._file.close()

    def check(self) -> None:
        """Look at what stands on the disk: some encoders do not say when it was full.

        Raises:
            OSError: when less stands there than was written; a lossy encoder may trim a frame or two.
        """
        try:
            kept = soundfile.info(native(self._path)).frames
        except soundfile.LibsndfileError as error:
            raise OSError(None, _LOST) from error
        if kept < self._frames - _FRAME_SAMPLES:
            raise OSError(None, _LOST)


class StreamSink:
    """A pipe: WAV of unknown or known length, or raw PCM. Every block is passed on at once."""

    def __init__(self, stream: BinaryIO, dtype: str, header: bytes = b"") -> None:
        self.dtype, self._stream = dtype, stream
        self._send(header)

    def write(self, block: NDArray[Any]) -> None:
        """Append (frames, channels)."""
        self._send(encode(convert(block, self.dtype)))

    def _send(self, data: bytes) -> None:
        try:
            self._stream.write(data)
            self._stream.flush()
        except OSError:
            send_nowhere(self._stream)
            raise


def rounded(samples: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers to the nearest of those that have eight bits less; libsndfile cuts these off."""
    most = np.iinfo(samples.dtype).max >> 8
    steps = np.minimum((samples.astype(np.int64) + 128) >> 8, most)
    nearest: NDArray[Any] = (steps << 8).astype(samples.dtype)
    return nearest


@contextmanager
def open_sink(name: str, source: Source, raw: PcmFormat | None = None) -> Iterator[Sink]:
    """Open what takes the processed audio of `source`: a file by its name, or standard output for "-".

    A file appears under its name only when the block ends well; until then it is a temporary one beside it.

    Raises:
        BandwiseError: when the name tells no format, or the place cannot be written.
    """
    if name == PIPE:
        yield _stream_sink(sys.stdout.buffer, source, raw)
        return
    path = Path(name)
    with _told_as_errors(path):
        if path.exists() and not path.is_file():  # a device or a named pipe must not be replaced by a file
            with path.open("wb") as stream:
                yield _stream_sink(stream, source, raw)
            return
        file_format, subtype = output_format(path, source)
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic(path) as temporary:
            sink = _file_sink(temporary, path, source, file_format, subtype)
            try:
                yield sink
            finally:
                sink.close()
            sink.check()


def _stream_sink(stream: BinaryIO, source: Source, raw: PcmFormat | None) -> StreamSink:
    if raw:
        return StreamSink(stream, raw.dtype)
    header = wav_header(source.sample_rate, source.channels, source.dtype, source.frames)
    return StreamSink(stream, source.dtype, header)


def _file_sink(temporary: Path, path: Path, source: Source, file_format: str, subtype: str) -> FileSink:
    try:
        return FileSink(temporary, source.sample_rate, source.channels, file_format, subtype)
    except soundfile.LibsndfileError as error:
        what = f"{source.channels} channels at {source.sample_rate} Hz"
        reason = error.error_string.rstrip(".")
        raise BandwiseError(f"{path} cannot hold {what} ({reason}); write .wav instead") from error


def output_format(path: Path, source: Source) -> tuple[str, str]:
    """Return libsndfile's format and subtype: the format from the name, the samples as they came if it can.

    Lossy sources become 16 bits in a lossless format, which is what players expect of them; what ffmpeg had
    to read stays as exact as it came from there.
    """
    extension = path.suffix[1:].upper()
    file_format = _ALIASES.get(extension, extension)
    if file_format not in soundfile.available_formats() or file_format in _UNFIT:
        raise BandwiseError(
            f"{path} names no format that can be written; use .wav, .flac, .ogg, .opus or .mp3"
        )
    by_type = {"int16": "PCM_16", "int32": "PCM_24", "float64": "DOUBLE"}
    as_needed = by_type.get(source.dtype, "PCM_16" if source.subtype != "FLOAT" else "FLOAT")
    same = [] if source.subtype in _READ_ONLY else [source.subtype]
    wishes = ["OPUS"] if extension == "OPUS" else [*same, as_needed, "PCM_24"]
    default = soundfile.default_subtype(file_format)
    subtype = next((wish for wish in wishes if soundfile.check_format(file_format, wish)), default)
    sample_bytes = np.dtype(DTYPES.get(subtype, "float32")).itemsize
    if file_format == "WAV" and (source.frames or 0) * source.channels * sample_bytes > _WAV_LIMIT_BYTES:
        file_format = "RF64"
    return file_format, subtype


@contextmanager
def _told_as_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        reason = error.strerror or "the system refused"
        raise BandwiseError(
            f"{path} cannot be written: {reason}; choose another place or make room"
        ) from error
