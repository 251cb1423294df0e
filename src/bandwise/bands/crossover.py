"""The Linkwitz-Riley crossover: any signal into 1 to 16 bands that sum to an all-pass of it.

The high branch of a split is split again, and every lower band passes the all-pass of each later split, so
the bands stay in phase with each other and their sum has no ripple at any cutoffs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.bands.bank import make_bank
from bandwise.bands.filterbank import split_bands
from bandwise.bands.linkwitz_riley import band_responses, check_order, warped_period
from bandwise.bands.retuning import band_of, check_cutoffs, resized, samples_to_settle, start_glide
from bandwise.door import (
    FULL_SCALE,
    check_channels,
    form_of,
    is_number,
    shown,
    silence_nonfinite,
    warn_of_nonfinite,
)
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from collections.abc import Sequence

Complex = NDArray[np.complex128]


class Crossover:
    """Split (frames,) or (frames, channels) into (bands, frames, channels), without latency.

    Args:
        cutoffs_hz: 0 to 15 ascending cutoffs from 1 Hz to 0.49 of the sample rate; none means one band.
        sample_rate: Hz.
        order: 2, 4 or 8: each band falls by 12, 24 or 48 dB per octave.
        channels: columns of the audio.

    Raises:
        BandwiseError: for cutoffs that do not ascend or lie outside the range, or another order.

    Example:
        >>> bands = Crossover([120, 1000], 48_000).split(np.ones(480))
        >>> bands.shape
        (3, 480, 1)
    """

    def __init__(
        self, cutoffs_hz: Sequence[float], sample_rate: float, *, order: int = 4, channels: int = 1
    ) -> None:
        if not is_number(sample_rate) or not 0.0 < sample_rate < np.inf:
            raise BandwiseError(
                f"got a sample rate of {shown(sample_rate)} Hz; allowed is any above 0; give one"
            )
        self.sample_rate, self.channels = float(sample_rate), check_channels(channels)
        self.order = check_order(order)
        self.cutoffs_hz = check_cutoffs(cutoffs_hz, sample_rate)
        self.latency_samples = 0
        self.reset()

    @property
    def bands(self) -> int:
        """How many bands come out."""
        return len(self.cutoffs_hz) + 1

    def reset(self) -> None:
        """Forget the past; a glide in progress jumps to its end."""
        self._bank = make_bank(warped_period(self.cutoffs_hz, self.sample_rate), self.order, self.channels)

    def split(self, x: ArrayLike) -> NDArray[np.float64]:
        """Split a whole signal from rest; the streaming state is not touched. Shapes as in `process`."""
        fresh = Crossover(self.cutoffs_hz, self.sample_rate, order=self.order, channels=self.channels)
        return fresh.process(x)

    def process(self, block: ArrayLike) -> NDArray[np.float64]:
        """Split the next block, (frames,) or (frames, channels) -> (bands, frames, channels) float64.

        Blocks of any length give bit for bit what one block gives. Samples are float32 or float64, full
        scale at 1, or int16 or int32; NaN and Inf are treated as silence, with a warning.

        Raises:
            BandwiseError: for another sample type, or if the columns of the block are not `channels`.
        """
        planar = self._planar(block)
        out = np.zeros((self.bands, self.channels, planar.shape[1]))
        start = 0
        while start < planar.shape[1]:
            left = samples_to_settle(self._bank, len(self.cutoffs_hz)) or planar.shape[1]
            stop = min(planar.shape[1], start + left)
            self._split_piece(planar[:, start:stop], out[:, :, start:stop])
            self._settle()
            start = stop
        return np.moveaxis(out, 1, 2)

    def retune(self, cutoffs_hz: Sequence[float]) -> None:
        """Move to new cutoffs, and to another number of bands, while sound plays.

        The sum of the bands stays lossless, and no corner moves so fast that the delay of a tone changes by
        more than 1 %: the level of a steady tone in the sum stays within 0.05 dB (0.07 dB where one change
        breaks off another). A change takes as long as that needs, see `glide_ms`. A new split comes down from
        above all sound as the last one, a superfluous last one leaves that way: bands are counted from the
        lowest, before and after. `process` returns the new number of bands at once.

        Raises:
            BandwiseError: as for the constructor.
        """
        self.cutoffs_hz = check_cutoffs(cutoffs_hz, self.sample_rate)
        splits = max(len(self._bank.period), len(self.cutoffs_hz))
        self._bank = resized(self._bank, splits, self.order, self.channels)
        start_glide(self._bank, self.cutoffs_hz, self.sample_rate, self.order)
        self._settle()

    @property
    def glide_ms(self) -> float:
        """How long the change in progress still takes, 0 if there is none."""
        return 1000.0 * float(self._bank.gliding[0]) / self.sample_rate

    def response(self, hz: ArrayLike) -> Complex:
        """Response of each band at `hz` in closed form, (bands, *hz.shape) complex."""
        return band_responses(self.cutoffs_hz, self.order, hz, self.sample_rate)

    def sum_response(self, hz: ArrayLike) -> Complex:
        """Response of the sum of all bands: the product of one all-pass per split, so of magnitude 1."""
        return np.asarray(self.response(hz).sum(axis=0))

    def _planar(self, block: ArrayLike) -> NDArray[np.float64]:
        samples: NDArray[Any] = np.asarray(block)
        form = form_of(samples, self.channels)
        columns = samples[:, None] if form.flat else samples
        planar = np.array(columns.T / FULL_SCALE[form.dtype], np.float64, order="C")
        if silence_nonfinite(planar):
            warn_of_nonfinite()
        return planar

    def _split_piece(self, planar: NDArray[np.float64], out: NDArray[np.float64]) -> None:
        """Run all splits over (channels, n) and add each running band to the band it counts to."""
        running = band_of(self._bank, len(self.cutoffs_hz))
        rows = np.zeros((len(running) * self.channels, planar.shape[1]))
        rows[: self.channels] = planar
        split_bands(self._bank, self.channels, rows, 0, rows.shape[1])
        for band, lanes in zip(running, rows.reshape(len(running), self.channels, -1), strict=True):
            out[band] += lanes

    def _settle(self) -> None:
        """Take splits out that have left."""
        if self._bank.gliding[0] == 0 and len(self._bank.period) > len(self.cutoffs_hz):
            self._bank = resized(self._bank, len(self.cutoffs_hz), self.order, self.channels)
