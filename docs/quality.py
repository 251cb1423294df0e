"""Measure what docs/quality.md shows, and write its tables and pictures into it.

python docs/quality.py DATA SCORES [--dnsmos FOLDER] [--model M ...] [--float M] [--only ...] [--again]

DATA is a folder of recordings, SCORES one for scores, a CSV per section. What is there is not measured again
unless --again is given, and then the noisy signals and unchanged peers keep their scores.
"""

import argparse
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from bandwise.apps.cli import app
from bandwise.measure import markdown, tables
from bandwise.measure.charts import evaluation_chart
from bandwise.measure.dereverberation import Room, draw_decays, median_decays, room_pairs
from bandwise.measure.quality import METRICS, Metric
from bandwise.measure.reuse import read_rows
from bandwise.measure.reverberation import decay_time_s, srmr
from bandwise.measure.rows import NOISY, Row
from bandwise.measure.scorer import DNSMOS_TITLES, Scorer
from bandwise.measure.scoring import score_outputs
from bandwise.measure.valid_split import SAMPLE_RATE, ValidSplit
from bandwise.suppress.suppressor import enhance

PAGE = Path(__file__).with_suffix(".md")
FIGURES = Path(__file__).parent / "figures"
MEASURES = "pesq,stoi,si_sdr"
PEERS_MEASURES = MEASURES + ",lsd_high"
DRAWN = ("noisy", "RNNoise", "GTCRN", "DeepFilterNet 3")
DRAWN_MEASURES = ("pesq", "stoi", "si_sdr", "ovr")
SIMULATED_RT60_S = (0.35, 0.5, 0.7, 0.85)
"""As asked of the simulator; what comes out is measured and a little longer."""
VOICES_PER_ROOM = 12
SRMR = Metric("srmr", "SRMR", lambda _clean, x, rate: srmr(x, rate), package="scipy")


