"""Where audio comes from: files of any kind, and standard input."""

import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import soundfile
from numpy.typing import NDArray

from bandwise.audio_io.file_sources import FfmpegSource, FileSource, PipeSource
from bandwise.audio_io.lengths import missing_bytes
from bandwise.audio_io.pipes import PcmFormat, PcmReader
from bandwise.audio_io.wav import NotPcmWavError, read_wav_header
from bandwise.errors import BandwiseError

PIPE = "-"


class Source(Protocol):
    """Where audio comes from."""

    name: str
    sample_rate: int
    channels: int
    dtype: str
    """The sample type that holds what comes without loss: float32, float64, int16 or int32."""
    subtype: str
    """What libsndfile calls the sample format."""
    frames: int | None
    """Length, where it is known beforehand."""

    def read(self, frames: int) -> NDArray[Any]:
        """Return up to `frames` frames, (n, channels); none only at the end."""

    def close(self) -> None:
        """Let go of it."""


@contextmanager
def open_source(name: str, raw: PcmFormat | None = None) -> Iterator[Source]:
    """Open a file, or standard input for "-": raw PCM as told, else WAV.

    Raises:
        BandwiseError: for what is missing, empty, truncated or not audio.
    """
    source = _standard_input(raw) if name == PIPE else _file(Path(name))
    try:
        if source.frames == 0:
            raise BandwiseError(f"{source.name} is empty: it holds no samples; check what made it")
        yield source
    finally:
        source.close()


def _standard_input(raw: PcmFormat | None) -> Source:
    if sys.stdin is None:
        raise BandwiseError("got a standard input that is closed; sound is to come from it; open it")
    stream: BinaryIO = sys.stdin.buffer
    return PcmReader(stream, raw or read_wav_header(stream, "standard input"), "standard input")


def _file(path: Path) -> Source:
    with _told_as_errors(path):
        if not stat.S_ISREG(path.stat().st_mode):
            return PipeSource(path)
        with path.open("rb") as file:
            is_open = _check_length(file, path)
    try:
        source = FileSource(path)
        if not source.is_counted and shutil.which("ffmpeg"):
            source.close()
            return FfmpegSource(path)
        if source.frames or not is_open:
            return source
        source.close()  # a recorder that died left 0 as the length
        return PipeSource(path)
    except (soundfile.LibsndfileError, TypeError) as error:
        reason = getattr(error, "error_string", "raw PCM has no header").rstrip(".")
        if shutil.which("ffmpeg"):
            return FfmpegSource(path)
        advice = "soundfile reads wav, flac, ogg, opus, mp3, aiff and more; install ffmpeg for others"
        raise BandwiseError(f"{path} is not audio that can be read ({reason}); {advice}") from error


@contextmanager
def _told_as_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        advice = "a file, a folder or - is needed; check the name"
        raise BandwiseError(f"{path} does not exist; {advice}") from None
    except OSError as error:
        advice = "check the name and its rights"
        raise BandwiseError(f"{path} cannot be read: {error.strerror}; {advice}") from error


def _check_length(file: BinaryIO, path: Path) -> bool:
    """Catch what libsndfile reads as if nothing were missing; return whether a WAV leaves its length open."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise BandwiseError(f"{path} is empty; audio is needed; check what made it")
    try:
        form = read_wav_header(file, str(path))
    except NotPcmWavError:
        if gone := missing_bytes(file):
            raise BandwiseError(
                f"{path} is truncated: {gone} bytes of it are missing; fetch it again"
            ) from None
        return False  # libsndfile knows more formats than we do
    missing = (form.data_bytes or 0) - (size - file.tell())
    if missing > 0:
        seconds = missing / form.frame_bytes / max(1, form.sample_rate)
        raise BandwiseError(f"{path} is truncated: {seconds:.2f} s of it are missing; fetch it again")
    return form.data_bytes is None and size > file.tell()
