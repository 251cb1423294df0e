"""Networks that were trained before, wherever they lie."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from bandwise.suppress.network import model_names
from bandwise.training.checkpoint import trained_network
from bandwise.training.model import PercepNet
from bandwise.training.network_file import network_of_file

DATA_FACTS = "data.json"  # what a run was trained on, beside its checkpoint


class Trained(NamedTuple):
    """A network and, of each run it is the mean of, the configuration and what is known of the data."""

    network: PercepNet
    runs: list[Any]
    data: list[Any]


def trained(source: str | Path) -> Trained:
    """The network in the folder of a run, in a checkpoint or in an ONNX file, or one that ships, by its name.

    Raises BandwiseError for what is none of these.
    """
    path = Path(source)
    if path.suffix == ".onnx" or (str(source) in model_names() and not path.exists()):
        network, facts = network_of_file(source)
        return Trained(network, *(json.loads(facts.get(k, "[]")) for k in ("training", "training_data")))
    checkpoint = path / "checkpoint.pt" if path.is_dir() else path
    network, config = trained_network(checkpoint)
    facts_of_run = checkpoint.with_name(DATA_FACTS)
    data = (
        json.loads(facts_of_run.read_text()) if facts_of_run.exists() else None
    )  # of a run that did not end
    return Trained(network, [asdict(config)], [data])
