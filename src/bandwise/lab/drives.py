"""Equal loudness: which drive makes a processor as loud as the unprocessed device is at a volume."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.bench import Bench
from bandwise.lab.matching import Heard, heard
from bandwise.lab.measuring import Loudness, loudness_curve, settled_drive
from bandwise.lab.plan import BASELINE, LINEAR, NONE, Materials, Plan

Doubles = NDArray[np.float64]
Keep = Callable[[str, Callable[[], Any]], Any]

LOUDNESS_STEP_DB = 6.0


@dataclass(frozen=True)
class Drives:
    """Finds drives from loudness curves, which are measured first; then makes them exact.

    `programme` (frames,) is what is played.
    """

    plan: Plan
    bench: Bench
    materials: Materials
    programme: Doubles

    def curves(self, kept: Keep) -> dict[str, Loudness]:
        """Loudness curves by processor; `kept` gives what was made under a name before, or makes it."""
        names = self.materials.processors
        found = {name: kept(f"loudness_{name}", partial(self._curve, name)) for name in names}
        return {name: Loudness(np.array(drive), np.array(lufs)) for name, (drive, lufs) in found.items()}

    def bench_for(self, name: str) -> Bench:
        """The device, or its linear twin."""
        return self.bench.twin() if name == LINEAR else self.bench

    def wanted_lufs(self, volume_db: float, curves: dict[str, Loudness]) -> float:
        """How loud the unprocessed device is at a volume."""
        return curves[NONE].at(volume_db + self.bench.full_drive_db)

    def drive_db(self, name: str, volume_db: float, curves: dict[str, Loudness]) -> float:
        """The drive at which a processor is as loud as none is at this volume, by its curve."""
        if name == NONE:
            return volume_db + self.bench.full_drive_db
        return curves[name].drive_for(self.wanted_lufs(volume_db, curves))

    def exact_db(self, name: str, volume_db: float, curves: dict[str, Loudness]) -> float:
        """The same, tried and made exact."""
        guess, settings = self.drive_db(name, volume_db, curves), self.materials.processors[name]
        if name == NONE:
            return guess
        wanted = self.wanted_lufs(volume_db, curves)
        return settled_drive(self.bench_for(name), self.programme, settings, wanted, guess)

    def baseline(self, volume_db: float, curves: dict[str, Loudness]) -> Heard:
        """What the baseline does at this volume."""
        drive_db = self.exact_db(BASELINE, volume_db, curves)
        settings = self.materials.processors[BASELINE]
        return heard(self.bench, self.programme, settings, drive_db, self.plan.measured_seconds)

    def _curve(self, name: str) -> list[list[float]]:
        settings = self.materials.processors[name]
        curve = loudness_curve(self.bench_for(name), self.programme, settings, self._tried_db(name))
        return [curve.drive_db.tolist(), curve.lufs.tolist()]

    def _tried_db(self, name: str) -> list[float]:
        """None is wanted at its volumes only; the others from far below to far above, the twin is linear."""
        full = self.bench.full_drive_db
        if name == NONE:
            return sorted(volume + full for volume in self.plan.volumes_db)
        low, top = min(self.plan.volumes_db) + full - 12.0, full + self.plan.extra_drive_db
        steps = 1 if name == LINEAR else max(1, round((top - low) / LOUDNESS_STEP_DB))
        return [float(drive) for drive in np.linspace(low, top, steps + 1)]
