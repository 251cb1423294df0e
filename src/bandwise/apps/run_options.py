"""What `enhance` and `dynamics` let a user ask of a run over files, folders or a pipe."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from bandwise.stream import Processor

Make = Callable[[int, int], Processor]
"""(sample_rate, channels) -> a fresh processor. With several jobs it must be picklable."""

Draw = Callable[[NDArray[Any], NDArray[Any], int, str], None]
"""(before, after, sample_rate, path of the picture): the first channel of the first half minute."""


@dataclass(frozen=True)
class RunOptions:
    """What a user may ask of a run, whatever is done to the sound."""

    raw_format: str | None = None
    """Pipes carry headerless PCM of this name instead of WAV."""
    sample_rate: int | None = None
    """Of raw PCM on standard input; 48 kHz if not given."""
    channels: int | None = None
    """Of raw PCM on standard input; 1 if not given."""
    jobs: int = 1
    plot: bool = False
    as_json: bool = False
    in_place: bool = False
    overwrite: bool = False
    """Make again what a folder run has made before."""
    together: int = 1
    """How many files may be worked on as channels of one processor; 1 where channels are linked."""
    draw: Draw | None = None
    """What `plot` draws; spectrograms if not given. With several jobs it must be picklable."""
