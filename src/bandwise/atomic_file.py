"""Files that appear whole or not at all."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

LONGEST_STEM = 40
"""Characters; a longer name would not leave room for what marks it as unfinished."""


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path`; it takes the name at the end, or vanishes on any error.

    A link is followed, so that what it points to is replaced; the rights of an old file are kept.
    """
    target = Path(os.path.realpath(path))
    stem = target.stem[:LONGEST_STEM]
    handle, name = tempfile.mkstemp(prefix=f".{stem}.", suffix=f".part{target.suffix}", dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if target.exists() else 0o666 & ~_umask())
        temporary.replace(target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
