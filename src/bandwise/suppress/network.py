"""The trained network at run time, states kept between frames.

Models that ship lie in `bandwise/models` and are known by name; `checksums.json` there has their checksums.
"""

from __future__ import annotations

import hashlib
import json
from importlib import resources
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from bandwise.errors import BandwiseError
from bandwise.suppress.compiled import CompiledModel, compiled_model
from bandwise.suppress.estimates import room_for_estimates
from bandwise.suppress.features import LAYOUT_VERSION as FEATURE_LAYOUT
from bandwise.suppress.session import SessionModel

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from bandwise.suppress.estimates import Estimates, Inputs

BAND_FORMAT, FILTER_FORMAT = "1", "2"
"""Names and shapes of the graph's inputs and outputs: without a deep filter, and with one."""

Model = CompiledModel | SessionModel

_MODELS: WeakValueDictionary[str, Model] = WeakValueDictionary()  # by SHA-256; all users share the weights


class Network:
    """Features of a frame to gains and strengths of its bands, with the states of some channels inside.

    `model` is the name of a network that ships or the path of an ONNX file. Our int8 graph runs in compiled
    code of our own, any other in ONNX Runtime.
    """

    def __init__(self, model: str | Path = "base", channels: int = 1, most_frames: int = 1) -> None:
        self.model = _model(*model_content(model))
        self._runtime = self.model.start(channels, most_frames)
        self._inputs, self._estimates = room_for_estimates(channels, 1, filters=self.filters)

    @property
    def filters(self) -> bool:
        """Whether there is a deep filter behind the bands."""
        return self.model.filters

    def estimate(self, inputs: Inputs, count: int, estimates: Estimates) -> None:
        """Take `count` frames of every channel one after the other; the same bits however they are grouped.

        Args:
            inputs: inputs of `count` frames or more.
            count: how many frames there are, at most `most_frames`.
            estimates: to be written.
        """
        self._runtime.estimate(inputs, count, estimates)

    def step(
        self, features: NDArray[np.float32], sound: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.float32], ...]:
        """One frame of one channel: features float32 [70] -> gains, strengths float32 [34] in [0, 1].

        With a deep filter also sound [25, 120] -> taps [25, 48], third. All are views of buffers that the
        next step overwrites.
        """
        self._inputs.features[0, 0] = features
        if self.filters:
            self._inputs.sound[0, 0] = sound
        self.estimate(self._inputs, 1, self._estimates)
        return tuple(table[0, 0] for table in self._estimates if table.size)

    @property
    def states(self) -> list[NDArray[np.float32]]:
        """What is remembered of the frames so far, to be read or overwritten; always in the same order."""
        return self._runtime.states

    def reset(self) -> None:
        """Forget all frames."""
        for state in self.states:
            state[:] = 0

    def set_states(self, values: Mapping[str, NDArray[np.float32]]) -> None:
        """Overwrite states by name, each a flat float32 array."""
        self._runtime.set_states(values)


def model_names() -> list[str]:
    """Names of the networks that ship."""
    return sorted(_checksums())


def _checksums() -> dict[str, str]:
    register = resources.files("bandwise.models") / "checksums.json"
    known: dict[str, str] = json.loads(register.read_text()) if register.is_file() else {}
    return known


def model_content(model: str | Path) -> tuple[bytes, str]:
    """Bytes of a model by name (checksum verified) or path, and what to call it in messages.

    Raises BandwiseError for a damaged model, or a name and path of none.
    """
    known = _checksums()
    if isinstance(model, str) and model in known:
        file = resources.files("bandwise.models") / f"{model}.onnx"
        content = file.read_bytes() if file.is_file() else b""
        if hashlib.sha256(content).hexdigest() != known[model]:
            raise BandwiseError(
                f"got a damaged model {model!r}; its checksum must be the known one; install bandwise again"
            )
        return content, model
    path = Path(model) if isinstance(model, str | PathLike) else None
    if path is None or not path.is_file():
        names = ", ".join(known) or "none here"
        raise BandwiseError(
            f"got model {str(model)!r}; known are {names}, and paths of ONNX files; pass one of them"
        )
    return path.read_bytes(), str(path)


def _model(content: bytes, source: str) -> Model:
    """The weights in a file; one copy for all channels and callers that use the same."""
    digest = hashlib.sha256(content).hexdigest()
    model = _MODELS.get(digest)
    if model is None:
        model = compiled_model(content, source) or SessionModel(content, source)
        _check_format(model.facts, source)
        _MODELS[digest] = model
    return model


def _check_format(facts: dict[str, str], source: str) -> None:
    found = facts.get("format"), facts.get("feature_layout")
    known = [(form, str(FEATURE_LAYOUT)) for form in (BAND_FORMAT, FILTER_FORMAT)]
    if found not in known:
        raise BandwiseError(
            f"got {source} with format and feature layout {found}; this version runs {known}; "
            "export the network again"
        )
