"""The public names as a user writes them: mypy checks this file, nothing runs it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import bandwise

mono: NDArray[np.float32] = np.zeros(480, np.float32)
stereo: NDArray[np.int16] = np.zeros((480, 2), np.int16)

whole: NDArray[Any] = bandwise.enhance(mono, 48_000)
mild: NDArray[Any] = bandwise.enhance(stereo, 44_100, postfilter=True, attenuation_limit_db=12.0)

suppressor = bandwise.NoiseSuppressor(sample_rate=16_000, channels=2, block_multiple=160)
same_type: NDArray[np.int16] = suppressor.process(stereo, reset=True)
tail: NDArray[Any] = suppressor.flush()
suppressor.reset()
late: int = suppressor.latency_samples
rate: int = suppressor.sample_rate
columns: int = suppressor.channels
meters: NDArray[np.float32] = suppressor.gains

dynamics = bandwise.MultibandDynamics(bandwise.presets()[0], 48_000, channels=2)
limited: NDArray[np.float32] = dynamics.process(mono)

try:
    bandwise.NoiseSuppressor(sample_rate=1)
except bandwise.BandwiseError as error:
    told: str = str(error)
