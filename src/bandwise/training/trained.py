"""Networks that were trained before, wherever they lie."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple

from bandwise.errors import BandwiseError
from bandwise.suppress.network import model_names
from bandwise.training.checkpoint import CHECKPOINT, trained_network
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
        network, facts = network_of_file(str(source))
        return Trained(network, *(json.loads(facts.get(k, "[]")) for k in ("training", "training_data")))
    checkpoint = path / CHECKPOINT if path.is_dir() else path
    if not checkpoint.is_file():
        raise BandwiseError(
            f"got {source}, where no network is; the folder of a run, a checkpoint, an ONNX file, "
            f"{' and '.join(model_names())} are known; name one of them"
        )
    network, config = trained_network(checkpoint)
    facts_file = checkpoint.with_name(DATA_FACTS)  # missing where a run did not end
    data = json.loads(facts_file.read_text()) if facts_file.exists() else None
    return Trained(network, [asdict(config)], [data])
