"""Files as sources: what libsndfile reads, what ffmpeg reads, and pipes that have a name."""

import os
import subprocess
import tempfile
import warnings
from io import FileIO
from pathlib import Path
from typing import Any

import soundfile
from numpy.typing import NDArray

from bandwise.audio_io.pipes import PcmReader
from bandwise.audio_io.wav import read_wav_header
from bandwise.errors import BandwiseError

DTYPES = {"PCM_16": "int16", "PCM_S8": "int16", "PCM_U8": "int16", "PCM_24": "int32", "PCM_32": "int32"}
DTYPES |= {"DOUBLE": "float64"}
"""The sample type that holds each libsndfile subtype without loss; float32 for all others."""
ENDLESS = 2**62
"""What libsndfile calls the length where the header leaves it open."""
_MP3_SYNCS = [bytes((0xFF, second)) for second in (0xFB, 0xFA, 0xF3, 0xF2, 0xE3, 0xE2)]
_MP3_BYTES_PER_SYNC = 4_000
"""A frame takes 1,441 at most; in pictures and other tags two bytes meet by chance every 65,536."""
_MP3_FIRST_BYTES = 2_048
"""What holds the first frame, with some padding before it."""
_MP3_SLACK = 0.05
"""Share by which a length that is only estimated may be too long."""
_LOSSLESS = {"WAV", "WAVEX", "RF64", "W64", "AIFF", "AU", "CAF", "FLAC"}


def native(path: Path) -> str | bytes:
    """A file's name as the system has it, which need not be text."""
    return str(path) if os.name == "nt" else os.fsencode(path)


class _OneWay(soundfile.SoundFile):  # type: ignore[misc]
    """Read from start to end: in a FLAC that came through a pipe, soundfile's seeks after a block fail."""

    def seekable(self) -> bool:
        return False


def _has_length(file: FileIO) -> bool:
    """Whether the first frame of an MP3, behind an ID3 tag, tells how many there are; the file is rewound."""
    head = file.read(10)
    size = sum((byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=False))
    file.seek(10 + size if head.startswith(b"ID3") else 0)
    first = file.read(_MP3_FIRST_BYTES)
    file.seek(0)
    return any(tag in first for tag in (b"Xing", b"Info", b"VBRI"))


class FileSource:
    """A file that libsndfile reads."""

    is_counted = True
    """Whether the file says how long it is; of an MP3 that does not, libsndfile reads what it guesses."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._file, self._mp3 = _OneWay(native(path)), None
        if self._file.format == "MP3":
            self._file.close()
            self._mp3 = path.open("rb", buffering=0)
            self.is_counted = _has_length(self._mp3)
            self._file = _OneWay(self._mp3.fileno(), closefd=False)
        self.sample_rate, self.channels = self._file.samplerate, self._file.channels
        self.frames: int | None = self._file.frames if self._file.frames < ENDLESS else None
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
        if not len(block) and self._mp3:
            self._check_mp3(self._mp3)
        return block

    def _check_mp3(self, file: FileIO) -> None:
        """An MP3 is read as far as its first header, or without one an estimate, says that it goes.

        Raises:
            BandwiseError: where sound follows, as in files that were joined or have no length in a header.
        """
        place = file.tell()
        rest = file.read(1 << 20)
        file.seek(place)
        if max(map(rest.count, _MP3_SYNCS)) > max(2, len(rest) // _MP3_BYTES_PER_SYNC):
            raise BandwiseError(
                f"{self.name} is longer than it says: only {self._got / self.sample_rate:.2f} s of it can be "
                "read; make a .wav of it first, with ffmpeg -i"
            )
        missing = (self.frames or 0) - self._got
        if missing > _MP3_SLACK * (self.frames or 0):
            lost = missing / self.sample_rate
            message = f"{self.name} may be damaged or cut short: {lost:.2f} s are missing"
            warnings.warn(message, UserWarning, stacklevel=3)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        if self._mp3:
            self._mp3.close()


class PipeSource(PcmReader):
    """A named pipe or a device: WAV that can be read once, from start to end."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        try:
            form = read_wav_header(self._file, str(path))
        except BandwiseError:
            self._file.close()
            raise
        super().__init__(self._file, form, str(path))

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
        lines = [line for line in lines if not line.strip().startswith("Last message repeated")]
        if status:
            reason = lines[-1] if lines else f"status {status}"
            raise BandwiseError(f"{self._path} is not audio that ffmpeg can read: {reason}; check the file")
        if lines:
            message = f"{self._path} may be damaged or cut short; ffmpeg says: {lines[-1]}"
            warnings.warn(message, UserWarning, stacklevel=4)

    def close(self) -> None:
        """Stop ffmpeg if it still runs."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._complaints.close()
