"""The multiband dynamics processor: split, compress and limit each band, sum, limit."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.bands.linkwitz_riley import band_responses
from bandwise.bands.retuning import check_cutoffs
from bandwise.door import form_of, silence_nonfinite, to_planar
from bandwise.dynamics.parameters import groups_of
from bandwise.dynamics.running import Planar, Running
from bandwise.dynamics.store import load_settings
from bandwise.errors import BandwiseError
from bandwise.stream import Audio, BlockProcessor

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import ArrayLike, NDArray

    from bandwise.dynamics.settings import MultibandSettings


class MultibandDynamics(BlockProcessor):
    """A streaming multiband compressor and limiter with a limiter on the sum.

    Args:
        settings: `MultibandSettings`, the name of a preset (whose bands beyond the rate are left out), or the
            path of a TOML file.
        sample_rate: 8,000 to 192,000 Hz.
        channels: columns of the audio.

    One thread may call `update` and read `gain_reduction_db` while another processes: they take turns. A
    copy, or what comes of a pickle, goes on by itself from the same sample.

    Raises:
        BandwiseError: for settings that cannot run at this rate or with these channels.

    Example:
        >>> MultibandDynamics("transparent", 48_000).process(np.zeros(480, np.float32)).shape
        (480,)
    """

    def __init__(
        self,
        settings: MultibandSettings | str | PathLike[str] = "transparent",
        sample_rate: int = 48_000,
        channels: int = 1,
    ) -> None:
        super().__init__(sample_rate, channels)
        self._turn = Turn()
        self._running = Running(self._checked(settings), self.sample_rate, self.channels)
        self._key: Planar | None = None
        self.latency_samples = self._running.latency_samples

    @property
    def settings(self) -> MultibandSettings:
        """The settings in force, or on their way by a ramp."""
        return self._running.settings

    def process(self, block: Audio, *, reset: bool = False, sidechain: ArrayLike | None = None) -> Audio:
        """Process one block of any length: (frames,) or (frames, channels) -> same shape and dtype.

        Args:
            block: float32 or float64 in [-1, 1], int16 or int32.
            reset: start a fresh signal with this block.
            sidechain: what the compressors listen to instead, of the same shape; limiters always listen to
                the signal itself.

        Raises:
            BandwiseError: for another layout or sample type, or a side chain of another shape.
        """
        if sidechain is None:
            return super().process(block, reset=reset)
        self._key = self._planar_key(np.asarray(sidechain), np.shape(block))
        try:
            return super().process(block, reset=reset)
        finally:
            self._key = None

    def update(self, settings: MultibandSettings | str | PathLike[str]) -> None:
        """Change to other settings while sound plays: by the smallest change, without a click.

        Parameters ramp for 20 ms; cutoffs glide, and bands come and go, as `Crossover.retune` says. While
        bands come, those that were there keep their settings until all edges have arrived.

        Raises:
            BandwiseError: if the change would need another latency, order or linking: build a new processor.
        """
        new = self._checked(settings)
        with self._turn:
            refuse_rebuilding(self.settings, new, self.channels)
            self._running.change_to(new)

    @property
    def gain_reduction_db(self) -> dict[str, Any]:
        """Largest reduction of the last block in dB, {"bands": (bands,) array, "output": float}.

        Positive numbers are reductions; make-up, gains in front and what clipping cuts are not counted.
        """
        with self._turn:
            return self._running.reduction_db()

    def response(self, hz: ArrayLike) -> NDArray[np.complex128]:
        """Response of the crossover and the delay, in closed form; gains, mutes and solos are left out."""
        frequency = np.asarray(hz, dtype=np.float64)
        total = self.band_responses(frequency).sum(axis=0).reshape(frequency.shape)
        return np.asarray(total * np.exp(-2j * np.pi * frequency * self.latency_samples / self.sample_rate))

    def band_responses(self, hz: ArrayLike) -> NDArray[np.complex128]:
        """Response of each band's filter, (bands, *hz.shape) complex, latency left out."""
        s = self.settings
        return band_responses(s.cutoffs_hz, s.order, hz, self.sample_rate, compensated=s.compensated)

    def _checked(self, settings: MultibandSettings | str | PathLike[str]) -> MultibandSettings:
        loaded = load_settings(settings, self.sample_rate)
        check_cutoffs(loaded.cutoffs_hz, self.sample_rate)
        groups_of(loaded, self.channels)
        return loaded

    def _planar_key(self, key: NDArray[Any], shape: tuple[int, ...]) -> Planar:
        if key.shape != shape:
            raise BandwiseError(
                f"got a side chain of shape {key.shape} with a block of shape {shape}; "
                "allowed is the same shape; cut both alike"
            )
        planar = to_planar(key, form_of(key, self.channels))
        silence_nonfinite(planar)
        return planar

    def _process(self, planar: Planar) -> Planar:
        with self._turn:
            return self._running.run(planar, self._key)

    def flush(self) -> NDArray[Any]:
        """Return the delayed tail, `latency_samples` long, in the form of the last block; start afresh.

        A side chain, if there was one with the last block, is silent in it.
        """
        silence = np.zeros((self.channels, self.latency_samples), np.float32)
        self._key = silence if self._running.keyed else None
        try:
            return super().flush()
        finally:
            self._key = None

    def _reset(self) -> None:
        with self._turn:
            self._running.reset()


class Turn:
    """A lock of which every copy of its owner gets one of its own."""

    def __init__(self) -> None:
        self._lock = Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def __reduce__(self) -> tuple[type[Turn], tuple[()]]:
        return Turn, ()


def refuse_rebuilding(old: MultibandSettings, new: MultibandSettings, channels: int) -> None:
    """Raise BandwiseError if a change needs other delays, filters or groups than those that run."""
    fixed: dict[str, tuple[object, object]] = {
        "lookahead_ms": (old.lookahead_ms, new.lookahead_ms),
        "order": (old.order, new.order),
        "compensated": (old.compensated, new.compensated),
        "output.true_peak": (old.output.true_peak, new.output.true_peak),
    }
    if groups_of(new, channels)[0] != groups_of(old, channels)[0]:
        fixed["link"] = old.link, new.link
    for name, (before, after) in fixed.items():
        if before != after:
            raise BandwiseError(
                f"got {name} = {after} in update(); allowed is {before}, which the delays are built for; "
                "make a new MultibandDynamics"
            )
