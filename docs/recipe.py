"""Train the networks that ship: recordings in, `small.onnx` and `base.onnx` out.

python docs/recipe.py RECORDINGS FOLDER [--trial]

RECORDINGS is a folder as `bandwise train` takes it. FOLDER keeps runs and shards: a run that is done is not
done again, one that was stopped goes on; each has mixtures of its own. Four runs, each from what the one
before it learnt: the bands; the deep filter behind them; the same network, for the voice's sake, without the
error in decibels, which pulls uncertain sounds towards silence; and, from the mean of these two, units beside
the old ones in bands and filter, most of the bands' pruned. --trial does a few updates of each with next to
no data in a folder of its own, to see that all goes through.
"""

import argparse
from pathlib import Path
from typing import Any

from bandwise.apps.export import export
from bandwise.apps.train import train
from bandwise.training.trained import DATA_FACTS

FROM_TRAINED = {"deep_filter": True, "sequences": 16}

RUNS: dict[str, dict[str, Any]] = {
    "bands": {"size": "small", "minutes": 120, "hours": 100, "seed": 1},
    "filter": {
        "size": "small",
        "minutes": 430,
        "seed": 2,
        "hours": 100,
        "learning_rate": 7e-4,
        "filter_learning_rate": 1.5e-3,
        "unintelligibility_weight": 0.45,
        "error_weight": 0.008,
        **FROM_TRAINED,
    },
    "voice": {
        "size": "small",
        "minutes": 30,
        "seed": 3,
        "hours": 10,
        "learning_rate": 3e-4,
        "filter_learning_rate": 1e-3,
        "unintelligibility_weight": 0.25,
        "error_weight": 0.0,
        **FROM_TRAINED,
    },
    "grown": {
        "size": "base",
        "minutes": 80,
        "seed": 4,
        "hours": 20,
        "density": 0.16,
        "filter_units": 128,
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
    if args.trial:
        cook(args.recordings, args.folder / "trial", TRIAL)
    else:
        cook(args.recordings, args.folder, {})


def cook(recordings: Path, folder: Path, changes: dict[str, Any]) -> None:
    """Do all runs, with some options of each changed, and write both files."""

    def learn(name: str, initial: Path | str) -> Path:
        run = folder / name
        if not (run / DATA_FACTS).exists():
            train(recordings, out=run, initial=str(initial), threads=1, **(RUNS[name] | changes))
        return run

    filtering = learn("filter", learn("bands", ""))
    export([filtering, learn("voice", filtering)], folder / "small.onnx", decided_treble=True)
    export([learn("grown", folder / "small.onnx")], folder / "base.onnx", decided_treble=True)


if __name__ == "__main__":
    main()