def main() -> None:
    """Measure the sections asked for, and write them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("scores", type=Path)
    parser.add_argument("--dnsmos", type=Path)
    parser.add_argument("--model", action="append", help="first the one that parts are left out of")
    parser.add_argument("--float", help="the same network before quantisation")
    parser.add_argument("--count", type=int, default=40, help="mixtures of ablations and ladder")
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--again", action="store_true")
    options = parser.parse_args()
    options.model = options.model or ["base"]
    options.scores.mkdir(parents=True, exist_ok=True)
    FIGURES.mkdir(exist_ok=True)
    for section in options.only.split(","):
        for name, text in SECTIONS[section](options).items():
            put(name, text)


def put(name: str, text: str) -> None:
    """Replace what stands between the marks of a block on the page."""
    page = PAGE.read_text(encoding="utf-8")
    block = re.compile(f"(<!-- {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not block.search(page):
        raise SystemExit(f"{PAGE}: no block {name}; it starts with <!-- {name} -->; write one")
    PAGE.write_text(block.sub(lambda marks: f"{marks[1]}{text}\n{marks[2]}", page), encoding="utf-8")


def measured(options: Any, name: str, *command: str) -> list[Row]:
    """The rows of a `bandwise` command, run unless its CSV is there."""
    scores = options.scores / f"{name}.csv"
    if options.again or not scores.exists():
        reuse = ["--reuse", str(scores)] if scores.exists() and command[0] == "evaluate" else []
        app([*command, "--data", str(options.data), *reuse, "--csv", str(scores)], standalone_mode=False)
    return read_rows(scores)


def titles_of(rows: list[Row]) -> dict[str, tuple[str, int]]:
    """Title and digits of the measures in the rows."""
    known = {m.key: (m.title, m.digits) for m in (*METRICS, SRMR)}
    known |= {key: (title, 2) for key, title in DNSMOS_TITLES.items()}
    return {key: known[key] for key in rows[0].scores}


def peers(options: Any) -> dict[str, str]:
    """The networks and all peers that are here on 100 mixtures, and on the same speech without noise."""
    models = [part for model in options.model for part in ("--model", model)]
    dnsmos = ["--dnsmos", str(options.dnsmos)] if options.dnsmos else []
    gate = ["--count", "100", "--rooms", "--clean-through", "--peers", "--measures", PEERS_MEASURES]
    everything = measured(options, "peers", "evaluate", *gate, *models, *dnsmos)
    harm = [row for row in everything if row.snr_db is None]
    rows = [row for row in everything if row.snr_db is not None]
    titles = titles_of(rows)
    ours = tuple(Path(model).stem for model in options.model)
    drawn = [row for row in rows if row.system in DRAWN or row.system.startswith(ours)]
    few = {key: titles[key] for key in DRAWN_MEASURES if key in titles}
    kept = [replace(row, scores={key: row.scores[key] for key in few}) for row in drawn]
    evaluation_chart(FIGURES / "quality.png", tables.summarise(kept), few)
    versions = {row.system: row.version for row in rows if row.version}
    return {
        "peers": markdown.means_table(rows, titles),
        "gains": markdown.means_table(rows, titles, gains=True),
        "by snr": markdown.groups_table(rows, "pesq", 2, tables.by_snr),
        "clean": markdown.groups_table(harm, "pesq", 2, tables.by_language),
        "versions": "\n".join(f"- {system}: {version}" for system, version in versions.items()),
    }


def ablations(options: Any) -> dict[str, str]:
    """The first network with parts left out, before quantisation, and the other networks."""
    more = [*options.model, *([options.float] if options.float else [])]
    models = [part for model in more for part in ("--model", model)]
    left_out = ("deep-filter", "comb", "pitch-path")
    parts = [*(word for part in left_out for word in ("--without", part)), "--with-postfilter"]
    command = ["evaluate", "--count", str(options.count), "--rooms", "--measures", MEASURES, *models, *parts]
    rows = measured(options, "ablations", *command)
    return {"ablations": markdown.differences_table(rows, titles_of(rows), Path(more[0]).stem)}


def ladder(options: Any) -> dict[str, str]:
    """What each stage could do at best, on the mixtures of the ablations."""
    rows = measured(options, "ladder", "oracle", "--count", str(options.count), "--rooms")
    return {"ladder": markdown.means_table(rows, titles_of(rows))}


def rooms(options: Any) -> dict[str, str]:
    """Voices in rooms without noise: scores, and how words decay."""
    scores, decays = options.scores / "rooms.csv", options.scores / "decays.json"
    if options.again or not scores.exists():
        measure_rooms(options, scores, decays)
    rows = read_rows(scores)
    by_room = {
        room: {name: np.array(curve) for name, curve in curves.items()}
        for room, curves in json.loads(decays.read_text()).items()
    }
    draw_decays(FIGURES / "decay.png", by_room)
    titles = titles_of(rows)
    blocks = [
        f"{title}:\n\n" + markdown.groups_table(rows, key, digits, lambda row: row.room)
        for key, (title, digits) in titles.items()
    ]
    return {"rooms": "\n\n".join(blocks), "decay": decay_table(by_room)}


def decay_table(by_room: dict[str, dict[str, Any]]) -> str:
    """Decay times, and levels 200 ms after words, by signal and room."""
    names = list(next(iter(by_room.values())))
    lines = [["", *by_room], ["---"] * (1 + len(by_room))]
    lines += [[f"{n}, decay time s", *(f"{decay_time_s(c[n]):.2f}" for c in by_room.values())] for n in names]
    lines += [[f"{n}, 200 ms after, dB", *(f"{c[n][40]:.0f}" for c in by_room.values())] for n in names]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def measure_rooms(options: Any, scores: Path, decays: Path) -> None:
    """Score and follow every voice in every room."""
    split = ValidSplit(options.data)
    scorer = Scorer(("pesq", "stoi", "srmr"), _known=(*METRICS, SRMR))
    rows: list[Row] = []
    curves = {}
    for room in [*measured_rooms(split), *simulated_rooms()]:
        heard = []
        for pair, dry in room_pairs(split, [room], VOICES_PER_ROOM):
            made = enhance(pair.noisy, SAMPLE_RATE, model=options.model[0])
            signals = {NOISY: pair.noisy, Path(options.model[0]).stem: made, "wanted": pair.clean}
            heard.append((dry, signals))
            rows += score_outputs([(pair, signals)], scorer=scorer)
        curves[room.name] = {name: list(curve) for name, curve in median_decays(heard).items()}
    tables.write_csv(scores, rows, scorer.titles())
    decays.write_text(json.dumps(curves))


def measured_rooms(split: ValidSplit) -> Iterator[Room]:
    """Those of the valid split with an RT60 of 0.3 to 1 s, one response of each recording."""
    for row in split.rooms[:1]:
        if 0.3 <= float(row["rt60_s"]) <= 1.0:
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


SECTIONS = {"peers": peers, "ablations": ablations, "ladder": ladder, "rooms": rooms}


if __name__ == "__main__":
    main()
