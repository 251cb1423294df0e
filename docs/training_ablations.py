"""Train one network several times with something left out, and write what that costs into docs/quality.md.

python docs/training_ablations.py DATA FOLDER [--updates 1000] [--hours 4] [--count 40]
python docs/training_ablations.py DATA FOLDER --initial checkpoint.pt --sequences 16 --block "filter losses"
    --only "deep filter,deep filter on spectra alone"

DATA is a folder of recordings; FOLDER keeps shards, runs and networks, and of these what is there is not made
again. All runs are equally long and of the small size; short runs show what matters early, or how a trained
network moves on.
"""

import argparse
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from quality import MEASURES, measured, put, titles_of

from bandwise.apps.train import FILTER_SIZES
from bandwise.measure import score_tables
from bandwise.suppress.features import BAND_LEVEL
from bandwise.training.checkpoint import CHECKPOINT, read_checkpoint, trained_network
from bandwise.training.export import export_run
from bandwise.training.fit import fit
from bandwise.training.fit_config import FitConfig
from bandwise.training.loss_config import LossConfig
from bandwise.training.mixture_config import MixtureConfig
from bandwise.training.network_config import SIZES
from bandwise.training.shard_reader import ShardReader
from bandwise.training.shards import ShardJob, write_shards
from bandwise.training.sources import Batch

PLAIN = MixtureConfig(
    speech_speed=(1.0, 1.0),
    noise_speed=(1.0, 1.0),
    second_speaker_probability=0.0,
    formant_probability=0.0,
    room_probability=0.0,
    synthetic_probability=0.0,
    babble_probability=0.0,
    onset_probability=0.0,
    drift_probability=0.0,
    event_probability=0.0,
    low_pass_probability=0.0,
    clipping_probability=0.0,
    codec_probability=0.0,
    packet_loss_probability=0.0,
    narrow_voice_probability=0.0,
    throat_probability=0.0,
)
"""A voice and one to three noises, and nothing done to them but their levels and colours."""


@dataclass(frozen=True)
class Variant:
    """What one run does differently."""

    mixtures: MixtureConfig = field(default_factory=MixtureConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    colour: float = 0.15
    pitch: bool = True
    deep_filter: bool = False


SPECTRA_ALONE = LossConfig(disturbance_weight=0.0, unintelligibility_weight=0.0, error_weight=0.0)
VARIANTS = {
    "as it is": Variant(),
    "no pitch features": Variant(pitch=False),
    "no augmentation": Variant(mixtures=PLAIN, colour=0.0),
    "loss of 2021 (sones)": Variant(loss=LossConfig(gain_form="sones")),
    "fourth power as in 2020": Variant(loss=LossConfig(fourth_power_weight=10.0)),
    "bands alike in the loss": Variant(loss=LossConfig(loudness_share=0.0)),
}
FILTER_VARIANTS = {
    "deep filter": Variant(deep_filter=True),
    "deep filter on spectra alone": Variant(deep_filter=True, loss=SPECTRA_ALONE),
}


class WithoutPitch(ShardReader):
    """Sequences whose coherences, period and correlation are all zero."""

    def batch(self, rng: np.random.Generator, sequences: int, frames: int) -> Batch:
        """As in `ShardReader`."""
        batch = super().batch(rng, sequences, frames)
        batch.features[..., BAND_LEVEL.stop :] = 0.0
        return batch


def main() -> None:
    """Train, export and evaluate all of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--updates", type=int, default=1000, help="of training, each")
    parser.add_argument("--hours", type=float, default=4.0, help="of mixtures")
    parser.add_argument("--only", default=",".join(VARIANTS), help="some of them, the first to compare with")
    parser.add_argument("--count", type=int, default=40, help="mixtures to evaluate on")
    parser.add_argument("--initial", default="", help="checkpoint to go on from, at a tenth of the rates")
    parser.add_argument("--sequences", type=int, default=64, help="side by side")
    parser.add_argument("--block", default="training ablations", help="of the page")
    options = parser.parse_args()
    options.scores, options.again = options.folder, True
    variants = VARIANTS | FILTER_VARIANTS
    names = options.only.split(",")
    if unknown := set(names) - set(variants):
        parser.error(f"got --only {', '.join(sorted(unknown))}; variants are {', '.join(variants)}")
    networks = [train(options, name, variants[name]) for name in names]
    models = [part for network in networks for part in ("--model", str(network))]
    command = ["evaluate", "--count", str(options.count), "--rooms", "--measures", MEASURES, *models]
    rows = measured(options, options.block.replace(" ", "-"), *command)
    table = score_tables.differences_table(rows, titles_of(rows), networks[0].stem)
    put(options.block, table)


def train(options: Any, name: str, variant: Variant) -> Path:
    """The network of one variant; made unless it is there."""
    network: Path = options.folder / f"{name}.onnx"
    if network.exists():
        return network
    shards = made_shards(options, variant)
    slower = 0.1 if options.initial else 1.0
    filters: dict[str, Any] = FILTER_SIZES if variant.deep_filter else {}
    config = FitConfig(
        network=replace(SIZES["small"], **filters),
        loss=variant.loss,
        updates=options.updates,
        sequences=options.sequences,
        colour=variant.colour,
        learning_rate=slower * FitConfig.learning_rate,
        filter_learning_rate=slower * FitConfig.filter_learning_rate,
        initial=options.initial,
        threads=1,
    )
    reader = ShardReader if variant.pitch else WithoutPitch
    run = options.folder / name
    fit(config, reader(shards), None, run)
    if not variant.pitch:
        forget_pitch(run / CHECKPOINT)
    export_run([run], network)
    print(network, flush=True)
    return network


def made_shards(options: Any, variant: Variant) -> Path:
    """The folder of mixtures for a variant, filled."""
    kind = "plain" if variant.mixtures is PLAIN else "spectra" if variant.deep_filter else "shards"
    shards: Path = options.folder / kind
    job = ShardJob(
        options.data,
        shards,
        cache_dir=options.folder / "decoded",
        config=variant.mixtures,
        spectra=variant.deep_filter,
    )
    write_shards(job, 0, round(6 * options.hours), on_shard=print)
    return shards


def forget_pitch(path: Path) -> None:
    """Let the network in a checkpoint look at nothing but band levels, as it did while it learnt."""
    network, _ = trained_network(path)
    with torch.no_grad():
        network.dense.weight[:, BAND_LEVEL.stop :] = 0.0
    torch.save({**read_checkpoint(path), "average": network.state_dict()}, path)


if __name__ == "__main__":
    main()
