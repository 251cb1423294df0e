"""The deep filter's part of the ONNX graph: sound, features and what the bands' network said in, taps out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bandwise.bands.erb import BAND_WEIGHTS, BANDS
from bandwise.suppress.features import HALF_RANGE, MIDDLE, PITCH_CORRELATION, PITCH_PERIOD
from bandwise.suppress.places import (
    BELOW,
    BINS_PER_PLACE,
    FAR,
    INPUTS,
    KNOWN_VALUES,
    LOW_BINS,
    NEAR,
    PLACES,
    SPAN,
)
from bandwise.suppress.stft import WINDOW_SAMPLES
from bandwise.training.mix import moved_units

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bandwise.training.graph import Graph, Weight

MEMORIES = ("1", "2")


def add_filter(g: Graph, w: dict[str, Weight]) -> None:
    """Add the network of `bandwise.training.deep_filter`, weights by their names there, to the graph."""
    units = w["filter.place"].shape[1]
    known = _gather(g, "filter.known", _known(g), known_places())
    hints = ["hints"] if w["filter.patch.weight"].shape[1] > INPUTS else []
    inputs = g.add("Concat", ["sound", known, *hints], "filter.inputs", axis=1)
    x = _affine(g, w, "patch", inputs)
    x = g.add("Add", [x, _everywhere(g, w)], "filter.with_features")
    x = g.add("Add", [x, g.weight("filter.place", w["filter.place"])], "filter.with_place")
    x = _exchange(g, w, "near", NEAR, g.add("Relu", [x], "filter.first"))
    for number in MEMORIES:
        projected = g.add(
            "MatMul",
            [x, g.weight(f"filter.gru{number}.input.weight", w[f"filter.gru{number}.weight_ih_l0"].T)],
            f"filter.gru{number}.input",
        )
        remembered = g.gru_cell(f"filter.gru{number}", projected, w, units, state=f"places{number}")
        x = g.add("Add", [x, remembered], f"filter.both{number}")
        x = _exchange(g, w, f"mix{number}", FAR, x)
    g.add("Identity", [_affine(g, w, "taps", g.add("Relu", [x], "filter.last"))], "taps")


def _affine(g: Graph, w: dict[str, Weight], name: str, x: str) -> str:
    return g.affine(x, f"filter.{name}", w[f"filter.{name}.weight"], w[f"filter.{name}.bias"])


def _everywhere(g: Graph, w: dict[str, Weight]) -> str:
    """The features, normalised, times their weights; scale and mean as in the bands' first layer."""
    mean = g.weight("filter.feature_mean", w["filter.feature_mean"])
    centred = g.add("Sub", ["features", mean], "filter.centred")
    scaled = w["filter.globe.weight"] * w["filter.feature_scale"]
    return g.affine(centred, "filter.globe", scaled, w["filter.globe.bias"])


def _known(g: Graph) -> str:
    """Gain, strength and harmonic of each bin [1, 300], the first two from -1 to 1."""
    spread = _constant(g, "spread", BAND_WEIGHTS[:, :LOW_BINS])
    two, one = _constant(g, "two", np.full(1, 2.0)), _constant(g, "one", np.full(1, 1.0))
    parts = []
    for estimate in ("gains", "strengths"):
        bins = g.add("MatMul", [estimate, spread], f"filter.{estimate}_of_bins")
        doubled = g.add("Mul", [bins, two], f"filter.{estimate}_doubled")
        parts.append(g.add("Sub", [doubled, one], f"filter.{estimate}_known"))
    return g.add("Concat", [*parts, _harmonics(g, two)], "filter.all_known", axis=1)


def _harmonics(g: Graph, two: str) -> str:
    """Correlation times cos(2 pi k period / 960) of each bin k."""
    rest = [BANDS * 2, 1, 1]
    _, period, correlation = g.split(
        "features", ["filter.levels", "filter.period", "filter.correlation"], rest
    )
    assert (PITCH_PERIOD, PITCH_CORRELATION) == (2 * BANDS, 2 * BANDS + 1)
    octaves = g.add("Mul", [period, _constant(g, "half", np.full(1, HALF_RANGE))], "filter.octaves")
    exponent = g.add("Add", [octaves, _constant(g, "middle", np.full(1, MIDDLE))], "filter.exponent")
    samples = g.add("Pow", [two, exponent], "filter.samples")
    bins = _constant(g, "bins", 2 * np.pi * np.arange(LOW_BINS)[None] / WINDOW_SAMPLES)
    turned = g.add("Cos", [g.add("Mul", [samples, bins], "filter.turns")], "filter.turned")
    return g.add("Mul", [turned, correlation], "filter.harmonics")


def _exchange(g: Graph, w: dict[str, Weight], name: str, offsets: tuple[int, ...], x: str) -> str:
    """X plus what places found around them."""
    found = g.add("Relu", [_affine(g, w, f"{name}.lin", x)], f"filter.{name}.found")
    units = w[f"filter.{name}.lin.weight"].shape[0]
    flat = g.reshape(found, (1, PLACES * units), f"filter.{name}.flat")
    moved = _gather(g, f"filter.{name}.moved", flat, moved_units(offsets, units))
    return g.add("Add", [x, _affine(g, w, f"{name}.back", moved)], f"filter.{name}.sum")


def _gather(g: Graph, name: str, values: str, places: NDArray[np.int64]) -> str:
    """Values [1, n] by their places, [25, any]; place n holds a zero."""
    filled = g.add("Concat", [values, _constant(g, "zero", np.zeros((1, 1)))], f"{name}.filled", axis=1)
    taken = g.add("Gather", [filled, g.weight(f"{name}.places", places)], f"{name}.taken", axis=1)
    return g.reshape(taken, places.shape, name)


def _constant(g: Graph, name: str, value: NDArray[Any]) -> str:
    """A number, or some, that nobody trained."""
    return g.weight(f"filter.constant.{name}", value.astype(np.float32))


def known_places() -> NDArray[np.int64]:
    """Where what each place knows, bin by bin, stands among [gains, strengths, harmonics] of all bins."""
    bins = BINS_PER_PLACE * np.arange(PLACES)[:, None] - BELOW + np.arange(SPAN)
    each = bins[..., None] + LOW_BINS * np.arange(KNOWN_VALUES)
    inside = ((bins >= 0) & (bins < LOW_BINS))[..., None]
    return np.where(inside, each, KNOWN_VALUES * LOW_BINS).reshape(PLACES, SPAN * KNOWN_VALUES)
