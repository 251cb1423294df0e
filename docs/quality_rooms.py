"""The rooms of docs/quality.md: voices in measured and simulated rooms, their scores, and how words decay."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bandwise import markdown
from bandwise.atomic_file import atomic
from bandwise.measure import tables
from bandwise.measure.dereverberation import Room, median_decays, room_pairs
from bandwise.measure.quality import METRICS, Metric
from bandwise.measure.reverberation import decay_time_s, srmr
from bandwise.measure.rows import NOISY, Row
from bandwise.measure.scorer import Scorer
from bandwise.measure.scoring import score_outputs
from bandwise.measure.valid_split import SAMPLE_RATE, ValidSplit
from bandwise.suppress.suppressor import enhance

SIMULATED_RT60_S = (0.35, 0.5, 0.7, 0.85)
"""As asked of the simulator; what comes out is measured and a little longer."""
VOICES_PER_ROOM = 12
SRMR = Metric("srmr", "SRMR", lambda _clean, x, rate: srmr(x, rate), package="scipy")


def measure_rooms(data: Path, model: str, scores: Path, decays: Path) -> None:
    """Score and follow every voice in every room, as heard and as `model` makes it."""
    split = ValidSplit(data)
    scorer = Scorer(("pesq", "stoi", "srmr"), known=(*METRICS, SRMR))
    rows: list[Row] = []
    curves = {}
    for room in [*measured_rooms(split), *simulated_rooms()]:
        heard = []
        for pair, dry in room_pairs(split, [room], VOICES_PER_ROOM):
            made = enhance(pair.noisy, SAMPLE_RATE, model=model)
            signals = {NOISY: pair.noisy, Path(model).stem: made, "wanted": pair.clean}
            heard.append((dry, signals))
            rows += score_outputs([(pair, signals)], scorer=scorer)
        curves[room.name] = {name: list(curve) for name, curve in median_decays(heard).items()}
    with atomic(decays) as temporary:
        temporary.write_text(json.dumps(curves), encoding="utf-8")
    with atomic(scores) as temporary:
        tables.write_csv(temporary, rows, scorer.titles())


def measured_rooms(split: ValidSplit) -> Iterator[Room]:
    """Those of the valid split with an RT60 of 0.3 to 1 s, one response of each place."""
    known = set()
    for row in split.rooms:
        place = row.get("room") or row["path"]
        if 0.3 <= float(row["rt60_s"]) <= 1.0 and place not in known:
            known.add(place)
            yield Room(f"measured, {row['rt60_s']} s", split.read("rir", row), float(row["rt60_s"]))


def simulated_rooms() -> Iterator[Room]:
    """Image sources and traced rays in a room of 6 x 5 x 3 m, 2 m from the talker, not training's."""
    os.environ.setdefault("PRA_NUM_THREADS", "1")  # several add up in another order every time
    import pyroomacoustics as pra
    from pyroomacoustics.experimental import measure_rt60

    for wanted_s in SIMULATED_RT60_S:
        size = [6.1, 4.9, 2.9]
        absorption, _ = pra.inverse_sabine(wanted_s, size)
        walls = pra.Material(absorption)
        box = pra.ShoeBox(size, fs=SAMPLE_RATE, materials=walls, max_order=3, ray_tracing=True)
        box.set_ray_tracing(receiver_radius=0.5)
        pra.random.seed(1)
        box.add_source([2.1, 1.7, 1.6])
        box.add_microphone([3.9, 2.5, 1.2])
        box.compute_rir()
        response = np.asarray(box.rir[0][0], np.float32)
        rt60_s = float(measure_rt60(response, fs=SAMPLE_RATE, decay_db=30))
        yield Room(f"simulated, {rt60_s:.2f} s", response, rt60_s)


def decay_table(by_room: dict[str, dict[str, Any]]) -> str:
    """Decay times, and levels 200 ms after words, by signal and room."""
    names = list(next(iter(by_room.values())))
    lines = [[f"{n}, decay time s", *(f"{decay_time_s(c[n]):.2f}" for c in by_room.values())] for n in names]
    lines += [[f"{n}, 200 ms after, dB", *(f"{c[n][40]:.0f}" for c in by_room.values())] for n in names]
    return markdown.table(["", *by_room], lines)
