"""Print the tables of docs/pitch.md: how often pitch trackers are wrong, on synthetic voices and on speech.

python docs/pitch.py [DATA]        DATA: a folder of recordings; without it, synthetic voices alone
"""

import argparse
from pathlib import Path

from rich.console import Console

from bandwise.measure import pitch
from bandwise.measure.valid_split import ValidSplit
from bandwise.suppress.track import peak_track, pitch_track

TRACKERS = {
    "path over frames": pitch_track,
    "peak picking": peak_track,
    "pYIN": lambda x: pitch.pyin(x, decides=False),
}


def main() -> None:
    """Synthetic voices in coloured noise; then, with DATA, real speech in real noise."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    data = parser.parse_args().data
    cases = {"synthetic voices": pitch.synthetic_cases()}
    if data:
        cases["speech"] = pitch.speech_cases(ValidSplit(data))
    for title, some in cases.items():
        Console().print(pitch.table(pitch.compare(TRACKERS, some), title))


if __name__ == "__main__":
    main()
