"""The wake word detector that ships: 32 mel bands, one GRU, int8, some 30 kB (lab/wakeword_training)."""

import hashlib
import json
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.device.logmel import HOP, SAMPLE_RATE, WINDOW, features
from bandwise.device.wakeword import mean_of_last
from bandwise.errors import BandwiseError
from bandwise.onnx_session import open_session

Doubles = NDArray[np.float64]

SHIPPED, REGISTER = "wakeword-alexa.onnx", "wakeword.json"
MEAN_FRAMES = 15  # 0.3 s: as long as it is taught to answer after a word
DEFAULT_THRESHOLD = 0.6


class SmallWakeWord:
    """Ours.

    Args:
        model: path of an ONNX file; None for the one that ships.
        threshold: of the mean score over 0.3 s, 0 to 1.

    Raises:
        BandwiseError: for a file that is missing or damaged.
    """

    name = "small"

    def __init__(self, model: str | Path | None = None, threshold: float | None = None) -> None:
        content = shipped() if model is None else _read(Path(model))
        self._session = _open(content)
        meta = self._session.get_modelmeta().custom_metadata_map
        self.threshold = float(meta.get("threshold", DEFAULT_THRESHOLD)) if threshold is None else threshold

    def scores(self, x: Doubles) -> tuple[Doubles, Doubles]:
        """(n,) at 16 kHz in [-1, 1] -> times in seconds and mean scores, one per 20 ms."""
        heard = features(x)
        units = next(i.shape[1] for i in self._session.get_inputs() if i.name == "state")
        state, raw = np.zeros((1, units), np.float32), np.empty(len(heard))
        for t in range(len(heard)):
            score, state = self._session.run(None, {"features": heard[t : t + 1], "state": state})
            raw[t] = score[0, 0]
        return (np.arange(len(raw)) * HOP + WINDOW) / SAMPLE_RATE, mean_of_last(raw, MEAN_FRAMES)


def is_shipped() -> bool:
    """Whether the network is there: a checkout may lack it until it is trained."""
    return (resources.files("bandwise.models") / SHIPPED).is_file()


def shipped() -> bytes:
    """The network that ships, its checksum verified."""
    folder = resources.files("bandwise.models")
    content = (folder / SHIPPED).read_bytes() if is_shipped() else b""
    known = json.loads((folder / REGISTER).read_text()) if (folder / REGISTER).is_file() else {}
    if not content or hashlib.sha256(content).hexdigest() != known.get(Path(SHIPPED).stem):
        raise BandwiseError(
            f"got a damaged {SHIPPED}; its checksum must be the known one; install bandwise again"
        )
    return content


def _read(path: Path) -> bytes:
    if not path.is_file():
        raise BandwiseError(f"got model {path}, which is not there; an ONNX file is needed; give one")
    return path.read_bytes()


def _open(content: bytes) -> Any:
    try:
        return open_session(content)
    except Exception as error:  # the runtime raises many kinds, none of them ours
        raise BandwiseError(
            "got a wake word network that cannot be read; lab/wakeword_training makes one; make it again"
        ) from error
