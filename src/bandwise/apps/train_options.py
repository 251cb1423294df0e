"""The options of `bandwise train`; their defaults are those of the run and its losses."""

from pathlib import Path
from typing import Annotated

import typer

Data = Annotated[Path | None, typer.Argument(help="Folder of recordings to mix; not needed with --shards.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Folder of the run: checkpoint, log, loss curves.")]
Size = Annotated[
    str, typer.Option(help="base (8 million weights), small (1.4 million) or toy, before --deep-filter.")
]
Minutes = Annotated[float | None, typer.Option(min=0.01, help="Train for this long, pauses not counted.")]
Updates = Annotated[int | None, typer.Option(min=1, help="Or for this many updates.")]
Shards = Annotated[
    Path | None, typer.Option(help="Folder with finished shards: train/ and, if wanted, valid/ inside.")
]
Hours = Annotated[
    float,
    typer.Option(
        min=0.01,
        help="Audio to make shards of beside the training, 100 MB an hour, 400 with --deep-filter.",
    ),
]
DeepFilter = Annotated[
    bool,
    typer.Option(
        "--deep-filter",
        help="Train a filter for the single bins below 5 kHz along; its shards hold spectra, too.",
    ),
]
FilterUnits = Annotated[
    int | None,
    typer.Option(min=8, help="Units of each place of that filter, by default those of --initial, or 64."),
]
Sequences = Annotated[int, typer.Option(min=1, help="Sequences side by side.")]
Frames = Annotated[int, typer.Option(min=1, help="Frames of 10 ms per sequence.")]
Window = Annotated[int, typer.Option(min=1, help="Frames between two updates.")]
Colour = Annotated[
    float, typer.Option(min=0, help="Spread of random microphone colours, log10 of energy; 0: none.")
]
LearningRate = Annotated[float, typer.Option(min=1e-9, help="Peak of the learning rate.")]
FilterLearningRate = Annotated[
    float,
    typer.Option(min=1e-9, help="The same of the deep filter."),
]
Loss = Annotated[str, typer.Option(help="Form of the gain loss: plain (2020) or sones (2021).")]
SonesEpsilon = Annotated[float, typer.Option(min=1e-6, help="Smaller punishes leaks into silence harder.")]
LoudnessShare = Annotated[
    float, typer.Option(min=0, max=1, help="How far loud bands count more; 0: all bands alike.")
]
FourthPower = Annotated[
    float, typer.Option(min=0, help="Weight of the fourth power of gain errors; published: 10.")
]
ComplexWeight = Annotated[
    float, typer.Option(min=0, max=1, help="Share of phases in the loss of filtered spectra.")
]
DisturbanceWeight = Annotated[
    float, typer.Option(min=0, help="Weight of points of opinion lost, beside filtered spectra.")
]
UnintelligibilityWeight = Annotated[
    float, typer.Option(min=0, help="Weight of words missed, 0 to 1, beside filtered spectra.")
]
ErrorWeight = Annotated[
    float, typer.Option(min=0, help="Weight of the error in dB, beside filtered spectra.")
]
CriticShare = Annotated[
    float,
    typer.Option(min=0, help="Say of a critic that learns along, of the gradient, beside filtered spectra."),
]
Density = Annotated[
    float,
    typer.Option(
        min=0.05, max=1, help="Share of the GRUs' weights kept, more of others'; the rest costs nothing."
    ),
]
WeightLimit = Annotated[
    float | None, typer.Option(min=0.01, help="Hold weights within +- this; 0.5 suits int8.")
]
Initial = Annotated[
    str,
    typer.Option(
        help="What to start from, of this size or smaller: base, small, a checkpoint or an ONNX file."
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Seed of weights, batches and mixtures.")]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto.")]
Precision = Annotated[str, typer.Option(help="float32, bfloat16, or auto.")]
Threads = Annotated[
    int, typer.Option(min=0, help="CPU threads of the training; 0 leaves the choice to torch.")
]
