"""Train the networks that ship: recordings in, `small.onnx` and `base.onnx` out.

python docs/recipe.py RECORDINGS FOLDER [--trial]

RECORDINGS is a folder as `bandwise train` takes it. FOLDER keeps runs and shards: a run that is done is not
done again, one that was stopped goes on. Three runs, each from what the one before it learnt: the bands; the
deep filter behind them; units beside the old ones, half of them pruned. --trial does a few updates of each
with next to no data, to see that all goes through.
"""

import argparse
from pathlib import Path
from typing import Any

from bandwise.apps.export import export
from bandwise.apps.train import train
from bandwise.training.trained import DATA_FACTS

FROM_TRAINED = {"deep_filter": True, "sequences": 16}

RUNS: dict[str, dict[str, Any]] = {
    "bands": {"size": "small", "minutes": 120, "hours": 100},
    "filter": {
        "size": "small",
        "minutes": 430,
        "hours": 100,
        "learning_rate": 7e-4,
        "filter_learning_rate": 1.5e-3,
        **FROM_TRAINED,
    },
    "grown": {
        "size": "base",
        "minutes": 80,
        "hours": 20,
        "density": 0.5,
        "learning_rate": 4e-4,
        "filter_learning_rate": 1.2e-3,
        **FROM_TRAINED,
    },
}
"""In this order; minutes are of one CPU core."""

TRIAL = {"minutes": None, "updates": 2, "hours": 0.01, "sequences": 2, "frames": 125}


def main() -> None:
    """Run the recipe."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("recordings", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--trial", action="store_true", help="a few updates with next to no data")
    args = parser.parse_args()
    cook(args.recordings, args.folder, TRIAL if args.trial else {})


def cook(recordings: Path, folder: Path, changes: dict[str, Any]) -> None:
    """Do all runs, with some options of each changed, and write both files."""
    initial = ""
    for name, options in RUNS.items():
        out = folder / name
        if not (out / DATA_FACTS).exists():
            train(recordings, out=out, initial=initial, threads=1, **(options | changes))
        initial = str(out / "checkpoint.pt")
    for name, run in (("small", "filter"), ("base", "grown")):
        export([folder / run], folder / f"{name}.onnx", decided_treble=True)


if __name__ == "__main__":
    main()
