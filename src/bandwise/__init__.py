"""Split sound into bands, decide one number per band, put the bands back together.

The public names, on one screen. Each is imported when it is first used, so `import bandwise` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise.bands.crossover import Crossover
    from bandwise.dynamics.multiband import MultibandDynamics
    from bandwise.dynamics.settings import (
        BandSettings,
        CompressorSettings,
        LimiterSettings,
        MultibandSettings,
    )
    from bandwise.dynamics.store import load_preset, presets
    from bandwise.suppress.suppressor import NoiseSuppressor, enhance

__version__ = "0.1.0"

__all__ = [
    "BandSettings",
    "BandwiseError",
    "CompressorSettings",
    "Crossover",
    "LimiterSettings",
    "MultibandDynamics",
    "MultibandSettings",
    "NoiseSuppressor",
    "__version__",
    "enhance",
    "load_preset",
    "presets",
]

_HOMES = {
    "bandwise.bands.crossover": ["Crossover"],
    "bandwise.dynamics.multiband": ["MultibandDynamics"],
    "bandwise.dynamics.settings": [
        "BandSettings",
        "CompressorSettings",
        "LimiterSettings",
        "MultibandSettings",
    ],
    "bandwise.dynamics.store": ["load_preset", "presets"],
    "bandwise.suppress.suppressor": ["NoiseSuppressor", "enhance"],
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'bandwise' has no attribute {name!r}")
    value: object = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
