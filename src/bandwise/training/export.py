"""From a training run to the file that ships: the graph, checked against the trained network, in int8."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import onnx

from bandwise.atomic_file import atomic
from bandwise.errors import BandwiseError
from bandwise.training.averaging import mean_network
from bandwise.training.drift import largest_difference
from bandwise.training.quantise import checksum, quantise
from bandwise.training.shards import finished_shards
from bandwise.training.step_graph import step_graph
from bandwise.training.trained import trained
from bandwise.training.treble import TREBLE_SHIFT, TREBLE_SLOPE, decide_treble

LARGEST_DRIFT = 1e-4  # of the float32 graph from the trained network


def data_fingerprint(shards: Path) -> str:
    """SHA-256 over names and contents of the shards in a folder."""
    digest = hashlib.sha256()
    for path in finished_shards(shards):
        digest.update(f"{path.name} {checksum(path)}\n".encode())
    return digest.hexdigest()


def export_run(
    runs: Sequence[Path],
    out: Path,
    *,
    int8: bool = True,
    decided_treble: bool = False,
) -> float:
    """Write the network of a run's checkpoint to `out`; the largest difference of what was written from it.

    Of several runs it is the mean (`training.averaging`), in which an ONNX file or a network that ships may
    take part, by path or name; the file names the configuration and the data of each run.  What
    `decided_treble` does: see `training.treble`.

    Raises BandwiseError if the float32 graph strays from the trained network.
    """
    parts = [trained(run) for run in runs]
    network = mean_network([part.network for part in parts])
    facts = {
        "training": json.dumps([config for part in parts for config in part.runs]),
        "training_data": json.dumps([data for part in parts for data in part.data]),
    }
    if decided_treble:
        decide_treble(network)
        facts["treble"] = json.dumps({"slope": TREBLE_SLOPE, "shift": TREBLE_SHIFT})
    out.parent.mkdir(parents=True, exist_ok=True)
    with atomic(out) as partial:
        onnx.save(step_graph(network, facts), partial)
        drift = largest_difference(network, partial)
        if drift > LARGEST_DRIFT:
            raise BandwiseError(
                f"got a graph {drift:.2g} off the trained network; {LARGEST_DRIFT} is allowed; report it"
            )
        if int8:
            quantise(partial, partial)
            drift = largest_difference(network, partial)
    return drift
