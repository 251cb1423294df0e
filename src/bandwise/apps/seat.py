"""One of several files that share a processor: where it is read, where it is written, and how it failed."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from numpy.typing import NDArray

from bandwise.apps.jobs import Job
from bandwise.audio_io import open_sink, open_source
from bandwise.door import convert, silence_nonfinite
from bandwise.errors import BandwiseError, in_words

Columns = NDArray[np.float32]


class Seat:
    """One file on its way through some columns of the audio. What goes wrong ends this file alone."""

    def __init__(self, job: Job, everyone: ExitStack) -> None:
        """`everyone` ends when all files do, and throws away what is unfinished when it ends in an error."""
        self.job, self.error, self.frames, self.nonfinite_samples = job, "", 0, 0
        self.ended, self._written, self._open = False, 0, ExitStack()
        everyone.push(self._open)
        with self._alone():
            self.source = self._open.enter_context(open_source(job.source))
            self._sink = self._open.enter_context(open_sink(job.target, self.source))

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Run a step of a file that has not failed; note its failure."""
        try:
            yield
        except (BandwiseError, OSError) as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """End this file with an error; what was written is thrown away."""
        self.error, self.ended = in_words(error), True
        with ExitStack() as gone:
            gone.push(lambda *_: True)  # more errors tell no more
            self._open.__exit__(type(error), error, error.__traceback__)

    def read(self, size: int) -> Columns:
        """Return the next `size` frames, with silence after the end."""
        out = np.zeros((size, self.source.channels), np.float32)
        with self._alone():
            filled = 0
            while filled < size and not self.ended:
                block = self.source.read(size - filled)
                self.ended = not len(block)
                out[filled : filled + len(block)] = convert(block, "float32")
                filled += len(block)
            self.nonfinite_samples += silence_nonfinite(out)
            self.frames += filled
        return out

    def write(self, block: Columns) -> None:
        """Take what belongs to frames that were read."""
        wanted = block[: self.frames - self._written]
        if len(wanted) and not self.error:
            with self._alone():
                self._sink.write(wanted)
                self._written += len(wanted)

    def close(self) -> None:
        """Finish the file."""
        if self.error:
            return
        with self._alone():
            self.source.close()  # in place: not everywhere can an open file be replaced
            if not self.frames:
                raise BandwiseError(f"{self.source.name} is empty: it holds no samples; check what made it")
            self._open.close()
