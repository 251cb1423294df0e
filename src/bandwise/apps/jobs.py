"""Which input becomes which output: one file, many, whole folders, or a pipe."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bandwise.apps.report import note
from bandwise.audio_io import PIPE
from bandwise.errors import BandwiseError

SLASHES = tuple(slash for slash in (os.sep, os.altsep) if slash)
WRITABLE = {
    ".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aiff", ".aif", ".aifc", ".au", ".caf", ".w64",
    ".rf64",
}  # fmt: skip
READABLE = WRITABLE | {".wave", ".snd", ".m4a", ".aac", ".wma", ".amr", ".webm", ".mka"}


@dataclass(frozen=True)
class Job:
    """One thing to do: read `source`, write `target`; either may be "-"."""

    source: str
    target: str

    @property
    def picture(self) -> Path:
        """Where a picture of it goes."""
        return Path(self.target).with_suffix(".png")

    @property
    def is_done(self) -> bool:
        """Whether the target stands already."""
        return self.target not in {PIPE, self.source} and Path(self.target).is_file()


def plan(inputs: Sequence[str], output: str | None, *, in_place: bool = False) -> list[Job]:
    """Pair every input with its output.

    A folder keeps its tree under the output folder; many files go into one folder by their names; one file
    goes to a file, or into a folder that exists or ends in a slash; what cannot be written back in its own
    format becomes a .wav.

    Raises:
        BandwiseError: where an input would be overwritten without `in_place`, or two meet in one output.
    """
    if "" in inputs:  # a path without a name would be the current folder
        raise BandwiseError("got an empty name as input; a file, a folder or - is needed; check the name")
    jobs = _in_place(inputs, output) if in_place else list(_pairs(inputs, _required(inputs, output)))
    if not in_place:
        _refuse_overlaps(jobs)
    return jobs


def holds_folders(inputs: Sequence[str]) -> bool:
    """Whether any input is a folder: such a run may be repeated, and skips what is done."""
    return any(Path(name).is_dir() for name in inputs if name != PIPE)


def _required(inputs: Sequence[str], output: str | None) -> str:
    if output:
        return output
    if list(inputs) == [PIPE]:
        return PIPE
    raise BandwiseError("got no output; a file, a folder or - is needed; add -o OUTPUT, or --in-place")


def _in_place(inputs: Sequence[str], output: str | None) -> list[Job]:
    if output or PIPE in inputs:
        raise BandwiseError(
            "got --in-place with -o or a pipe; it replaces the input files themselves; drop one"
        )
    files = [path for name in inputs for path in _files(Path(name), None)]
    for path in files:
        if path.suffix.lower() not in WRITABLE:
            raise BandwiseError(f"{path} cannot be replaced in its own format; give -o with a .wav name")
    once: dict[str, Path] = {}
    for path in files:
        once.setdefault(os.path.realpath(path), path)
    return [Job(str(path), str(path)) for path in once.values()]


def _pairs(inputs: Sequence[str], output: str) -> Iterator[Job]:
    if PIPE in (*inputs, output):
        if len(inputs) != 1 or holds_folders(inputs):
            raise BandwiseError(
                "got - among several inputs or with a folder; a pipe carries one stream; run them apart"
            )
        yield Job(inputs[0], output)
    elif (
        len(inputs) == 1
        and not holds_folders(inputs)
        and not (Path(output).is_dir() or output.endswith(SLASHES))
    ):
        yield Job(inputs[0], output)
    else:
        yield from _into_folder(inputs, Path(output))


def _into_folder(inputs: Sequence[str], folder: Path) -> Iterator[Job]:
    if folder.exists() and not folder.is_dir():
        raise BandwiseError(f"{folder} is a file; several inputs need a folder; choose another -o")
    for name in inputs:
        root = Path(name)
        for path in _files(root, folder):
            place = path.relative_to(root) if root.is_dir() else Path(path.name)
            suffix = place.suffix if place.suffix.lower() in WRITABLE else ".wav"
            yield Job(str(path), str(folder / place.with_suffix(suffix)))


def _files(root: Path, target: Path | None) -> Iterable[Path]:
    """The file itself, or the audio files below a folder in order of name, without those below `target`."""
    if not root.is_dir():
        return [root]
    found = sorted(path for path in _below(root) if _is_audio(path) and not _is_below(path, target, root))
    if not found:
        raise BandwiseError(
            f"{root} holds no audio files; wav, flac, ogg, opus, mp3 and more are known; check the name"
        )
    return found


def _below(root: Path) -> Iterator[Path]:
    """All files below a folder; one that may not be looked into is passed over, but not in silence."""

    def tell(error: OSError) -> None:
        note(f"{error.filename} cannot be read ({error.strerror}), so what is in it is left out")

    for place, _, names in os.walk(root, onerror=tell):
        yield from (Path(place) / name for name in names)


def _is_audio(path: Path) -> bool:
    return path.suffix.lower() in READABLE and not path.name.startswith(".") and path.is_file()


def _is_below(path: Path, target: Path | None, root: Path) -> bool:
    if target is None:
        return False
    own, other, below = (Path(os.path.realpath(place)) for place in (root, path, target))
    return own != below and other.is_relative_to(below)


def _refuse_overlaps(jobs: list[Job]) -> None:
    files = [job for job in jobs if PIPE not in {job.source, job.target}]
    sources = {os.path.realpath(job.source) for job in files}
    targets = [os.path.realpath(job.target) for job in files]
    for job, target in zip(files, targets, strict=True):
        if os.path.realpath(job.source) == target:
            raise BandwiseError(
                f"{job.source} is its own output; --in-place replaces it; else choose another -o"
            )
        if target in sources:
            raise BandwiseError(
                f"{job.target} is an input, too, and would become that of {job.source}; choose another -o"
            )
    target, count = next(iter(Counter(targets).most_common(1)), ("", 0))
    if count > 1:
        first, second, *_ = (job.source for job, own in zip(files, targets, strict=True) if own == target)
        raise BandwiseError(
            f"{first} and {second} would both become {target}; "
            "every output needs a name of its own; rename one, or run them apart"
        )
