"""One line of an evaluation."""

from collections.abc import Mapping
from dataclasses import dataclass

NOISY = "noisy"


@dataclass(frozen=True)
class Row:
    """The scores of one system on one pair."""

    name: str
    system: str
    snr_db: float | None
    language: str
    noise: str
    room: str
    seconds: float
    lag_samples: int
    """How far the system's output lagged behind the clean signal before it was put right."""
    scores: Mapping[str, float]
    digest: str = ""
    """Of the samples that went in."""
    version: str = ""
    """Of the system, where it states one."""
