"""Programs of others that are run for a measurement."""

import subprocess
from pathlib import Path

from bandwise.errors import BandwiseError


def run_program(command: list[str], *, sent: bytes = b"", folder: Path | None = None) -> bytes:
    """What a program writes to standard output, given `sent` on standard input.

    Raises:
        BandwiseError: it ends with another status than 0.
    """
    done = subprocess.run(command, input=sent, cwd=folder, capture_output=True, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or [f"status {done.returncode}"]
        raise BandwiseError(f"{command[0]} failed: {said[-1]}; it is needed for this measurement; mend it")
    return done.stdout
