"""Wake words: detectors that hear "alexa" in sound at 16 kHz, and how well they do.

Two of them: the microWakeWord model in TFLite, where the file and its two packages are given, and the small
one that ships with the package.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError

Doubles = NDArray[np.float64]

REFRACTORY_S = 1.0  # a word is told once
MEAN_SCORES = 5  # of microWakeWord


class WakeWordDetector(Protocol):
    """Anything that hears the word."""

    name: str
    threshold: float

    def scores(self, x: Doubles) -> tuple[Doubles, Doubles]:
        """(n,) at 16 kHz in [-1, 1] -> times in seconds and how sure it is at each, 0 to 1."""


def detections(detector: WakeWordDetector, x: Doubles) -> Doubles:
    """Times in seconds at which the word was heard; none within a second of the one before."""
    times, scores = detector.scores(x)
    return told_once(times, scores, detector.threshold)


def told_once(times: Doubles, scores: Doubles, threshold: float) -> Doubles:
    """The times at which scores reach the threshold, `REFRACTORY_S` apart at least."""
    found: list[float] = []
    for time in times[scores >= threshold]:
        if not found or time - found[-1] >= REFRACTORY_S:
            found.append(float(time))
    return np.array(found)


def mean_of_last(scores: Doubles, count: int) -> Doubles:
    """Mean of each score and those before it, `count` in all; before the first there were zeros."""
    return np.asarray(np.convolve(scores, np.ones(count) / count)[: len(scores)]) if len(scores) else scores


class MicroWakeWord:
    """A streaming TFLite model with 40 features every 10 ms: stride 3, mean of the last 5 scores.

    Raises:
        BandwiseError: without the file, ai-edge-litert or pymicro-features.
    """

    name = "microWakeWord"

    def __init__(self, model: str | Path, threshold: float = 0.9) -> None:
        self.threshold = threshold
        self._model = str(model)
        if not Path(model).is_file():
            raise BandwiseError(f"got model {model}, which is not there; a .tflite file is needed; give one")
        try:
            from ai_edge_litert.interpreter import Interpreter
            from pymicro_features import MicroFrontend
        except ImportError as error:
            raise BandwiseError(
                f"got a TFLite model without what runs it ({error}); ai-edge-litert and pymicro-features do; "
                "pip install 'bandwise[wakeword]'"
            ) from None
        self._make_interpreter, self._make_frontend = Interpreter, MicroFrontend

    def scores(self, x: Doubles) -> tuple[Doubles, Doubles]:
        """(n,) at 16 kHz in [-1, 1] -> times in seconds and mean scores, one per 30 ms."""
        features = self._features(x)
        model = self._make_interpreter(self._model)
        model.allocate_tensors()
        given, asked = model.get_input_details()[0], model.get_output_details()[0]
        stride = int(given["shape"][1])
        scale, zero = given["quantization"]
        frames = features[: len(features) // stride * stride].reshape(-1, 1, stride, features.shape[1])
        quantised = np.clip(np.rint(frames / scale + zero), -128, 127).astype(np.int8)
        raw = np.array([_invoke(model, given["index"], asked["index"], each) for each in quantised])
        scores = mean_of_last(raw * asked["quantization"][0], MEAN_SCORES)
        return np.asarray((np.arange(len(scores)) + 1) * stride * 0.01), scores

    def _features(self, x: Doubles) -> Doubles:
        frontend = self._make_frontend()
        pcm = (np.clip(x, -1.0, 1.0) * 32_767).astype("<i2").tobytes()
        rows, at, size = [], 0, 320  # 10 ms
        while at + size <= len(pcm):
            output = frontend.process_samples(pcm[at : at + size])
            at += max(2 * output.samples_read, 2)
            if output.features:
                rows.append(output.features)
        return np.array(rows).reshape(-1, 40)


def _invoke(model: Any, given: int, asked: int, frames: NDArray[np.int8]) -> float:
    model.set_tensor(given, frames)
    model.invoke()
    return float(model.get_tensor(asked).reshape(-1)[0])


@dataclass(frozen=True)
class Rates:
    """How often the word was missed, and how often something else was taken for it."""

    words: int
    hits: int
    false_alarms: int
    other_hours: float

    @property
    def false_alarms_per_hour(self) -> float:
        """False alarms per hour of other sound."""
        return self.false_alarms / max(self.other_hours, 1e-9)
