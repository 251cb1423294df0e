"""The command line with one thing replaced: in the place of the network stands a delay that halves the sound.

Run as a script. What is tested with it is everything around the processor.
"""

import numpy as np

from bandwise.apps import cli, enhance
from bandwise.errors import BandwiseError
from bandwise.stream import HopProcessor


class Half:
    """1440 samples late and half as loud."""

    hop_samples, latency_samples = 480, 1440

    def __init__(self, channels):
        self.channels = channels
        self.reset()

    def reset(self):
        self.held = np.zeros((self.channels, 1440), np.float32)

    def process_hops(self, hops):
        held = np.concatenate([self.held, hops / 2], axis=1)
        out, self.held = held[:, : hops.shape[1]], held[:, hops.shape[1] :]
        return out


def make_half(sample_rate, channels, *, model, block_multiple=1, **_):
    """Stand in for `make_suppressor`."""
    if model != "base":
        raise BandwiseError(f"got the model {model}; only base is known here; use it")
    return HopProcessor(Half, sample_rate, channels, block_multiple)


if __name__ in {"__main__", "__mp_main__"}:  # the script, here or in a process that it starts
    enhance.make_suppressor = make_half

if __name__ == "__main__":
    cli.main()
