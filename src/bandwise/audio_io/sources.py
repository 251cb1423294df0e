"""Where audio comes from: files of any kind, and standard input."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

import soundfile
from numpy.typing import NDArray

from bandwise.audio_io.pipes import PcmFormat, PcmReader
from bandwise.audio_io.wav import NotPcmWavError, read_wav_header
from bandwise.errors import BandwiseError

PIPE = "-"
DTYPES = {"PCM_16": "int16", "PCM_S8": "int16", "PCM_U8": "int16", "PCM_24": "int32", "PCM_32": "int32"}
DTYPES |= {"DOUBLE": "float64"}
"""The sample type that holds each libsndfile subtype without loss; float32 for all others."""
_LOSSLESS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC"}


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


class FileSource:
    """A file that libsndfile reads."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._file = soundfile.SoundFile(path)
        self.sample_rate, self.channels = self._file.samplerate, self._file.channels
        self.frames: int | None = self._file.frames
        self.subtype: str = self._file.subtype
        self.dtype = DTYPES.get(self.subtype, "float32")
        self._got = 0

    def read(self, frames: int) -> NDArray[Any]:
        """Return up to `frames` frames; a file that stops before its own length is an error."""
        try:
            block: NDArray[Any] = self._file.read(frames, dtype=self.dtype, always_2d=True)
        except soundfile.LibsndfileError as error:
            raise BandwiseError(f"{self.name} is damaged: {error.error_string}; fetch it again") from error
        self._got += len(block)
        if not len(block) and self._got < (self.frames or 0) and self._file.format in _LOSSLESS:
            missing = ((self.frames or 0) - self._got) / self.sample_rate
            raise BandwiseError(
                f"{self.name} is truncated: {missing:.2f} s of it are missing; fetch it again"
            )
        return block

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class PipeSource(PcmReader):
    """A named pipe or a device: WAV that can be read once, from start to end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        super().__init__(self._file, read_wav_header(self._file, str(path)), str(path))

    def close(self) -> None:
        """Close our end."""
        self._file.close()


class FfmpegSource(PcmReader):
    """A file that only ffmpeg reads, as float WAV through a pipe."""

    def __init__(self, path: Path) -> None:
        command = ["ffmpeg", "-v", "error", "-nostdin", "-i", f"file:{path}", "-vn", "-c:a", "pcm_f32le"]
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the source
        self._process = subprocess.Popen(
            [*command, "-f", "wav", "-"],
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            stdin=subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        self._path = path
        try:
            form = read_wav_header(self._process.stdout, str(path))  # type: ignore[arg-type]
        except BandwiseError:
            try:
                self._check_end()
            finally:
                self.close()
            raise
        super().__init__(self._process.stdout, form, str(path))  # type: ignore[arg-type]

    def read(self, frames: int) -> NDArray[Any]:
        """Return up to `frames` frames; what stops ffmpeg is an error here too."""
        block = super().read(frames)
        if not len(block):
            self._check_end()
        return block

    def _check_end(self) -> None:
        status = self._process.wait()
        self._complaints.seek(0)
        lines = self._complaints.read().decode(errors="replace").strip().splitlines()
        if status:
            reason = lines[-1] if lines else f"status {status}"
            raise BandwiseError(f"{self._path} is not audio that ffmpeg can read: {reason}; check the file")

    def close(self) -> None:
        """Stop ffmpeg if it still runs."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._complaints.close()


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
    stream: BinaryIO = sys.stdin.buffer
    return PcmReader(stream, raw or read_wav_header(stream, "standard input"), "standard input")


def _file(path: Path) -> Source:
    with _told_as_errors(path):
        if not stat.S_ISREG(path.stat().st_mode):
            return PipeSource(path)
        with path.open("rb") as file:
            _check_length(file, path)
    try:
        return FileSource(path)
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


def _check_length(file: BinaryIO, path: Path) -> None:
    """Catch what libsndfile reads as if nothing were missing: a WAV that was cut short."""
    size = os.fstat(file.fileno()).st_size
    if not size:
        raise BandwiseError(f"{path} is empty; audio is needed; check what made it")
    try:
        form = read_wav_header(file, str(path))
    except NotPcmWavError:
        return  # libsndfile knows more formats than we do
    missing = (form.data_bytes or 0) - (size - file.tell())
    if missing > 0:
        seconds = missing / form.frame_bytes / max(1, form.sample_rate)
        raise BandwiseError(f"{path} is truncated: {seconds:.2f} s of it are missing; fetch it again")
