"""`bandwise train`: from recordings to a trained network."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bandwise.apps.shard_maker import shards_of
from bandwise.atomic_file import atomic
from bandwise.errors import BandwiseError
from bandwise.training.loss_config import LossConfig

if TYPE_CHECKING:
    from bandwise.training.fit_config import FitConfig

LOSS = LossConfig()
FILTER_SIZES = {"filter_units": 64, "filter_hints": 8}


def train(
    data: Annotated[
        Path | None, typer.Argument(help="Folder of recordings to mix; not needed with --shards.")
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="Folder of the run: checkpoint, log, loss curves.")
    ] = Path("run"),
    size: Annotated[str, typer.Option(help="base (8 million weights), small (1.7 million) or toy.")] = "base",
    minutes: Annotated[float | None, typer.Option(help="Train for this long, pauses not counted.")] = None,
    updates: Annotated[int | None, typer.Option(help="Or for this many updates.")] = None,
    shards: Annotated[
        Path | None, typer.Option(help="Folder with finished shards: train/ and, if wanted, valid/ inside.")
    ] = None,
    hours: Annotated[
        float,
        typer.Option(
            min=0.01,
            help="Audio to make shards of beside the training, 100 MB an hour, 400 with --deep-filter.",
        ),
    ] = 40.0,
    deep_filter: Annotated[
        bool,
        typer.Option(
            "--deep-filter",
            help="Train a filter for the single bins below 5 kHz along; its shards hold spectra, too.",
        ),
    ] = False,
    filter_units: Annotated[
        int | None,
        typer.Option(min=8, help="Units of each place of that filter, by default those of --initial, or 64."),
    ] = None,
    sequences: Annotated[int, typer.Option(help="Sequences side by side.")] = 64,
    frames: Annotated[int, typer.Option(help="Frames of 10 ms per sequence.")] = 500,
    window: Annotated[int, typer.Option(help="Frames between two updates.")] = 125,
    colour: Annotated[
        float, typer.Option(help="Spread of random microphone colours, log10 of energy; 0: none.")
    ] = 0.15,
    learning_rate: Annotated[float, typer.Option(help="Peak of the learning rate.")] = 5e-3,
    filter_learning_rate: Annotated[
        float,
        typer.Option(help="The same of the deep filter."),
    ] = 3e-3,
    loss: Annotated[
        str, typer.Option(help="Form of the gain loss: plain (2020) or sones (2021).")
    ] = LOSS.gain_form,
    sones_epsilon: Annotated[
        float, typer.Option(help="Smaller punishes leaks into silence harder.")
    ] = LOSS.sones_epsilon,
    loudness_share: Annotated[
        float, typer.Option(min=0, max=1, help="How far loud bands count more; 0: all bands alike.")
    ] = LOSS.loudness_share,
    fourth_power: Annotated[
        float, typer.Option(min=0, help="Weight of the fourth power of gain errors; published: 10.")
    ] = LOSS.fourth_power_weight,
    complex_weight: Annotated[
        float, typer.Option(min=0, max=1, help="Share of phases in the loss of filtered spectra.")
    ] = LOSS.complex_weight,
    disturbance_weight: Annotated[
        float, typer.Option(min=0, help="Weight of points of opinion lost, beside filtered spectra.")
    ] = LOSS.disturbance_weight,
    unintelligibility_weight: Annotated[
        float, typer.Option(min=0, help="Weight of words missed, 0 to 1, beside filtered spectra.")
    ] = LOSS.unintelligibility_weight,
    error_weight: Annotated[
        float, typer.Option(min=0, help="Weight of the error in dB, beside filtered spectra.")
    ] = LOSS.error_weight,
    density: Annotated[
        float, typer.Option(min=0.05, max=1, help="Share of the GRUs' weights kept; the rest costs nothing.")
    ] = 1.0,
    weight_limit: Annotated[
        float | None, typer.Option(help="Hold weights within +- this; 0.5 suits int8.")
    ] = None,
    initial: Annotated[
        str,
        typer.Option(
            help="What to start from, of this size or smaller: base, small, a checkpoint or an ONNX file."
        ),
    ] = "",
    seed: Annotated[int, typer.Option(help="Seed of weights and batches.")] = 0,
    device: Annotated[str, typer.Option(help="cpu, cuda, or auto.")] = "auto",
    precision: Annotated[str, typer.Option(help="float32, bfloat16, or auto.")] = "auto",
    threads: Annotated[
        int, typer.Option(help="CPU threads of the training; 0 leaves the choice to torch.")
    ] = 0,
) -> None:
    """Train the suppression network.

    `bandwise train recordings/ --out run --minutes 120` mixes speech, noise and rooms into shards of features
    in a process of its own while the network trains on those that are finished.  Started again with the same
    --out, it goes on from its checkpoint; Ctrl-C saves one first.  Then `bandwise export run -o model.onnx`.

    `bandwise train recordings/ --deep-filter --initial base --learning-rate 4e-4 --filter-learning-rate 1e-3
    --sequences 16` goes on from a network that ships, with your recordings. Behind a trained network without
    a deep filter it puts one, and a network or filter that is smaller than asked for is grown first.
    """
    from bandwise.training.export import data_fingerprint
    from bandwise.training.fit import fit
    from bandwise.training.fit_config import FitConfig
    from bandwise.training.model import SIZES
    from bandwise.training.shard_reader import ShardReader
    from bandwise.training.shards import finished_shards
    from bandwise.training.trained import DATA_FACTS

    network = replace(_one_of("size", size, SIZES), weight_limit=weight_limit)
    if deep_filter:
        units = filter_units or _known_filter_units(initial)
        network = replace(network, **FILTER_SIZES | ({"filter_units": units} if units else {}))
    forms: dict[str, Any] = {"sones": "sones", "plain": "plain"}
    precisions: dict[str, Any] = {"auto": "auto", "float32": "float32", "bfloat16": "bfloat16"}
    config = FitConfig(
        network=network,
        loss=LossConfig(
            gain_form=_one_of("loss", loss, forms),
            sones_epsilon=sones_epsilon,
            fourth_power_weight=fourth_power,
            loudness_share=loudness_share,
            complex_weight=complex_weight,
            disturbance_weight=disturbance_weight,
            unintelligibility_weight=unintelligibility_weight,
            error_weight=error_weight,
        ),
        minutes=minutes if minutes is not None or updates is not None else 120.0,
        updates=updates,
        sequences=sequences,
        frames=frames,
        window=window,
        colour=colour,
        density=density,
        learning_rate=learning_rate,
        filter_learning_rate=filter_learning_rate,
        initial=initial,
        seed=seed,
        device=device,
        precision=_one_of("precision", precision, precisions),
        threads=threads,
    )
    _show(config)
    with shards_of(data, shards, out, hours, spectra=deep_filter) as (train_folder, valid_folder):
        valid = ShardReader(valid_folder) if finished_shards(valid_folder) else None
        reader = ShardReader(train_folder)
        fit(config, reader, valid, out, _print_record)
        facts = {"minutes": round(reader.minutes, 1), "sha256": data_fingerprint(train_folder)}
        with atomic(out / DATA_FACTS) as partial:
            partial.write_text(json.dumps(facts))
    print(f"done: {out / 'checkpoint.pt'}; next: bandwise export {out} -o model.onnx")


def _known_filter_units(initial: str) -> int:
    """Of the network to start from; 0 where it has no filter, or there is none."""
    from bandwise.training.trained import trained

    return trained(initial).network.config.filter_units if initial else 0


def _one_of(name: str, value: str, table: dict[str, Any]) -> Any:
    if value not in table:
        raise BandwiseError(f"got --{name} {value}; allowed are {', '.join(table)}; choose one of them")
    return table[value]


def _show(config: FitConfig) -> None:
    for name, value in vars(config).items():
        print(f"  {name:22} {value}")


def _print_record(record: dict[str, Any]) -> None:
    losses = f"gains {record['gain_loss']:.4f}  strengths {record['strength_loss']:.4f}"
    if "spectral_loss" in record:
        losses += f"  spectra {record['spectral_loss']:.5f}  disturbance {record['disturbance']:.3f}"
    if record["kind"] == "valid":
        print(f"{record['update']:7d}  valid            {losses}", flush=True)
        return
    left_min = record["remaining_s"] / 60
    speed = f"{record['audio_seconds_per_second']:.0f} s/s"
    print(f"{record['update']:7d}  {left_min:6.1f} min left  {losses}  {speed}", flush=True)
