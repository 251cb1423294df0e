"""Split sound into bands, decide one number per band, put the bands back together.

The public names, on one screen. Each is imported when it is first used, so `import bandwise` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise.suppress.suppressor import NoiseSuppressor as NoiseSuppressor
    from bandwise.suppress.suppressor import enhance as enhance

__version__ = "0.1.0"

_HOME = {
    "enhance": "bandwise.suppress.suppressor",
    "NoiseSuppressor": "bandwise.suppress.suppressor",
}

__all__ = ["BandwiseError", "NoiseSuppressor", "__version__", "enhance"]


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'bandwise' has no attribute {name!r}")
    value = getattr(import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
