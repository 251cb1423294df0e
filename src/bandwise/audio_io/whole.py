"""A file or pipe in one piece, for what must see all of it."""

from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.audio_io.sources import open_source
from bandwise.door import convert


def read_whole(
    name: str, dtype: str = "float32", *, start_s: float = 0.0, seconds: float = inf
) -> tuple[NDArray[Any], int]:
    """Samples (frames, channels) from `start_s` on, at most so many seconds, and their rate; maybe none."""
    with open_source(name) as source:
        rate, skip = source.sample_rate, round(start_s * source.sample_rate)
        while skip > 0 and len(block := source.read(min(skip, rate))):
            skip -= len(block)
        wanted = seconds * rate
        pieces = [np.zeros((0, source.channels), dtype)]
        while (count := round(min(wanted, rate))) > 0 and len(block := source.read(count)):
            pieces.append(convert(block, dtype))
            wanted -= len(block)
        return np.concatenate(pieces), rate
