"""Figures that need no display, and what is told where matplotlib, which draws them, is missing."""

from pathlib import Path
from typing import TYPE_CHECKING

from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DOTS_PER_INCH = 110


def new_figure(width_in: float, height_in: float, extra: str = "plot") -> "Figure":
    """An empty one; without matplotlib as `require_matplotlib`."""
    require_matplotlib(extra)
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained", dpi=DOTS_PER_INCH)


def require_matplotlib(extra: str = "plot") -> None:
    """Raise `BandwiseError` with the remedy, an extra of this package, where matplotlib is missing."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is None:
        raise BandwiseError(
            f"got no matplotlib, which draws the pictures; it comes with: pip install 'bandwise[{extra}]'"
        )


def check_picture(path: Path) -> None:
    """Raise `BandwiseError` where matplotlib is missing or draws no file that ends so."""
    require_matplotlib()
    from matplotlib.backend_bases import FigureCanvasBase

    known = FigureCanvasBase.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise BandwiseError(f"got {path} for a picture; allowed are {', '.join(sorted(known))}; use .png")
