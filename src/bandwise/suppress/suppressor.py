"""The noise suppressor: 30 ms late, and one core hardly notices.

What a hop of 10 ms passes through, file by file: `analysis` (stft, pitch, comb, features), `network`, and
`frames` (synthesis, deep_filter, relief, stft).
"""

from __future__ import annotations

from functools import partial
from types import EllipsisType
from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.door import check_switch, is_number, shown
from bandwise.errors import BandwiseError
from bandwise.stream import HopProcessor, whole
from bandwise.suppress.analysis import Analysis, fresh_analysis
from bandwise.suppress.deep_filter import LowBins, fresh_low_bins
from bandwise.suppress.estimates import room_for_estimates
from bandwise.suppress.frames import describe_hops, fresh_frames, resynthesise_hops
from bandwise.suppress.network import Network
from bandwise.suppress.relief import RELIEF
from bandwise.suppress.stft import HOP_SAMPLES, LATENCY_SAMPLES, Array

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

ROWS_AT_ONCE = 64
"""Hops of all channels for which the network reads its weights once; more would not stay in the cache."""


class SuppressorEngine:
    """Some channels at 48 kHz, whole hops at a time (a `bandwise.hops.Engine`)."""

    hop_samples = HOP_SAMPLES
    latency_samples = LATENCY_SAMPLES
    _pasts: list[tuple[Analysis, LowBins]]
    _overlaps: list[Array]

    def __init__(self, channels: int, model: str | Path, *, postfilter: bool, kept: float) -> None:
        """`kept` is the share of the sound that stays whatever the network says, 0 to 1."""
        self._given: dict[str, Any] = {"channels": channels, "model": model}
        self.update(postfilter=postfilter, kept=kept)
        self._most_hops = most = max(1, ROWS_AT_ONCE // channels)
        self._network = Network(model, channels, most)
        self._inputs, self._estimates = room_for_estimates(channels, most, filters=self._network.filters)
        self._frames = [fresh_frames(channel, self._inputs, self._estimates) for channel in range(channels)]
        self.reset()

    def process_hops(self, hops: Array) -> Array:
        """Array (channels, any number of hops of 480) in, what became of those of 30 ms ago out."""
        out = np.empty_like(hops)
        most = self._most_hops * HOP_SAMPLES
        for start in range(0, hops.shape[1], most):
            self._process_batch(hops[:, start : start + most], out[:, start : start + most])
        return out

    def _process_batch(self, hops: Array, out: Array) -> None:
        """Describe; estimate; mix and resynthesise: each for all hops before the next."""
        count = hops.shape[1] // HOP_SAMPLES
        for hop, past, frames in zip(hops, self._pasts, self._frames, strict=True):
            describe_hops(hop, *past, frames)
        self._network.estimate(self._inputs, count, self._estimates)
        for frames, overlap, finished in zip(self._frames, self._overlaps, out, strict=True):
            resynthesise_hops(frames, self._postfilter, self._kept, RELIEF, overlap, finished)
        self._last = count - 1

    def update(self, **changes: Any) -> None:
        """Change `postfilter`, `kept` or both from the next hop on; windows that overlap fade them in."""
        self._given |= changes
        self._postfilter = self._given["postfilter"]
        self._kept = np.float32(self._given["kept"])

    def reset(self) -> None:
        """Forget the past."""
        self._network.reset()
        self._pasts = [(fresh_analysis(), fresh_low_bins()) for _ in self._frames]
        self._overlaps = [np.zeros(HOP_SAMPLES, np.float32) for _ in self._frames]
        self._last = 0
        self._estimates.gains[:, 0], self._estimates.strengths[:, 0] = 1.0, 0.0

    @property
    def gains(self) -> Array:
        """(channels, 34): what became of the amplitude of the last frame's bands."""
        return np.array(self._estimates.gains[:, self._last])

    @property
    def strengths(self) -> Array:
        """(channels, 34): how much of each band the comb filter was asked to make."""
        return np.array(self._estimates.strengths[:, self._last])

    def __getstate__(self) -> tuple[Any, ...]:
        """What a copy needs: the past, but neither weights nor memory that parts share."""
        states = [state.copy() for state in self._network.states]
        estimates = self.gains, self.strengths
        return self._given, self._pasts, self._overlaps, states, estimates

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Build the same engine anew and give it that past."""
        given, pasts, overlaps, states, estimates = state
        SuppressorEngine.__init__(self, **given)
        self._pasts, self._overlaps = pasts, overlaps
        self._estimates.gains[:, 0], self._estimates.strengths[:, 0] = estimates
        for own, value in zip(self._network.states, states, strict=True):
            own[:] = value


class NoiseSuppressor(HopProcessor):
    """Removes noise and reverberation from speech, block by block (PercepNet, Valin et al. 2020).

    Blocks are (frames,) or (frames, channels), float32 or float64 in [-1, 1], int16 or int32; what comes
    out has the same length and type, `latency_samples` later. Channels are treated one by one.

    Args:
        sample_rate: 8,000 to 192,000 Hz; other rates than 48,000 are resampled on the way in and out.
        channels: columns of each block; 1 takes (frames,) too.
        model: name of a network that ships, or the path of an exported one.
        postfilter: deepen small gains: less noise between words, more harm to speech.
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

    engine: SuppressorEngine

    def __init__(
        self,
        sample_rate: int = 48_000,
        channels: int = 1,
        model: str | Path = "base",
        postfilter: bool = False,
        attenuation_limit_db: float | None = None,
        block_multiple: int = 1,
    ) -> None:
        make_engine = partial(
            SuppressorEngine,
            model=model,
            postfilter=check_switch("postfilter", postfilter),
            kept=share_kept(attenuation_limit_db),
        )
        super().__init__(make_engine, sample_rate, channels, block_multiple)

    def update(
        self, *, postfilter: bool | None = None, attenuation_limit_db: float | EllipsisType | None = ...
    ) -> None:
        """Change these while sound plays, from the next hop on, without a click; what is not given stays.

        Raises:
            BandwiseError: for a limit below 0, or a postfilter that is neither on nor off.
        """
        changes: dict[str, Any] = {}
        if postfilter is not None:
            changes["postfilter"] = check_switch("postfilter", postfilter)
        if not isinstance(attenuation_limit_db, EllipsisType):
            changes["kept"] = share_kept(attenuation_limit_db)
        self.engine.update(**changes)

    @property
    def gains(self) -> Array:
        """(channels, 34): what the network left of the amplitude of the last frame's bands, for meters.

        0 to 1; with the postfilter, which keeps the loudness of voices, up to 1.9. Below 5 kHz a deep filter,
        where there is one, has the last word, and leaves some dB more of what is weak.
        """
        return self.engine.gains

    @property
    def strengths(self) -> Array:
        """(channels, 34): how much of the last frame's bands the network wants from the comb, for meters.

        Below 5 kHz a deep filter, where there is one, has the last word, and this says how voiced a band is.
        """
        return self.engine.strengths


def share_kept(attenuation_limit_db: Any) -> float:
    """Limit in dB -> the least gain: 0 dB keeps all, None nothing."""
    if attenuation_limit_db is None:
        return 0.0
    if not is_number(attenuation_limit_db) or not attenuation_limit_db >= 0.0:
        raise BandwiseError(
            f"got attenuation_limit_db={shown(attenuation_limit_db)}; 0 or more is allowed; "
            "12 is mild, None sets no limit"
        )
    return float(10.0 ** (-float(attenuation_limit_db) / 20.0))


def enhance(
    x: NDArray[Any],
    sample_rate: int,
    *,
    model: str | Path = "base",
    postfilter: bool = False,
    attenuation_limit_db: float | None = None,
) -> NDArray[Any]:
    """Remove noise and reverberation from a whole recording.

    `x` is (frames,) or (frames, channels), float or integer samples; what comes back has its shape and type
    and is aligned with it. Settings and errors as in `NoiseSuppressor`.
    """
    x = np.asarray(x)
    channels = x.shape[1] if x.ndim == 2 else 1
    return whole(NoiseSuppressor(sample_rate, channels, model, postfilter, attenuation_limit_db), x)
