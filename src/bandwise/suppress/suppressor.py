"""The noise suppressor: analyse, ask the network, mix, put together. 30 ms late, one core hardly notices."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.stream import HopProcessor, whole
from bandwise.suppress.analysis import analyse_hop, fresh_analysis
from bandwise.suppress.network import Network
from bandwise.suppress.postfilter import sharpen
from bandwise.suppress.stft import HOP_SAMPLES, LATENCY_SAMPLES, Array, resynthesise
from bandwise.suppress.synthesis import mix_in_comb

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray


class SuppressorEngine:
    """One channel at 48 kHz, hop by hop (a `bandwise.hops.Engine`)."""

    hop_samples = HOP_SAMPLES
    latency_samples = LATENCY_SAMPLES

    def __init__(self, model: str | Path, *, postfilter: bool, kept: float) -> None:
        """`kept` is the share of the sound that stays whatever the network says, 0 to 1."""
        self._network, self._postfilter, self._kept = Network(model), postfilter, np.float32(kept)
        self.gains = np.ones(BANDS, np.float32)
        self.strengths = np.zeros(BANDS, np.float32)
        self.reset()

    def reset(self) -> None:
        """Forget the past."""
        self._network.reset()
        self._analysis = fresh_analysis()
        self._overlap = np.zeros(HOP_SAMPLES, np.float32)
        self.gains[:] = 1.0
        self.strengths[:] = 0.0

    def process_hop(self, hop: Array) -> Array:
        """Array (480,) in, the answer to those of 30 ms ago out."""
        now = self._analysis
        analyse_hop(hop, now)
        self._decide(now.features, now.energies[0])
        mixed = mix_in_comb(now.spectra[0], now.comb_spectrum, now.energies[0], self.strengths, self.gains)
        out = np.empty(HOP_SAMPLES, np.float32)
        resynthesise(mixed, self._overlap, out)
        return out

    def _decide(self, features: Array, energies: Array) -> None:
        """Set gains and strengths of the current frame: the network's, sharpened, and limited."""
        gains, strengths = self._network.step(features)
        if self._postfilter:
            sharpen(gains, energies, self.gains)
        else:
            self.gains[:] = gains
        self.gains[:] = self._kept + (1 - self._kept) * self.gains
        self.strengths[:] = (1 - self._kept) * strengths


class NoiseSuppressor(HopProcessor):
    """Removes noise and reverberation from speech, block by block (PercepNet, Valin et al. 2020).

    Blocks are (frames,) or (frames, channels), float32 or float64 in [-1, 1], int16 or int32; what comes
    out has the same length and type, `latency_samples` later. Channels are treated one by one.

    Args:
        sample_rate: 8,000 to 192,000 Hz; other rates than 48,000 are resampled on the way in and out.
        channels: columns of each block; 1 takes (frames,) too.
        model: name of a network that ships, or the path of an exported one.
        postfilter: deepen small gains, which removes more noise.
        attenuation_limit_db: turn no band down by more than this, 0 (change nothing) upwards; None: no limit.
        block_multiple: every block is a multiple of this many samples; 480 (10 ms) waits least.

    Raises:
        BandwiseError: for a value outside these ranges, an unknown model or a damaged one.

    >>> import numpy as np, bandwise
    >>> suppressor = bandwise.NoiseSuppressor(sample_rate=48_000, block_multiple=480)
    >>> suppressor.latency_samples
    1440
    >>> suppressor.process(np.zeros(480, np.float32)).shape
    (480,)
    """

    def __init__(
        self,
        sample_rate: int = 48_000,
        channels: int = 1,
        model: str | Path = "base",
        postfilter: bool = True,
        attenuation_limit_db: float | None = None,
        block_multiple: int = 1,
    ) -> None:
        make_engine = partial(
            SuppressorEngine, model, postfilter=postfilter, kept=share_kept(attenuation_limit_db)
        )
        super().__init__(make_engine, sample_rate, channels, block_multiple)

    @property
    def gains(self) -> Array:
        """(channels, 34): what the last frame's bands were multiplied by, for meters."""
        return np.stack([engine.gains for engine in self.engines])  # type: ignore[attr-defined]

    @property
    def strengths(self) -> Array:
        """(channels, 34): how much of the last frame's bands came from the comb filter, for meters."""
        return np.stack([engine.strengths for engine in self.engines])  # type: ignore[attr-defined]


def share_kept(attenuation_limit_db: float | None) -> float:
    """Limit in dB -> the least gain: 0 dB keeps all, None nothing."""
    if attenuation_limit_db is None:
        return 0.0
    if not attenuation_limit_db >= 0.0:
        raise BandwiseError(
            f"got attenuation_limit_db={attenuation_limit_db}; 0 or more is allowed; "
            "12 is mild, None sets no limit"
        )
    return float(10.0 ** (-attenuation_limit_db / 20.0))


def enhance(
    x: NDArray[Any],
    sample_rate: int,
    *,
    model: str | Path = "base",
    postfilter: bool = True,
    attenuation_limit_db: float | None = None,
) -> NDArray[Any]:
    """Remove noise and reverberation from a whole recording.

    `x` is (frames,) or (frames, channels), float or integer samples; what comes back has its shape and type
    and is aligned with it. Settings and errors as in `NoiseSuppressor`.
    """
    x = np.asarray(x)
    channels = 1 if x.ndim == 1 else x.shape[1]
    return whole(NoiseSuppressor(sample_rate, channels, model, postfilter, attenuation_limit_db), x)
