"""The experiment: every processor at every volume, at equal loudness; seeded, resumed where it stopped."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.lab.bench import Bench
from bandwise.lab.equal_bass import equal_bass_row, equal_distortion_row
from bandwise.lab.files import digest, write_csv, write_text
from bandwise.lab.hearing import Echo, Listener, echo_of
from bandwise.lab.matching import Heard, heard
from bandwise.lab.measuring import (
    Loudness,
    Row,
    loudness_curve,
    other_row,
    settled_drive,
    sound_row,
    tone_row,
)  # fmt: skip
from bandwise.lab.plan import BASELINE, LINEAR, NONE, Materials, Plan
from bandwise.lab.programme import joined
from bandwise.lab.talker import spoken

Doubles = NDArray[np.float64]

LOUDNESS_STEP_DB = 6.0


class Experiment:
    """Runs a plan into a folder; each finished point is a file there, and is not measured again.

    Args:
        plan: what to measure.
        bench: the device.
        materials: programme, words and processors.
        folder: of the results.
        on_point: called with the name of every point as it is done.

    Raises:
        BandwiseError: if the folder holds an experiment with other settings.
    """

    def __init__(
        self,
        plan: Plan,
        bench: Bench,
        materials: Materials,
        folder: Path,
        on_point: Callable[[str], None] = lambda _name: None,
    ) -> None:
        self.plan, self.bench, self.materials, self.folder = plan, bench, materials, folder
        self._on_point = on_point
        self._baselines: dict[float, Heard] = {}
        (folder / "points").mkdir(parents=True, exist_ok=True)
        self._claim()
        self.bass_heavy = joined(materials.pieces, plan.measured_seconds, bass_heavy=True)
        self.other = joined(materials.pieces, plan.measured_seconds / 2.0, bass_heavy=False)

    def points(self) -> list[tuple[str, float]]:
        """Every (processor, volume), the loudest volumes first, as they tell most."""
        names = self.materials.processors
        return [(name, volume) for volume in sorted(self.plan.volumes_db, reverse=True) for name in names]

    def total(self) -> int:
        """How many times `on_point` will be called."""
        return len(self.points()) + len(self.materials.processors) + 1

    def run(self) -> list[Row]:
        """Measure what is missing; all rows, in the order of `points`, and write results.csv."""
        curves = {name: self._curve(name) for name in self.materials.processors}
        silence: Row = self._kept("without music", self._silence)
        rows: list[Row] = [
            self._kept(f"{name}_{volume:g}", partial(self._measure, name, volume, curves)) | silence
            for name, volume in self.points()
        ]
        write_csv(self.folder / "results.csv", rows)
        return rows

    def bench_for(self, name: str) -> Bench:
        """The device, or its linear twin."""
        return self.bench.twin() if name == LINEAR else self.bench

    def wanted_lufs(self, volume_db: float, curves: Mapping[str, Loudness]) -> float:
        """How loud the unprocessed device is at a volume."""
        return curves[NONE].at(volume_db + self.bench.full_drive_db)

    def drive_db(self, name: str, volume_db: float, curves: Mapping[str, Loudness]) -> float:
        """The drive at which a processor is as loud as none is at this volume."""
        if name == NONE:
            return volume_db + self.bench.full_drive_db
        return curves[name].drive_for(self.wanted_lufs(volume_db, curves))

    def _kept(self, name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, from the file of this point if it was made before."""
        path = self.folder / "points" / f"{name}.json"
        if not path.is_file():
            write_text(path, json.dumps(make(), indent=1))
        self._on_point(name)
        return json.loads(path.read_text())

    def _silence(self) -> Row:
        return self._listener.without_music()

    def _measure(self, name: str, volume: float, curves: Mapping[str, Loudness]) -> Row:
        settings, seconds = self.materials.processors[name], self.plan.measured_seconds
        bench, wanted = self.bench_for(name), self.wanted_lufs(volume, curves)
        drive_db = self._settled(name, volume, curves)
        row: Row = {"processor": name, "volume_db": volume, "drive_db": drive_db, "wanted_lufs": wanted}
        row |= sound_row(bench, self.bass_heavy, settings, drive_db, seconds)
        if len(self.other):
            row |= other_row(bench, self.other, settings, drive_db, seconds / 2.0)
        row |= tone_row(bench, settings, drive_db)
        if settings is not None and name != BASELINE and BASELINE in self.materials.processors:
            baseline = self._baseline(volume, curves)
            for compare in (equal_bass_row, equal_distortion_row):
                row |= compare(bench, self.bass_heavy, settings, drive_db, baseline, seconds)
        return row | self._listener.row(self._echo(name, drive_db))

    def _settled(self, name: str, volume: float, curves: Mapping[str, Loudness]) -> float:
        """The drive from the curve, made exact."""
        guess = self.drive_db(name, volume, curves)
        if name == NONE:
            return guess
        wanted = self.wanted_lufs(volume, curves)
        return settled_drive(
            self.bench_for(name), self.bass_heavy, self.materials.processors[name], wanted, guess
        )

    def _baseline(self, volume: float, curves: Mapping[str, Loudness]) -> Heard:
        """What the baseline does at this volume, measured once."""
        if volume not in self._baselines:
            drive_db, settings = self._settled(BASELINE, volume, curves), self.materials.processors[BASELINE]
            self._baselines[volume] = heard(
                self.bench, self.bass_heavy, settings, drive_db, self.plan.measured_seconds
            )
        return self._baselines[volume]

    def _echo(self, name: str, drive_db: float) -> Echo:
        x = joined(self.materials.pieces, self.plan.echo_seconds, bass_heavy=True)
        return echo_of(self.bench_for(name), x, self.materials.processors[name], drive_db)

    @cached_property
    def _listener(self) -> Listener:
        """The talker's level follows from the unprocessed echo at volume 0."""
        plan, materials = self.plan, self.materials
        echo = self._echo(NONE, self.bench.full_drive_db).pressure_pa
        rms_pa = float(np.sqrt(np.mean(np.square(echo)))) * 10 ** (-plan.echo_over_speech_db / 20)
        speech = spoken(list(materials.words), self.bench.room, rms_pa, np.random.default_rng(plan.seed))
        return Listener(
            speech, rms_pa, self.bench.microphone, materials.canceller, materials.detectors, plan.seed
        )

    def _curve(self, name: str) -> Loudness:
        """The loudness curve of a processor."""
        settings, drives = self.materials.processors[name], self._drives_db(name)
        bench = self.bench_for(name)

        def make() -> list[list[float]]:
            curve = loudness_curve(bench, self.bass_heavy, settings, drives)
            return [curve.drive_db.tolist(), curve.lufs.tolist()]

        drive, lufs = self._kept(f"loudness_{name}", make)
        return Loudness(np.array(drive), np.array(lufs))

    def _drives_db(self, name: str) -> list[float]:
        """None is wanted at its volumes only; the others from far below to far above, the twin is linear."""
        full = self.bench.full_drive_db
        if name == NONE:
            return sorted(volume + full for volume in self.plan.volumes_db)
        low, top = min(self.plan.volumes_db) + full - 12.0, full + self.plan.extra_drive_db
        steps = 1 if name == LINEAR else max(1, round((top - low) / LOUDNESS_STEP_DB))
        return [float(drive) for drive in np.linspace(low, top, steps + 1)]

    def _claim(self) -> None:
        """Write what this experiment is, or refuse a folder that holds another."""
        path, mine = self.folder / "settings.json", self.settings()
        if path.is_file() and json.loads(path.read_text()) != json.loads(json.dumps(mine)):
            raise BandwiseError(
                f"got {self.folder}, which holds an experiment with other settings; a folder is resumed with "
                "the same ones only; choose another folder."
            )
        write_text(path, json.dumps(mine, indent=1))

    def settings(self) -> dict[str, Any]:
        """All that decides the results, as JSON takes it."""
        m = self.materials
        return {
            "plan": asdict(self.plan),
            "bench": asdict(self.bench),
            "processors": {name: s and asdict(s) for name, s in m.processors.items()},
            "pieces": {piece.name: digest(piece.samples) for piece in m.pieces},
            "words": digest(np.concatenate([w.samples for w in m.words])) if m.words else "",
            "canceller": m.canceller.name,
            "detectors": [[d.name, d.threshold, split] for d, split in m.detectors],
        }
