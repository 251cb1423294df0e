"""The experiment: every processor at every volume, at equal loudness; seeded, resumed where it stopped."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandwise import __version__
from bandwise.errors import BandwiseError
from bandwise.lab.bench import Bench
from bandwise.lab.drives import Drives
from bandwise.lab.equal_bass import equal_bass_row, equal_distortion_row
from bandwise.lab.files import digest, write_csv, write_text
from bandwise.lab.hearing import Echo, Listener, echo_of
from bandwise.lab.measuring import Loudness, Row, other_row, sound_row, tone_row
from bandwise.lab.plan import BASELINE, NONE, Materials, Plan
from bandwise.lab.programme import SAMPLE_RATE, joined
from bandwise.lab.talker import spoken
from bandwise.measure.levels import rms

if TYPE_CHECKING:
    from bandwise.lab.matching import Heard

Doubles = NDArray[np.float64]


class Experiment:
    """Runs a plan into a folder; each finished point is a file there, and is not measured again.

    Args:
        plan: what to measure.
        bench: the device.
        materials: programme, words and processors.
        folder: of the results.

    Raises:
        BandwiseError: if the folder holds an experiment with other settings.
    """

    def __init__(self, plan: Plan, bench: Bench, materials: Materials, folder: Path) -> None:
        self.plan, self.bench, self.materials, self.folder = plan, bench, materials, folder
        self._baselines: dict[float, Heard] = {}
        (folder / "points").mkdir(parents=True, exist_ok=True)
        self._claim()
        self.bass_heavy = joined(materials.pieces, plan.measured_seconds, bass_heavy=True)
        self.drives = Drives(plan, bench, materials, self.bass_heavy)
        self.other = joined(materials.pieces, plan.measured_seconds / 2.0, bass_heavy=False)

    def points(self) -> list[tuple[str, float]]:
        """Every (processor, volume), the loudest volumes first, as they tell most."""
        names = self.materials.processors
        return [(name, volume) for volume in sorted(self.plan.volumes_db, reverse=True) for name in names]

    def total(self) -> int:
        """How many times `run` calls `on_point`."""
        return len(self.points()) + len(self.materials.processors) + 1

    def run(self, on_point: Callable[[str], None] = lambda _name: None) -> list[Row]:
        """Measure what is missing; all rows, in the order of `points`, and write results.csv.

        `on_point` is called with the name of every point as it is done.
        """
        kept = partial(self._kept, on_point)
        curves = self.drives.curves(kept)
        silence: Row = kept("without music", self._silence)
        rows: list[Row] = [
            kept(f"{name}_{volume:g}", partial(self._measure, name, volume, curves)) | silence
            for name, volume in self.points()
        ]
        write_csv(self.folder / "results.csv", rows)
        return rows

    def _kept(self, on_point: Callable[[str], None], name: str, make: Callable[[], Any]) -> Any:
        """What `make` gives, from the file of this point if it was made before."""
        path = self.folder / "points" / f"{name}.json"
        if not path.is_file():
            write_text(path, json.dumps(make(), indent=1))
        on_point(name)
        return json.loads(path.read_text())

    def _silence(self) -> Row:
        return self._listener.without_music()

    def _measure(self, name: str, volume: float, curves: dict[str, Loudness]) -> Row:
        settings, seconds = self.materials.processors[name], self.plan.measured_seconds
        bench, wanted = self.drives.bench_for(name), self.drives.wanted_lufs(volume, curves)
        drive_db = self.drives.exact_db(name, volume, curves)
        row: Row = {"processor": name, "volume_db": volume, "drive_db": drive_db, "wanted_lufs": wanted}
        row |= sound_row(bench, self.bass_heavy, settings, drive_db, seconds)
        if len(self.other):
            row |= other_row(bench, self.other, settings, drive_db, seconds / 2.0)
        row |= tone_row(bench, settings, drive_db)
        row |= self._compared(name, volume, drive_db, curves)
        return row | self._listener.row(self._echo(name, drive_db))

    def _compared(self, name: str, volume: float, drive_db: float, curves: dict[str, Loudness]) -> Row:
        """What can be said only against the baseline: at its bass, and at its distortion."""
        settings, seconds = self.materials.processors[name], self.plan.measured_seconds
        if settings is None or name == BASELINE or BASELINE not in self.materials.processors:
            return {}
        if volume not in self._baselines:
            self._baselines[volume] = self.drives.baseline(volume, curves)
        row: Row = {}
        for compare in (equal_bass_row, equal_distortion_row):
            row |= compare(self.bench, self.bass_heavy, settings, drive_db, self._baselines[volume], seconds)
        return row

    def _echo(self, name: str, drive_db: float) -> Echo:
        x = joined(self.materials.pieces, self.plan.echo_seconds, bass_heavy=True)
        return echo_of(self.drives.bench_for(name), x, self.materials.processors[name], drive_db)

    @cached_property
    def _listener(self) -> Listener:
        """The talker's level follows from the unprocessed echo at volume 0."""
        plan, materials = self.plan, self.materials
        echo = self._echo(NONE, self.bench.full_drive_db).pressure_pa
        rms_pa = rms(echo) * 10 ** (-plan.echo_over_speech_db / 20)
        speech = spoken(list(materials.words), self.bench.room, rms_pa, np.random.default_rng(plan.seed))
        return Listener(
            speech, rms_pa, self.bench.microphone, materials.canceller, materials.detectors, plan.seed
        )

    def _claim(self) -> None:
        """Write what this experiment is, or refuse a folder that holds another."""
        path, mine = self.folder / "settings.json", self.settings()
        if path.is_file() and json.loads(path.read_text()) != json.loads(json.dumps(mine)):
            raise BandwiseError(
                f"got {self.folder}, which holds an experiment with other settings; a folder is resumed with "
                "the same ones only; choose another folder"
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
            "said": sorted(Counter(f"{w.keyword} {w.split}".strip() for w in m.words).items()),
            "room": digest(self.bench.room.listening_path(SAMPLE_RATE)),
            "version": __version__,
            "canceller": m.canceller.name,
            "detectors": [[d.name, d.threshold, split] for d, split in m.detectors],
        }
