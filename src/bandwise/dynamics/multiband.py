"""The multiband dynamics processor: split, compress and limit each band, sum, limit."""

from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.bands.filterbank import make_bank
from bandwise.bands.linkwitz_riley import band_responses, warped_period
from bandwise.bands.retuning import band_of, check_cutoffs, resized, samples_to_settle, start_glide
from bandwise.door import form_of, silence_nonfinite, to_planar
from bandwise.dynamics.compressor import AMOUNT, MAKEUP
from bandwise.dynamics.engine import Engine, Memory, carry_bands, make_engine
from bandwise.dynamics.parameters import GAIN, HEARD, frames_of, groups_of, parameter_rows, switch_rows
from bandwise.dynamics.parts import APPLIED, BAND_GAIN, FIXED, LEAST
from bandwise.dynamics.pipeline import run
from bandwise.dynamics.settings import MultibandSettings
from bandwise.dynamics.store import load_settings
from bandwise.errors import BandwiseError
from bandwise.stream import Audio, BlockProcessor

Planar = NDArray[np.float32]


class MultibandDynamics(BlockProcessor):
    """A streaming multiband compressor and limiter with a limiter on the sum.

    Args:
        settings: `MultibandSettings`, the name of a preset, or the path of a TOML file.
        sample_rate: 8,000 to 192,000 Hz.
        channels: columns of the audio.

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
        self._settings = self._checked(settings)
        self._key: Planar | None = None
        self._frames = frames_of(self._settings, self.sample_rate)
        self.latency_samples = self._frames.latency_samples
        self._reset()

    @property
    def settings(self) -> MultibandSettings:
        """The settings in force, or on their way by a ramp."""
        return self._settings

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
        self._key = None if sidechain is None else self._planar_key(np.asarray(sidechain), np.shape(block))
        try:
            return super().process(block, reset=reset)
        finally:
            self._key = None

    def update(self, settings: MultibandSettings | str | PathLike[str]) -> None:
        """Change to other settings while sound plays: by the smallest change, without a click.

        Parameters ramp for 20 ms; cutoffs glide, and bands come and go, as `Crossover.retune` says.

        Raises:
            BandwiseError: if the change would need another latency, order or linking: build a new processor.
        """
        new = self._checked(settings)
        self._refuse_rebuilding(new)
        moved = new.cutoffs_hz != self._settings.cutoffs_hz
        self._settings = new
        if moved:
            self._rewire()
        self._engine.weights[:] = groups_of(new, self.channels)[1]
        self._write_targets()
        self._engine.clock[2] = self._frames.ramp

    @property
    def gain_reduction_db(self) -> dict[str, Any]:
        """Largest reduction of the last block in dB, {"bands": (bands,) array, "output": float}.

        Positive numbers are reductions; make-up and gains in front are not counted.
        """
        reduction = -20.0 * np.log10(np.maximum(self._engine.state[:, :, LEAST].min(axis=1), 1e-12)) + 0.0
        bands = np.full(len(self._settings.bands), -np.inf)
        np.maximum.at(bands, self._running()[:-1], reduction[:-1])
        return {"bands": bands, "output": float(reduction[-1])}

    def response(self, hz: ArrayLike) -> NDArray[np.complex128]:
        """Response of the linear path at unity dynamics, in closed form, latency included."""
        frequency = np.asarray(hz, dtype=np.float64)
        total = self.band_responses(frequency).sum(axis=0).reshape(frequency.shape)
        return np.asarray(total * np.exp(-2j * np.pi * frequency * self.latency_samples / self.sample_rate))

    def band_responses(self, hz: ArrayLike) -> NDArray[np.complex128]:
        """Response of each band's filter, (bands, *hz.shape) complex, latency left out."""
        s = self._settings
        return band_responses(s.cutoffs_hz, s.order, hz, self.sample_rate, compensated=s.compensated)

    def _checked(self, settings: MultibandSettings | str | PathLike[str]) -> MultibandSettings:
        loaded = settings if isinstance(settings, MultibandSettings) else load_settings(settings)
        check_cutoffs(loaded.cutoffs_hz, self.sample_rate)
        groups_of(loaded, self.channels)
        return loaded

    def _refuse_rebuilding(self, new: MultibandSettings) -> None:
        old = self._settings
        same_groups = groups_of(new, self.channels)[0] == groups_of(old, self.channels)[0]
        fixed: dict[str, tuple[object, object]] = {
            "lookahead_ms": (old.lookahead_ms, new.lookahead_ms),
            "order": (old.order, new.order),
            "compensated": (old.compensated, new.compensated),
            "output.true_peak": (old.output.true_peak, new.output.true_peak),
        }
        fixed |= {} if same_groups else {"link": (old.link, new.link)}
        for name, (before, after) in fixed.items():
            if before != after:
                raise BandwiseError(
                    f"got {name} = {after} in update(); allowed is {before}, which the delays are built for; "
                    "make a new MultibandDynamics."
                )

    def _reset(self) -> None:
        """Forget the past: settings on their way are in force at once."""
        self._settle_in = 0
        period = warped_period(self._settings.cutoffs_hz, self.sample_rate)
        compensated = self._settings.compensated
        banks = [make_bank(period, self._settings.order, self.channels, compensated) for _ in range(2)]
        self._engine, self._memory = self._fresh_engine((banks[0], banks[1]))
        self._write_targets()
        self._jump_to_targets(range(len(self._settings.bands) + 1))
        gain, mix = self._engine.target[-1, GAIN], self._engine.target[-1, HEARD]
        self._engine.output_mix[:] = gain * mix, gain * (1.0 - mix)

    def _fresh_engine(self, banks: Any) -> tuple[Engine, Memory]:
        group, weights = groups_of(self._settings, self.channels)
        return make_engine(banks, self.channels, group, weights, self._frames)

    def _write_targets(self) -> None:
        """Write parameters as targets and switches at once, for each running band those of its settings."""
        rows = self._running()
        seconds = self._frames.samples / self.sample_rate
        self._engine.target[:] = parameter_rows(self._settings, seconds)[rows]
        self._engine.switches[:] = switch_rows(self._settings, self._frames, self.sample_rate)[rows]

    def _jump_to_targets(self, bands: Any) -> None:
        """Take the targets over without a ramp, gains included."""
        engine = self._engine
        for b in bands:
            engine.parameters[b] = engine.target[b]
            engine.state[b, :, APPLIED] = engine.target[b, HEARD]
            if b < len(engine.state) - 1:
                makeup_db = engine.target[b, AMOUNT] * engine.target[b, MAKEUP]
                engine.state[b, :, FIXED] = engine.target[b, GAIN] * 10.0 ** (makeup_db / 20.0)
                engine.state[b, :, BAND_GAIN] = engine.state[b, :, FIXED]

    def _running(self) -> list[int]:
        """The row of settings of each running band, then the output's."""
        bands = len(self._settings.bands)
        return [*band_of(self._engine.bank, bands - 1), bands]

    def _rewire(self) -> None:
        """Send the cutoffs on their way, new splits included."""
        cutoffs_hz, order = self._settings.cutoffs_hz, self._settings.order
        self._rebuild(max(len(self._engine.bank.period), len(cutoffs_hz)))
        for bank in (self._engine.bank, self._engine.key_bank):
            start_glide(bank, cutoffs_hz, self.sample_rate, order)
        self._settle_in = self._samples_to_settle()

    def _samples_to_settle(self) -> int:
        """Samples up to the end of the frame in which superfluous bands can go; 0 if there are none."""
        size = self._frames.samples
        frames = -(-samples_to_settle(self._engine.bank, len(self._settings.cutoffs_hz)) // size)
        return frames * size - int(self._engine.clock[1]) if frames else 0

    def _rebuild(self, splits: int) -> None:
        old, order = self._engine, self._settings.order
        banks = tuple(resized(bank, splits, order, self.channels) for bank in (old.bank, old.key_bank))
        self._engine, self._memory = self._fresh_engine(banks)
        carry_bands(old, self._engine)
        self._write_targets()
        self._jump_to_targets(range(len(old.bank.period) + 1, splits + 1))

    def _planar_key(self, key: NDArray[Any], shape: tuple[int, ...]) -> Planar:
        if key.shape != shape:
            raise BandwiseError(
                f"got a side chain of shape {key.shape} with a block of shape {shape}; "
                "allowed is the same shape; cut both alike."
            )
        planar = to_planar(key, form_of(key, self.channels))
        silence_nonfinite(planar)
        return planar

    def _process(self, planar: Planar) -> Planar:
        out = np.empty_like(planar)
        self._engine.state[:, :, LEAST].fill(1.0)
        key = planar if self._key is None else self._key
        start, frames = 0, planar.shape[1]
        while start < frames:
            stop = min(frames, start + (self._settle_in or frames))
            run(self._memory.where, planar, key, self._key is not None, out, start, stop)
            self._settle(stop - start)
            start = stop
        return out

    def _settle(self, samples: int) -> None:
        """Count down a change of bands; at its end, at the edge of a frame, retired bands are taken out."""
        if self._settle_in == 0:
            return
        self._settle_in -= samples
        if self._settle_in == 0:
            self._rebuild(len(self._settings.cutoffs_hz))
