"""One HTML page with everything in it: figures, tables, verdicts and the settings they were made with."""

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.store import to_toml
from bandwise.lab import charts
from bandwise.lab.equal_bass_chart import distortion_at_equal_bass
from bandwise.lab.experiment import Experiment
from bandwise.lab.files import write_text
from bandwise.lab.measuring import Row
from bandwise.lab.plan import BASELINE, LINEAR
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.lab.verdict import verdicts
from bandwise.measure.intervals import wilson_interval
from bandwise.measure.loudness import integrated_loudness

Doubles = NDArray[np.float64]

STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222}
img{max-width:100%}table{border-collapse:collapse;font-size:13px}td,th{padding:.2rem .5rem;text-align:right;
border-bottom:1px solid #ddd}td:first-child,th:first-child{text-align:left}
pre{background:#f6f6f6;padding:1rem;overflow:auto;font-size:12px}"""

COLUMNS = {
    "processor": "processor", "volume_db": "volume dB", "loudness_lufs": "LUFS", "bass_db": "bass dB",
    "distortion_percent": "distortion %", "processor_distortion_percent": "of it processor %",
    "loudspeaker_residual_percent": "loudspeaker rest %", "thd_60_hz_percent": "THD 60 Hz %",
    "thd_100_hz_percent": "THD 100 Hz %", "smpte_percent": "SMPTE %", "peak_excursion_mm": "excursion mm",
    "clipped_percent": "clipped % of time", "lowest_rail_v": "rail V", "erle_db": "ERLE dB",
    "equal_bass_ratio": "distortion x at equal bass", "convergence_s": "settled s",
    "residual_over_speech_db": "residual over speech dB",
}  # fmt: skip


def write_report(experiment: Experiment, rows: Sequence[Row], path: Path) -> None:
    """Draw and write the page."""
    detectors = [d.name for d, _ in experiment.materials.detectors if f"{d.name}_words" in rows[0]]
    bent = [row for row in rows if row["processor"] != LINEAR]
    signals = at_one_loudness(experiment, rows)
    pictures = {
        "Waveforms at equal loudness": charts.waveforms(signals),
        "Bass at equal loudness": charts.spectra(signals, BASELINE),
        "Distortion against level": charts.distortion_against_level(bent),
        "Strain against volume": charts.against_volume(
            bent,
            {
                "peak_excursion_mm": "excursion, mm",
                "clipped_percent": "clipped, % of time",
                "bass_db": "bass, dB",
            },
        ),
    }
    if any("equal_bass_ratio" in row for row in rows):
        pictures["Distortion at equal bass"] = distortion_at_equal_bass(rows)
    pictures["Echo against volume"] = charts.against_volume(
        rows, {"erle_db": "ERLE, dB", "residual_over_speech_db": "residual echo over speech, dB"}
    )
    pictures |= {f"False rejects: {name}": charts.false_rejects(rows, name) for name in detectors}
    parts = [
        "<h1>Multiband dynamics on a simulated device</h1>",
        *[f"<p>{html.escape(line)}</p>" for line in verdicts(rows, detectors)],
        *[f"<h2>{html.escape(title)}</h2>{image(picture)}" for title, picture in pictures.items()],
        "<h2>Results</h2>", table(rows, COLUMNS),
        *[f"<h2>Wake words: {name}</h2>{word_table(rows, name)}" for name in detectors],
        "<h2>Settings</h2>",
        f"<pre>{html.escape(json.dumps(_brief(experiment.settings()), indent=1))}</pre>",
        *[
            f"<h3>{name}</h3><pre>{html.escape(to_toml(settings))}</pre>"
            for name, settings in experiment.materials.processors.items() if settings is not None
        ],
    ]  # fmt: skip
    page = "<!doctype html><html lang='en'><meta charset='utf-8'><title>bandwise lab</title>"
    write_text(path, f"{page}<style>{STYLE}</style><body>{''.join(parts)}</body></html>")


def at_one_loudness(experiment: Experiment, rows: Sequence[Row]) -> dict[str, Doubles]:
    """Sound pressure of the bass-heavy programme through every processor at the second loudest volume.

    What is a little louder or softer after all is scaled to the loudness of none.
    """
    volumes = sorted({float(row["volume_db"]) for row in rows})
    volume = volumes[-2] if len(volumes) > 1 else volumes[-1]
    signals: dict[str, Doubles] = {}
    target = None
    for row in rows:
        if float(row["volume_db"]) == volume and row["processor"] != LINEAR:
            settings = experiment.materials.processors[str(row["processor"])]
            x = experiment.bench.played(experiment.bass_heavy, settings, float(row["drive_db"])).pressure_pa
            loudness = integrated_loudness(x, SAMPLE_RATE)
            target = loudness if target is None else target
            signals[str(row["processor"])] = x * 10 ** ((target - loudness) / 20)
    return signals


def image(picture: bytes) -> str:
    """A picture inside the page."""
    return f'<img alt="" src="data:image/png;base64,{base64.b64encode(picture).decode()}">'


def table(rows: Sequence[Row], columns: Mapping[str, str]) -> str:
    """Rows as HTML."""
    used = {key: title for key, title in columns.items() if any(key in row for row in rows)}
    head = "".join(f"<th>{title}</th>" for title in used.values())
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(row.get(key, ''))}</td>" for key in used) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{body}</table>"


def word_table(rows: Sequence[Row], detector: str) -> str:
    """Missed words with their interval, false accepts per hour."""
    lines = []
    for row in rows:
        missed, words = int(row[f"{detector}_missed"]), int(row[f"{detector}_words"])
        low, high = wilson_interval(missed, words)
        false = float(row[f"{detector}_false_accepts"]) / max(float(row["hours_without_word"]), 1e-9)
        lines.append(
            f"<tr><td>{row['processor']}</td><td>{float(row['volume_db']):g}</td><td>{missed} of {words}</td>"
            f"<td>{100 * missed / max(words, 1):.1f}</td><td>{100 * low:.1f} to {100 * high:.1f}</td>"
            f"<td>{false:.1f}</td></tr>"
        )
    head = "<tr><th>processor<th>volume dB<th>missed<th>%<th>95 % interval<th>false accepts per hour</tr>"
    return f"<table>{head}{''.join(lines)}</table>"


def _cell(value: float | str) -> str:
    return html.escape(value) if isinstance(value, str) else f"{value:.2f}"


def _brief(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings without the processors, which follow as TOML."""
    return {key: value for key, value in settings.items() if key != "processors"}
