"""The experiment: every processor at every volume, at equal loudness; seeded, resumed where it stopped."""

import csv
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.device.echo import EchoCanceller
from bandwise.device.wakeword import WakeWordDetector
from bandwise.dynamics.settings import MultibandSettings
from bandwise.errors import BandwiseError
from bandwise.lab.bench import Bench
from bandwise.lab.measuring import (
    Echo,
    Loudness,
    Row,
    echo_of,
    loudness_curve,
    sound_row,
    speech_row,
    tone_row,
)
from bandwise.lab.programme import SAMPLE_RATE, Piece
from bandwise.lab.talker import Speech, Word, spoken

Doubles = NDArray[np.float64]

NONE = "none"
LOUDNESS_STEPS_DB = 6.0


@dataclass(frozen=True)
class Plan:
    """What is measured. Volumes in dB; `echo_over_speech_db`: of the echo over the talker at volume 0.

    The talker's level follows from that: real devices turn their microphones away from their loudspeaker and
    listen with several of them, which is not simulated.
    """

    volumes_db: tuple[float, ...] = (-30.0, -18.0, -12.0, -6.0, -3.0, 0.0)
    echo_over_speech_db: float = 20.0
    measured_seconds: float = (
        2.0  # of each bass-heavy piece, for loudness, bass and distortion; half of others
    )
    echo_seconds: float = 8.0  # of each piece, for echo and wake words
    extra_drive_db: float = (
        24.0  # how far a processor may be driven beyond volume 0 to be as loud as the others
    )
    seed: int = 1
    distortion_target_percent: float = 6.0
    tuning_evaluations: int = 60


@dataclass(frozen=True)
class Materials:
    """What it is measured with; a processor that is None does nothing."""

    processors: Mapping[str, MultibandSettings | None]
    pieces: Sequence[Piece]
    words: Sequence[Word]
    canceller: EchoCanceller
    detectors: Sequence[tuple[WakeWordDetector, str | None]] = field(default=())


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
        return len(self.points()) + len(self.materials.processors)

    def run(self) -> list[Row]:
        """Measure what is missing; all rows, in the order of `points`, and write results.csv."""
        curves = {name: self._curve(name) for name in self.materials.processors}
        speech, speech_rms_pa = self._speech()
        rows = []
        for name, volume in self.points():
            path = self.folder / "points" / f"{name}_{volume:g}.json"
            if not path.is_file():
                row = self._measure(name, volume, curves, speech, speech_rms_pa)
                write_text(path, json.dumps(row, indent=1))
            rows.append(json.loads(path.read_text()))
            self._on_point(f"{name} {volume:g} dB")
        write_csv(self.folder / "results.csv", rows)
        return rows

    def drive_db(self, name: str, volume_db: float, curves: Mapping[str, Loudness]) -> float:
        """The drive at which a processor is as loud as none is at this volume."""
        reference = curves[NONE]
        nominal = volume_db + self.bench.full_drive_db
        if name == NONE:
            return nominal
        return curves[name].drive_for(float(np.interp(nominal, reference.drive_db, reference.lufs)))

    def _measure(
        self, name: str, volume: float, curves: Mapping[str, Loudness], speech: Speech, rms_pa: float
    ) -> Row:
        settings, drive_db = self.materials.processors[name], self.drive_db(name, volume, curves)
        wanted = float(np.interp(volume + self.bench.full_drive_db, curves[NONE].drive_db, curves[NONE].lufs))
        row: Row = {"processor": name, "volume_db": volume, "drive_db": drive_db, "wanted_lufs": wanted}
        row |= sound_row(self.bench, self.bass_heavy, settings, drive_db)
        if len(self.other):
            other = sound_row(self.bench, self.other, settings, drive_db)
            row |= {f"other_{key}": other[key] for key in ("loudness_lufs", "bass_db", "distortion_percent")}
        row |= tone_row(self.bench, settings, drive_db)
        return row | speech_row(
            self.bench, self._echo(name, drive_db), speech, rms_pa,
            self.materials.canceller, self.materials.detectors, self.plan.seed,
        )  # fmt: skip

    def _echo(self, name: str, drive_db: float) -> Echo:
        x = joined(self.materials.pieces, self.plan.echo_seconds, bass_heavy=True)
        return echo_of(self.bench, x, self.materials.processors[name], drive_db)

    def _speech(self) -> tuple[Speech, float]:
        """The talker and his RMS in Pa: the unprocessed echo at volume 0 is `echo_over_speech_db` above."""
        echo = self._echo(NONE, self.bench.full_drive_db).pressure_pa
        rms_pa = float(np.sqrt(np.mean(np.square(echo)))) * 10 ** (-self.plan.echo_over_speech_db / 20)
        rng = np.random.default_rng(self.plan.seed)
        return spoken(list(self.materials.words), self.bench.room, rms_pa, rng), rms_pa

    def _curve(self, name: str) -> Loudness:
        """The loudness curve of a processor, kept in a file."""
        path = self.folder / "points" / f"loudness_{name}.json"
        if not path.is_file():
            top = self.bench.full_drive_db + (0.0 if name == NONE else self.plan.extra_drive_db)
            drives = np.arange(min(self.plan.volumes_db) + self.bench.full_drive_db - 12.0, top + 0.1, 3.0)
            if name != NONE:
                drives = drives[::2]
            curve = loudness_curve(
                self.bench, self.bass_heavy, self.materials.processors[name], drives.tolist()
            )
            write_text(path, json.dumps([curve.drive_db.tolist(), curve.lufs.tolist()]))
        self._on_point(f"loudness of {name}")
        drive, lufs = json.loads(path.read_text())
        return Loudness(np.array(drive), np.array(lufs))

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


def joined(pieces: Sequence[Piece], seconds: float, *, bass_heavy: bool) -> Doubles:
    """The middle of every bass-heavy piece, or of every other, one after the other."""
    size = round(seconds * SAMPLE_RATE)
    parts = [p.samples for p in pieces if p.bass_heavy == bass_heavy]
    cut = [x[max(0, (len(x) - size) // 2) :][:size] for x in parts]
    return np.concatenate(cut) if cut else np.zeros(0)


def digest(x: Doubles) -> str:
    """A short name for the content of an array."""
    return hashlib.sha256(np.ascontiguousarray(x, dtype=np.float32).tobytes()).hexdigest()[:16]


def write_text(path: Path, text: str) -> None:
    """A file that appears whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".part", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(name).chmod(0o644)
    Path(name).replace(path)


def write_csv(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """One line per row; columns in the order in which they first appear."""
    import io

    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
