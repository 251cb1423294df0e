"""Measure what docs/quality.md shows, and write its tables and pictures into it.

python docs/quality.py DATA SCORES [--dnsmos FOLDER] [--model M ...] [--float M] [--only ...] [--again]

DATA is a folder of recordings, SCORES one for scores, a CSV per section. What is there is not measured again
unless --again is given, and then the noisy signals and unchanged peers keep their scores.
"""

import argparse
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from quality_rooms import SRMR, decay_table, measure_rooms

from bandwise.apps.cli import app
from bandwise.measure import score_tables, tables
from bandwise.measure.charts import evaluation_chart
from bandwise.measure.dereverberation import draw_decays
from bandwise.measure.quality import METRICS
from bandwise.measure.reuse import read_rows
from bandwise.measure.rows import Row
from bandwise.measure.scorer import DNSMOS_TITLES

PAGE = Path(__file__).with_suffix(".md")
FIGURES = Path(__file__).parent / "figures"
MEASURES = "pesq,stoi,si_sdr"
PEERS_MEASURES = MEASURES + ",lsd_high"
DRAWN = ("noisy", "RNNoise", "GTCRN", "DeepFilterNet 3")
DRAWN_MEASURES = ("pesq", "stoi", "si_sdr", "ovr")


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
    sections = options.only.split(",")
    if unknown := set(sections) - set(SECTIONS):
        parser.error(f"got --only {', '.join(sorted(unknown))}; sections are {', '.join(SECTIONS)}")
    for section in sections:
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
        "peers": score_tables.means_table(rows, titles),
        "gains": score_tables.means_table(rows, titles, gains=True),
        "by snr": score_tables.groups_table(rows, "pesq", 2, tables.by_snr),
        "clean": score_tables.groups_table(harm, "pesq", 2, tables.by_language),
        "versions": "\n".join(f"- {system}: {version}" for system, version in versions.items()),
    }


def ablations(options: Any) -> dict[str, str]:
    """The first network with parts left out, before quantisation, and the other networks."""
    more = [*options.model, *([options.float] if options.float else [])]
    models = [part for model in more for part in ("--model", model)]
    left_out = ("deep-filter", "relief", "comb", "pitch-path")
    parts = [*(word for part in left_out for word in ("--without", part)), "--with-postfilter"]
    command = ["evaluate", "--count", str(options.count), "--rooms", "--measures", MEASURES, *models, *parts]
    rows = measured(options, "ablations", *command)
    return {"ablations": score_tables.differences_table(rows, titles_of(rows), Path(more[0]).stem)}


def ladder(options: Any) -> dict[str, str]:
    """What each stage could do at best, on the mixtures of the ablations."""
    rows = measured(options, "ladder", "oracle", "--count", str(options.count), "--rooms")
    return {"ladder": score_tables.means_table(rows, titles_of(rows))}


def rooms(options: Any) -> dict[str, str]:
    """Voices in rooms without noise: scores, and how words decay."""
    scores, decays = options.scores / "rooms.csv", options.scores / "decays.json"
    if options.again or not (scores.exists() and decays.exists()):
        measure_rooms(options.data, options.model[0], scores, decays)
    rows = read_rows(scores)
    by_room = {
        room: {name: np.array(curve) for name, curve in curves.items()}
        for room, curves in json.loads(decays.read_text()).items()
    }
    draw_decays(FIGURES / "decay.png", by_room)
    titles = titles_of(rows)
    blocks = [
        f"{title}:\n\n" + score_tables.groups_table(rows, key, digits, lambda row: row.room)
        for key, (title, digits) in titles.items()
    ]
    return {"rooms": "\n\n".join(blocks), "decay": decay_table(by_room)}


SECTIONS = {"peers": peers, "ablations": ablations, "ladder": ladder, "rooms": rooms}


if __name__ == "__main__":
    main()
