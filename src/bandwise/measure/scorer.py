"""Which measures are taken of a signal, and taking them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bandwise.errors import BandwiseError
from bandwise.measure import dnsmos
from bandwise.measure.quality import METRICS, Metric, Signal

DNSMOS_TITLES = {"sig": "SIG", "bak": "BAK", "ovr": "OVR", "p808": "P.808"}


@dataclass(frozen=True)
class Scorer:
    """Which measures are taken. Those whose package is missing are left out; `missing()` says so.

    `keys`: some of pesq, stoi, estoi, si_sdr, lsd_high; all if None.  `dnsmos_folder`: with it, sig, bak, ovr
    and p808, too.  `known`: the measures to choose from, where others are wanted than these.
    """

    keys: Sequence[str] | None = None
    dnsmos_folder: Path | None = None
    known: tuple[Metric, ...] = field(default=METRICS, repr=False)

    def __post_init__(self) -> None:
        known = [metric.key for metric in self.known]
        for key in self.keys or ():
            if key not in known:
                raise BandwiseError(
                    f"measure {key!r} is unknown; there are {', '.join(known)}; pick of these"
                )
        if self.dnsmos_folder is not None:
            dnsmos.check_folder(self.dnsmos_folder)

    @property
    def wanted(self) -> list[Metric]:
        """The measures asked for, installed or not."""
        return [metric for metric in self.known if self.keys is None or metric.key in self.keys]

    def titles(self) -> dict[str, tuple[str, int]]:
        """Title and digits of every measure that is taken, by key, in the order of the table."""
        columns = {metric.key: (metric.title, metric.digits) for metric in self.wanted if metric.installed}
        if self.dnsmos_folder is not None:
            columns |= {key: (title, 2) for key, title in DNSMOS_TITLES.items()}
        return columns

    def missing(self) -> list[str]:
        """One line for every package that some measure lacks."""
        packages = dict.fromkeys(metric.package for metric in self.wanted if not metric.installed)
        notes = []
        for package in packages:
            titles = ", ".join(m.title for m in self.wanted if m.package == package)
            notes.append(f"{titles} left out: package {package} is not installed; pip install '{package}'")
        return notes

    def __call__(self, clean: Signal, processed: Signal, sample_rate: int) -> dict[str, float]:
        """The scores of `processed[n]` against `clean[n]`, aligned, by key."""
        scores = {m.key: m.measure(clean, processed, sample_rate) for m in self.wanted if m.installed}
        if self.dnsmos_folder is not None:
            scores |= dnsmos.score(self.dnsmos_folder, processed, sample_rate)
        return scores
