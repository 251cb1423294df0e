"""What `bandwise lab` measures with: music, a tuned preset, processors, words, detectors."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from bandwise.apps import measuring
from bandwise.apps.report import note
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise.dynamics.settings import MultibandSettings
    from bandwise.lab.bench import Bench
    from bandwise.lab.deriving import Tuning
    from bandwise.lab.plan import Materials, Plan
    from bandwise.lab.programme import Piece

QUICK_PIECES, QUICK_WORDS = 6, 40


def pieces_of(data: Path | None, quick: bool, seed: int) -> "list[Piece]":
    """The music of a data folder, or music made here; fewer pieces when it has to be quick."""
    from bandwise.lab.programme import recorded, synthesised

    if data is None:
        return synthesised(QUICK_PIECES if quick else 2 * QUICK_PIECES, 8.0, seed)
    pieces = recorded(data / "music", 20.0)
    if not quick:
        return pieces
    return [p for p in pieces if p.bass_heavy][:QUICK_PIECES] + [p for p in pieces if not p.bass_heavy][:3]


def tuned_for(
    output: Path, bench: "Bench", plan: "Plan", pieces: "list[Piece]", preset: str | None
) -> "MultibandSettings":
    """The preset under test: the one given, the one of an earlier run of this folder, or a new one."""
    from bandwise.dynamics.store import load_settings
    from bandwise.lab.files import digest, write_text
    from bandwise.lab.optimising import PROGRAMME_SECONDS, tuned
    from bandwise.lab.preset_text import preset_text
    from bandwise.lab.programme import excerpt
    from bandwise.lab.trial import Targets

    if preset:
        return load_settings(preset)
    path, basis = output / "tuned.toml", output / "tuning.json"
    mine = json.dumps(
        {
            "bench": asdict(bench),
            "target_percent": plan.distortion_target_percent,
            "evaluations": plan.tuning_evaluations,
            "pieces": {piece.name: digest(piece.samples) for piece in pieces},
        },
        indent=1,
    )
    if path.is_file() and not (basis.is_file() and basis.read_text(encoding="utf-8") == mine):
        raise BandwiseError(
            f"got {path}, which was tuned to something else, with other options or by hand; -o takes a "
            "folder of the same experiment; choose another, or give --preset"
        )
    if not path.is_file():
        x, share = excerpt(pieces, PROGRAMME_SECONDS)
        with measuring.progress("tuning", plan.tuning_evaluations) as done:
            tuning: Tuning = tuned(
                bench, x, Targets(plan.distortion_target_percent), plan.tuning_evaluations,
                lambda _step, worth: done(f"{worth:.1f}"), window_seconds=share,
            )  # fmt: skip
        write_text(basis, mine)
        write_text(path, preset_text(tuning, f"For {bench.driver.name}: {bench.driver.source}."))
    return load_settings(path)


def materials_of(
    data: Path | None, quick: bool, tuned: "MultibandSettings", pieces: "list[Piece]", canceller: str
) -> "Materials":
    """The processors, words, canceller and detectors of an experiment."""
    from bandwise.device.echo import make_canceller
    from bandwise.dynamics.store import load_preset
    from bandwise.lab.ears import detectors_for, first_of_each
    from bandwise.lab.plan import BASELINE, LINEAR, NONE, SAME_NUMBERS, TUNED, Materials
    from bandwise.lab.talker import recorded_words

    presets = {name: load_preset(name) for name in (BASELINE, SAME_NUMBERS)}
    processors = {NONE: None, **presets, TUNED: tuned, LINEAR: None}
    words = recorded_words(data / "wakeword") if data else []
    if not words:
        note("no recorded words: wake words are left out; --data FOLDER with wakeword/ brings them")
    words = first_of_each(words, QUICK_WORDS if quick else len(words))
    return Materials(
        processors, pieces, words, make_canceller(canceller), detectors_for(data, bool(words), note)
    )
