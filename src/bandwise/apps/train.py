"""`bandwise train`: from recordings to a trained network."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from bandwise.apps import train_options as options
from bandwise.apps.options import refuse
from bandwise.apps.shard_maker import shards_of
from bandwise.atomic_file import atomic
from bandwise.errors import BandwiseError
from bandwise.training.fit_config import FitConfig
from bandwise.training.loss_config import LossConfig
from bandwise.training.network_config import SIZES

RUN, LOSS = FitConfig(), LossConfig()
HOURS = 40.0
FILTER_SIZES = {"filter_units": 64, "filter_hints": 8}


def train(
    data: options.Data = None,
    out: options.Out = Path("run"),
    size: options.Size = "base",
    minutes: options.Minutes = None,
    updates: options.Updates = None,
    shards: options.Shards = None,
    hours: options.Hours = HOURS,
    deep_filter: options.DeepFilter = False,
    filter_units: options.FilterUnits = None,
    sequences: options.Sequences = RUN.sequences,
    frames: options.Frames = RUN.frames,
    window: options.Window = RUN.window,
    colour: options.Colour = RUN.colour,
    learning_rate: options.LearningRate = RUN.learning_rate,
    filter_learning_rate: options.FilterLearningRate = RUN.filter_learning_rate,
    loss: options.Loss = LOSS.gain_form,
    sones_epsilon: options.SonesEpsilon = LOSS.sones_epsilon,
    loudness_share: options.LoudnessShare = LOSS.loudness_share,
    fourth_power: options.FourthPower = LOSS.fourth_power_weight,
    complex_weight: options.ComplexWeight = LOSS.complex_weight,
    disturbance_weight: options.DisturbanceWeight = LOSS.disturbance_weight,
    unintelligibility_weight: options.UnintelligibilityWeight = LOSS.unintelligibility_weight,
    error_weight: options.ErrorWeight = LOSS.error_weight,
    critic_share: options.CriticShare = LOSS.critic_share,
    density: options.Density = RUN.density,
    weight_limit: options.WeightLimit = RUN.network.weight_limit,
    initial: options.Initial = RUN.initial,
    seed: options.Seed = RUN.seed,
    device: options.Device = RUN.device,
    precision: options.Precision = RUN.precision,
    threads: options.Threads = RUN.threads,
) -> None:
    """Train the suppression network.

    `bandwise train recordings/ --out run --minutes 120` mixes speech, noise and rooms into shards of features
    in a process of its own while the network trains on those that are finished.  Started again with the same
    --out, it goes on from its checkpoint; Ctrl-C saves one first.  Then `bandwise export run -o model.onnx`.

    `bandwise train recordings/ --deep-filter --initial base --learning-rate 4e-4 --filter-learning-rate 1e-3
    --sequences 16` goes on from a network that ships, with your recordings. Behind a trained network without
    a deep filter it puts one, and a network or filter that is smaller than asked for is grown first.
    """
    from bandwise.training.checkpoint import CHECKPOINT
    from bandwise.training.export import data_fingerprint
    from bandwise.training.fit import fit
    from bandwise.training.shard_reader import ShardReader
    from bandwise.training.shards import finished_shards
    from bandwise.training.trained import DATA_FACTS

    network = replace(_one_of("size", size, SIZES), weight_limit=weight_limit)
    if minutes is not None and updates is not None:
        raise BandwiseError("got --minutes and --updates; a run ends after one of them; give one")
    if loss == "plain":
        reason = " without --loss sones, which alone heeds it; add that"
        refuse(reason, sones_epsilon=sones_epsilon != LOSS.sones_epsilon)
    if not deep_filter:
        refuse(
            " without a deep filter, which alone heeds it; add --deep-filter",
            filter_units=filter_units,
            filter_learning_rate=filter_learning_rate != RUN.filter_learning_rate,
            complex_weight=complex_weight != LOSS.complex_weight,
            disturbance_weight=disturbance_weight != LOSS.disturbance_weight,
            unintelligibility_weight=unintelligibility_weight != LOSS.unintelligibility_weight,
            error_weight=error_weight != LOSS.error_weight,
            critic_share=critic_share != LOSS.critic_share,
        )
    else:
        units = filter_units or _known_filter_units(out, initial) or FILTER_SIZES["filter_units"]
        network = replace(network, **FILTER_SIZES | {"filter_units": units})
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
            critic_share=critic_share,
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
    if shards is not None:
        refuse(", which is for mixtures that are made; --shards are there; drop it", hours=hours != HOURS)
    if out.exists() and not out.is_dir():
        raise BandwiseError(f"got --out {out}, a file; a run goes into a folder; name another")
    with shards_of(data, shards, out, hours, spectra=deep_filter, seed=seed) as (train_folder, valid_folder):
        _show(config)
        if initial and (out / CHECKPOINT).exists():
            print(f"  going on from {out / CHECKPOINT}, whatever --initial says")
        valid = ShardReader(valid_folder) if finished_shards(valid_folder) else None
        reader = ShardReader(train_folder)
        fit(config, reader, valid, out, _print_record)
        facts = {"minutes": round(reader.minutes, 1), "sha256": data_fingerprint(train_folder)}
        with atomic(out / DATA_FACTS) as partial:
            partial.write_text(json.dumps(facts))
    print(f"done: {out / CHECKPOINT}; next: bandwise export {out} -o model.onnx")


def _known_filter_units(out: Path, initial: str) -> int:
    """Of the run that goes on, else of the network to start from; 0 where there is none, or no filter."""
    from bandwise.training.checkpoint import CHECKPOINT
    from bandwise.training.trained import trained

    known = out if (out / CHECKPOINT).exists() else initial
    return trained(known).network.config.filter_units if known else 0


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
