"""Networks that estimate the same whatever comes, to see what the signal path makes of it."""

import numpy as np

from bandwise.bands.erb import BANDS
from bandwise.suppress.features import LAYOUT_VERSION as FEATURE_LAYOUT
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.network import BAND_FORMAT


def constant_network(path, gain, strength):
    """Write an ONNX network with these numbers in all bands; gives its path back. Needs onnx."""
    from onnx import TensorProto, helper, numpy_helper, save

    kind, sizes = TensorProto.FLOAT, {"features": FEATURES, "gains": BANDS, "strengths": BANDS}
    features, *estimates = [
        helper.make_tensor_value_info(name, kind, [1, size]) for name, size in sizes.items()
    ]
    nothing = np.zeros((FEATURES, BANDS), np.float32)
    constants = {
        "nothing": nothing,
        "gain": np.full(BANDS, gain, np.float32),
        "strength": np.full(BANDS, strength, np.float32),
    }
    nodes = [
        helper.make_node("Gemm", ["features", "nothing", "gain"], ["gains"]),
        helper.make_node("Gemm", ["features", "nothing", "strength"], ["strengths"]),
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "constant", [features], estimates, weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    facts = {"format": BAND_FORMAT, "feature_layout": str(FEATURE_LAYOUT)}
    helper.set_model_props(model, facts)
    save(model, path)
    return path
