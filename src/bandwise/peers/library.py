"""Shared libraries of other projects, by ctypes."""

import ctypes
from contextlib import suppress
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path

from bandwise.errors import BandwiseError
from bandwise.peers.peer import Absent


def load(candidates: list[str], hint: str) -> ctypes.CDLL:
    """The first of `candidates` (paths, or names for the loader) that opens.

    Raises:
        Absent: none does; says `hint`.
    """
    for candidate in filter(None, candidates):
        path = Path(candidate)  # the loader looks for a bare name in the system alone
        with suppress(OSError):
            return ctypes.CDLL(str(path.resolve()) if path.is_file() else candidate)
    raise Absent(hint)


def inside_package(package: str, file: str) -> str:
    """Path of a file in an installed package that is not imported for it; "" if there is none."""
    spec = find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    path = Path(next(iter(folders or [""]))) / file
    return str(path) if path.is_file() else ""


def file_version(path: Path) -> str:
    """Name of a file, and what tells its content from another's."""
    return f"{path.name} {blake2b(path.read_bytes(), digest_size=4).hexdigest()}"


def refuse_path(path: str, name: str) -> None:
    """Raise `BandwiseError` if a user says where a peer is that is an installed package."""
    if path:
        raise BandwiseError(f"got {name} at {path}; it is used as it is installed; drop the path")


def installed_version(distribution: str) -> str:
    """Version of an installed distribution; "" if it is not."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
