"""Print the rows of results of docs/device.md and write its pictures, from a folder of `bandwise lab`.

python docs/device_results.py results/ [docs/figures]
"""

import argparse
import base64
import csv
import re
from pathlib import Path

from bandwise import markdown
from bandwise.measure.intervals import wilson_interval

PICTURES = {
    "False rejects: microWakeWord": "device-rejects",
    "Echo against volume": "device-echo",
    "Distortion against level": "device-distortion",
    "Distortion at equal bass": "device-equal-bass",
    "Waveforms at equal loudness": "device-waveforms",
    "Bass at equal loudness": "device-bass",
}
FIGURES = ("loudness_lufs", "bass_db", "distortion_percent", "loudspeaker_residual_percent", "erle_db")
DETECTOR = "microWakeWord"
PICTURE = re.compile(r'<h2>([^<]*)</h2><img alt="" src="data:image/png;base64,([^"]*)"')


def main() -> None:
    """The table to standard output, the pictures into the second folder if there is one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("figures", type=Path, nargs="?")
    options = parser.parse_args()
    folder = options.results
    with (folder / "results.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if f"{DETECTOR}_missed" not in rows[0]:
        parser.error(f"got {folder}, measured without {DETECTOR}, which the page shows; run the lab with it")
    volume = ""
    for row in rows:
        shown = "" if row["volume_db"] == volume else f"{float(row['volume_db']):g} dB"
        volume = row["volume_db"]
        print(markdown.row(shown, *cells(row)))
    if options.figures:
        write_pictures((folder / "report.html").read_text(encoding="utf-8"), options.figures)


def cells(row: dict[str, str]) -> list[str]:
    """Processor, figures, distortion at equal bass where it was measured, missed words and interval."""
    figures = [f"{float(row[key]):.1f}" for key in FIGURES]
    at_bass = f"x {float(row['equal_bass_ratio']):.2f}" if row.get("equal_bass_ratio") else ""
    missed, words = int(row[f"{DETECTOR}_missed"]), int(row[f"{DETECTOR}_words"])
    low, high = (100.0 * end for end in wilson_interval(missed, words))
    rejects = f"{missed}, {100 * missed / words:.0f} % ({low:.0f} to {high:.0f})"
    return [f"`{row['processor']}`", *figures[:3], at_bass, *figures[3:], rejects]


def write_pictures(page: str, folder: Path) -> None:
    """Every picture of the report that docs/device.md shows."""
    for title, picture in PICTURE.findall(page):
        if title in PICTURES:
            (folder / f"{PICTURES[title]}.png").write_bytes(base64.b64decode(picture))


if __name__ == "__main__":
    main()
