"""The bands at work: an engine, and what reconfigures it while sound plays."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.bank import Bank, make_bank
from bandwise.bands.linkwitz_riley import warped_period
from bandwise.bands.retuning import band_of, resized, samples_to_settle, start_glide
from bandwise.dynamics.compressor import AMOUNT, MAKEUP
from bandwise.dynamics.engine import carry_bands, make_engine
from bandwise.dynamics.limiter import CEILING
from bandwise.dynamics.parameters import (
    CUT,
    GAIN,
    HEARD,
    LIMIT,
    clips,
    frames_of,
    groups_of,
    limits,
    parameter_rows,
    switch_rows,
)
from bandwise.dynamics.parts import APPLIED, BAND_GAIN, CUT_AT, CUTTING, FIXED, LEAST
from bandwise.dynamics.pipeline import run
from bandwise.dynamics.settings import MultibandSettings

Planar = NDArray[np.float32]


class Running:
    """Planar float32 in and out, at one rate, for a fixed number of channels.

    While bands go, more of them run than the settings have: those that go count to the last. While bands
    come, those that are there keep their settings until all edges have arrived: a band that is to be muted
    below a new split would else take everything with it. Compiled code writes to the memory without the
    interpreter's lock, and a change of bands makes a new one: threads have to take turns.
    """

    _held: tuple[NDArray[np.float64], NDArray[np.int64]] | None

    def __init__(self, settings: MultibandSettings, sample_rate: int, channels: int) -> None:
        self.settings, self.sample_rate, self.channels = settings, sample_rate, channels
        self._frames = frames_of(settings, sample_rate)
        self.latency_samples = self._frames.latency_samples
        self.reset()

    def __getstate__(self) -> tuple[Any, ...]:
        """What a copy needs: the contents of the memory, not its addresses."""
        given = self.settings, self.sample_rate, self.channels
        contents = self.memory.floats, self.memory.integers
        waiting = self._settle_in, self._hold_in, self._held
        return given, waiting, self.keyed, len(self.engine.bank.period), contents

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        """Build the same engine anew and write the contents into its memory."""
        given, waiting, keyed, splits, contents = state
        Running.__init__(self, *given)
        (self._settle_in, self._hold_in, self._held), self.keyed = waiting, keyed
        self._build(*(self._bank(np.zeros(splits)) for _ in range(2)))
        self.memory.floats[:], self.memory.integers[:] = contents

    def reset(self) -> None:
        """Forget the past: settings on their way are in force at once."""
        self._settle_in, self._hold_in, self._held, self.keyed = 0, 0, None, False
        period = warped_period(self.settings.cutoffs_hz, self.sample_rate)
        self._build(*(self._bank(period) for _ in range(2)))
        self._jump_to_targets(range(len(self.settings.bands) + 1))
        gain, mix = self.engine.target[-1, GAIN], self.engine.target[-1, HEARD]
        self.engine.output_mix[:] = gain * mix, gain * (1.0 - mix)

    def run(self, planar: Planar, key: Planar | None) -> Planar:
        """Process (channels, n) samples in place; the compressors listen to `key` if there is one."""
        if key is not None and not self.keyed:
            self._listen_from_here()
        self.keyed = key is not None
        listened = planar if key is None else key
        start, frames = 0, planar.shape[1]
        while start < frames:
            stop = min([frames, *(start + due for due in (self._settle_in, self._hold_in) if due)])
            run(self.memory.address, planar, listened, key is not None, start, stop)
            if self._settle_in:
                self._settle(stop - start)
            if self._hold_in:
                self._hold(stop - start)
            start = stop
        return planar

    def change_to(self, settings: MultibandSettings) -> None:
        """Go to settings that need no other delays: parameters by a ramp, cutoffs by a glide."""
        before, self.settings = self.settings, settings
        if settings == before:
            return
        if settings.cutoffs_hz != before.cutoffs_hz:
            if len(settings.bands) > len(before.bands):
                self._held = self.engine.target[:-1].copy(), self.engine.switches[:-1].copy()
            self._rewire()
            if self._held is not None:
                self._hold_in = self._to_edge(max(1, int(self.engine.bank.gliding[0])))
        self.engine.weights[1] = groups_of(settings, self.channels)[1]
        self._write_targets()
        if limits(before.output) and clips(settings.output):
            self.engine.parameters[-1, CUT] = 1.0  # all is under the ceiling, and has to stay there
        self.engine.clock[2] = self._frames.ramp

    def reduction_db(self) -> dict[str, Any]:
        """Largest reduction of the last block, of each band of the settings and of the output.

        Where it ended no frame, that of the last block that did.
        """
        reduction = -20.0 * np.log10(np.maximum(self.engine.state[:, :, LEAST].min(axis=1), 1e-12)) + 0.0
        bands = np.full(len(self.settings.bands), -np.inf)
        np.maximum.at(bands, self._rows()[:-1], reduction[:-1])
        return {"bands": bands, "output": float(reduction[-1])}

    def _listen_from_here(self) -> None:
        """A side chain begins: so far the compressors listened to the sound itself, at its cutoffs."""
        for own, of_sound in zip(self.engine.key_bank, self.engine.bank, strict=True):
            if isinstance(own, np.ndarray):
                own[...] = of_sound

    def _bank(self, period: NDArray[np.float64]) -> Bank:
        """A bank at rest with these splits."""
        return make_bank(period, self.settings.order, self.channels, self.settings.compensated)

    def _build(self, bank: Bank, key_bank: Bank) -> None:
        """A new engine around these banks, at rest, with its targets."""
        group, weights = groups_of(self.settings, self.channels)
        self.engine, self.memory = make_engine((bank, key_bank), self.channels, group, weights, self._frames)
        self._write_targets()

    def _rows(self) -> list[int]:
        """The row of settings of each running band, then the output's."""
        bands = len(self.settings.bands)
        return [*band_of(self.engine.bank, bands - 1), bands]

    def _write_targets(self) -> None:
        """Write parameters as targets and switches at once, for each running band those of its settings."""
        rows = self._rows()
        seconds = self._frames.samples / self.sample_rate
        self.engine.target[:] = parameter_rows(self.settings, seconds)[rows]
        self.engine.switches[:] = switch_rows(self.settings, self._frames, self.sample_rate)[rows]
        if self._held is not None:
            count = min(len(self._held[0]), len(rows) - 1)
            self.engine.target[:count], self.engine.switches[:count] = (old[:count] for old in self._held)

    def _jump_to_targets(self, bands: Iterable[int]) -> None:
        """Take the targets over without a ramp, gains included."""
        engine = self.engine
        for b in bands:
            engine.parameters[b] = engine.target[b]
            engine.state[b, :, APPLIED] = engine.target[b, HEARD]
            engine.state[b, :, CUTTING] = engine.target[b, CUT]
            engine.state[b, :, CUT_AT] = engine.target[b, LIMIT + CEILING]
            if b < len(engine.state) - 1:
                makeup_db = engine.target[b, AMOUNT] * engine.target[b, MAKEUP]
                engine.state[b, :, FIXED] = engine.target[b, GAIN] * 10.0 ** (makeup_db / 20.0)
                engine.state[b, :, BAND_GAIN] = engine.state[b, :, FIXED]

    def _rewire(self) -> None:
        """Send the cutoffs on their way, new splits included."""
        cutoffs_hz, order = self.settings.cutoffs_hz, self.settings.order
        self._resize(max(len(self.engine.bank.period), len(cutoffs_hz)))
        for bank in (self.engine.bank, self.engine.key_bank):
            start_glide(bank, cutoffs_hz, self.sample_rate, order)
        self._settle_in = self._samples_to_settle()

    def _samples_to_settle(self) -> int:
        """Samples up to the end of the frame in which superfluous bands can go; 0 if there are none."""
        samples = samples_to_settle(self.engine.bank, len(self.settings.cutoffs_hz))
        return self._to_edge(samples) if samples else 0

    def _to_edge(self, samples: int) -> int:
        """Samples up to the end of the frame in which so many of whole frames are over."""
        size = self._frames.samples
        return -(-samples // size) * size - int(self.engine.clock[1])

    def _hold(self, samples: int) -> None:
        """Count down the arrival of new bands; at its end the others go to their settings."""
        self._hold_in -= samples
        if self._hold_in == 0:
            self._held = None
            self._write_targets()
            self.engine.clock[2] = self._frames.ramp

    def _settle(self, samples: int) -> None:
        """Count down a change of bands; at its end, at the edge of a frame, retired bands are taken out."""
        self._settle_in -= samples
        if self._settle_in == 0:
            self._resize(len(self.settings.cutoffs_hz))

    def _resize(self, splits: int) -> None:
        """Go on with as many splits, the sound in the delays included."""
        old, order = self.engine, self.settings.order
        self._build(*(resized(bank, splits, order, self.channels) for bank in (old.bank, old.key_bank)))
        carry_bands(old, self.engine)
        self._jump_to_targets(range(len(old.bank.period) + 1, splits + 1))
