"""What `bandwise bench` found, as text: a summary for the terminal, a page for the documentation."""

from pathlib import Path
from typing import Any

from bandwise.atomic_file import atomic
from bandwise.bench.table import REFERENCE, markdown
from bandwise.markdown import table

METHOD = """\
Everything on this page was measured by one command in one run, and the rows that we lose stay in:

    {command}

CPU time of one thread, one channel, a gliding voice in noise; systems take turns of two seconds, so that
all meet the same machine. Absolute times are those of one machine on one day: compare rows, not pages.
*Lag* is found by cross-correlation, with blocks that come whole; a live system also waits for a block to
fill. *Memory* is all that a Python process holds after three seconds, about 35 MB of it Python and NumPy.
RNNoise stands here as PyPI brings it, which is the reference of the ratios, and in other builds where they
are at hand. Systems without a median take whole recordings; their cost is that of the second half of a
recording twice as long. Peers whose weights are files are found where BANDWISE_PEER_NAME says.

Digital silence costs what sound costs. Its features come to rest, but rounding keeps some hundred of the
network's states moving for ever, so leaving frames out would change the bits of what follows.
"""

FLOOR = """\
The floor of a frame: multiply-adds at the rate of weights that lie in the cache, used for many rows, and each
weight read once in a plain loop. Long blocks, channels and files side by side share each reading. What else a
frame takes is the rest of the signal path."""
GROWTH = "The exponent is that of the power of the size that fits best over all sizes; 1 is in proportion."


def summary(found: dict[str, Any]) -> str:
    """The tables."""
    parts = [
        found["machine"],
        markdown(found["rows"]),
        _against_reference(found),
        _floor(found),
        _folder(found),
    ]
    if found.get("loudspeaker_peers"):
        parts.append(_loudspeaker(found))
    if found.get("growth"):
        parts.append(_growth(found))
    if found["absent"]:
        parts.append("Not installed: " + ", ".join(sorted(found["absent"])) + ".")
    return "\n\n".join(part for part in parts if part)


def write_page(path: Path, found: dict[str, Any]) -> None:
    """The page, with the picture of growth if it was measured."""
    growth = " --growth" if found.get("growth") else ""
    command = (
        f"bandwise bench --seconds {found['seconds']:g}{growth} --page {path.parent.name or '.'}/{path.name}"
    )
    command += "".join(f" \\\n        {option}" for option in found.get("also", []))
    picture = "\n\n![How cost grows](figures/cost-growth.png)\n" if found.get("growth") else "\n"
    text = f"# Cost, latency, memory\n\n{METHOD.format(command=command)}\n{summary(found)}{picture}"
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _against_reference(found: dict[str, Any]) -> str:
    rows = found["rows"]
    others = [row for row in rows if row.name == REFERENCE and row.median_us]
    own = [row for row in rows if row.name.startswith("bandwise") and row.half == rows[0].half]
    lines = [
        f"- {row.name}: {row.median_us / other.median_us:.2f} times {REFERENCE} ({other.version}); "
        f"p99 {row.p99_us / row.median_us:.1f} times the median"
        for row in own
        for other in others
    ]
    return "\n".join(lines)


def _floor(found: dict[str, Any]) -> str:
    """What multiplying and reading take at the rates of the machine, beside the whole frame."""
    medians = {row.name: row.median_us for row in found["rows"]}
    titles = (
        "frame of", "multiply-adds, M", "at G/s", "us", "weights, MB", "at GB/s", "us",
        "takes, us", "x reading",
    )  # fmt: skip
    lines = [
        (
            name,
            f"{least.multiply_adds / 1e6:.1f}",
            f"{least.multiply_adds / least.multiply_us / 1e3:.0f}",
            f"{least.multiply_us:.0f}",
            f"{least.weight_bytes / 1e6:.1f}",
            f"{least.weight_bytes / least.read_us / 1e3:.0f}",
            f"{least.read_us:.0f}",
            f"{medians[name]:.0f}",
            f"{medians[name] / least.read_us:.2f}",
        )
        for name, least in found["floor"].items()
    ]
    return f"{table(titles, lines, numbers=True)}\n\n{FLOOR}" if lines else ""


def _folder(found: dict[str, Any]) -> str:
    stream = found["folder"]["stream"]
    lines = ((name, f"{us:.0f}", f"{stream / us:.1f} x") for name, us in found["folder"].items())
    return table(("per 10 ms and channel", "us", "throughput"), lines, numbers=True)


def _loudspeaker(found: dict[str, Any]) -> str:
    lines = ((name, f"{cost:.2f}") for name, cost in found["loudspeaker_peers"].items())
    return table(("loudspeaker side of others", "% of a core"), lines, numbers=True)


def _growth(found: dict[str, Any]) -> str:
    lines = []
    for curve in found["growth"]:
        ends = (f"{curve.sizes[end]:g}" for end in (0, -1))
        costs = (f"{curve.costs[end]:.3g} {curve.unit}" for end in (0, -1))
        lines.append((f"{curve.title}: {curve.quantity}", *ends, *costs, f"{curve.exponent:.2f}"))
    titles = ("cost over", "from", "to", "cost, first", "last", "exponent")
    return f"{table(titles, lines, numbers=True)}\n\n{GROWTH}"
