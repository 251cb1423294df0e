"""The rows of the comparison, and what the machine is."""

import os
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version

from bandwise.bench.latency import lag_ms
from bandwise.bench.resident import resident_mb
from bandwise.bench.systems import System
from bandwise.bench.timing import Cost, costs
from bandwise.markdown import table

PACKAGES = ("numpy", "numba", "rocket-fft", "onnxruntime")
REFERENCE = "RNNoise"


@dataclass(frozen=True)
class Row:
    """One system, one channel."""

    half: str
    name: str
    version: str
    sample_rate: int
    block_ms: float
    median_us: float | None
    """CPU time per 10 ms of sound."""
    p99_us: float | None
    core_percent: float
    lag_ms: float | None
    memory_mb: float | None
    model_bytes: int | None


def rows(systems: Sequence[System], seconds: float, tell: Callable[[str], None]) -> list[Row]:
    """Time all systems in turns, then find each one's latency and memory."""
    tell(f"timing {len(systems)} systems in turns")
    made = []
    for system, cost in zip(systems, costs(systems, seconds), strict=True):
        tell(f"{system.name}: latency, memory")
        made.append(_row(system, cost))
    return made


def _row(system: System, cost: Cost) -> Row:
    return Row(
        system.half,
        system.name,
        system.version,
        system.sample_rate,
        1000.0 * system.block_samples / system.sample_rate,
        cost.median_us,
        cost.p99_us,
        cost.core_percent,
        lag_ms(system),
        resident_mb(system.key),
        system.model_bytes,
    )


def markdown(made: Sequence[Row]) -> str:
    """The table, as text."""
    heads = (
        "system", "rate, kHz", "block, ms", "median, us", "p99, us", "% of a core", "x RNNoise",
        "lag, ms", "memory, MB", "model, MB",
    )  # fmt: skip
    reference = next((row.core_percent for row in made if row.name == REFERENCE), None)
    lines = []
    for row in made:
        ratio = row.core_percent / reference if reference and row.half == made[0].half else None
        size = row.model_bytes / 1e6 if row.model_bytes else None
        name = f"**{row.name}**" if row.name.startswith("bandwise") else f"{row.name} ({row.version})"
        numbers = (
            _text(row.sample_rate / 1000, 0), _text(row.block_ms or None, 1), _text(row.median_us, 0),
            _text(row.p99_us, 0), _text(row.core_percent, 2), _text(ratio, 2), _text(row.lag_ms, 1),
            _text(row.memory_mb, 0), _text(size, 1),
        )  # fmt: skip
        lines.append((name, *numbers))
    return table(heads, lines, numbers=True)


def _text(number: float | None, digits: int) -> str:
    return "-" if number is None else f"{number:.{digits}f}"


def machine() -> str:
    """Processor, system and versions, for the caption."""
    from bandwise import __version__
    from bandwise.measure.dynamics_cost import machine as processor

    versions = [f"bandwise {__version__}", f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:  # noqa: PERF203
            versions.append(f"no {package}")
    load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{processor()}, {os.cpu_count()} cores{load}; {platform.system()}; " + ", ".join(versions)
