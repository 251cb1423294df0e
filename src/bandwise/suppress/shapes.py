"""What shapes the weights in a network file must have for compiled code, which looks no further."""

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.errors import BandwiseError
from bandwise.suppress.features import SIZE
from bandwise.suppress.packing import FILTER_GRUS, FILTER_NAMES, FILTER_PLACE, GRUS, Named, has_filter
from bandwise.suppress.places import INPUTS, PLACES, TAP_VALUES

Shapes = dict[str, tuple[int, ...]]


def check_weights(found: Named, source: str) -> None:
    """Raise `BandwiseError` for a weight that does not fit the others, or is no number."""
    for name, value in found.items():
        is_table = name.endswith(".weight_quantized") or name == FILTER_PLACE
        if not value.size or value.ndim < 2 * is_table:
            raise BandwiseError(
                f"got {source} with {name} of shape {value.shape}; "
                f"{'a table' if is_table else 'a number or more'} is needed; export it again"
            )
    shapes = band_shapes(found) | (filter_shapes(found) if has_filter(found) else {})
    for name, value in found.items():
        wanted = _shape_of(name, shapes)
        if wanted is not None and value.shape != wanted:
            raise BandwiseError(
                f"got {source} with {name} of shape {value.shape}; {wanted} fits the rest; export it again"
            )
        if not np.isfinite(value).all():
            raise BandwiseError(f"got {source} with {name} that is not finite; export it again")


def _shape_of(name: str, shapes: Shapes) -> tuple[int, ...] | None:
    """Of a weight itself, or of what a layer has for each of its outputs; None for constants."""
    layer, _, part = name.rpartition(".")
    if name in shapes:
        return shapes[name]
    if part == "weight_quantized":
        return shapes.get(layer)
    return shapes[layer][1:] if part in {"weight_scale", "bias"} and layer in shapes else None


def band_shapes(found: Named) -> Shapes:
    """(inputs, outputs) of the layers of the bands' network, and the shapes of what it has besides."""
    dense, early, conv = (found[f"{name}.bias"].size for name in ("dense", "convolution1", "convolution2"))
    units, few = found["gru1.bias_n"].size, found["strengths.bias_n"].size
    outputs = BANDS + PLACES * _hints(found)
    past1, past2 = (found[f"convolution{k}.weight_quantized"].shape[0] for k in (1, 2))
    shapes: Shapes = {
        "feature_mean": (SIZE,),
        "dense.weight": (SIZE, dense),
        "dense.bias": (dense,),
        "convolution1": (max(dense, past1 - past1 % dense), early),
        "convolution2": (max(early, past2 - past2 % early), conv),
        "from_conv": (conv, 3 * units + 3 * few + outputs),
        "from_gru1": (units, 3 * units + outputs),
        "from_gru2": (units, 3 * units + outputs),
        "from_gru3": (units, 3 * units + 3 * few + outputs),
        "from_gains": (units, outputs),
        "strengths_head": (few, BANDS),
    }
    for gru in GRUS:
        own = few if gru == "strengths" else units
        shapes |= {f"{gru}.recurrent": (own, 3 * own), f"{gru}.bias_n": (own,)}
    return shapes


def filter_shapes(found: Named) -> Shapes:
    """The same of the deep filter's network."""
    units = found[FILTER_PLACE].shape[-1]
    shapes: Shapes = dict.fromkeys(FILTER_NAMES, (units, units)) | {
        FILTER_PLACE: (PLACES, units),
        "filter.feature_mean": (SIZE,),
        "filter.globe.weight": (SIZE, units),
        "filter.globe.bias": (units,),
        "filter.patch": (INPUTS + _hints(found), units),
        "filter.taps": (units, TAP_VALUES),
    }
    for gru in FILTER_GRUS:
        shapes |= {f"{gru}.bias_n": (units,)}
        shapes |= dict.fromkeys((f"{gru}.input", f"{gru}.recurrent"), (units, 3 * units))
    return shapes


def _hints(found: Named) -> int:
    """Of each place, by the length of the bias that gains and hints share."""
    return max(0, found["from_gains.bias"].size - BANDS) // PLACES
