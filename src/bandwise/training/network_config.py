"""Sizes of the network, without torch, so that the command line knows them."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PercepNetConfig:
    """Layer sizes in units, kernels in frames; the defaults are the published network, 8 million weights."""

    dense: int = 128
    convolution: int = 512
    kernels: tuple[int, int] = (5, 3)
    gru: int = 512
    strength_gru: int = 128
    filter_units: int = 0  # of each place of the deep filter; 0: none
    filter_hints: int = 0  # numbers that the bands' network tells each place besides gains and strengths
    weight_limit: float | None = None  # weights are held within +- this (published: 1/2, for int8)

    @staticmethod
    def from_dict(values: dict[str, Any]) -> "PercepNetConfig":
        """The inverse of dataclasses.asdict, from JSON or a checkpoint."""
        return PercepNetConfig(**{**values, "kernels": tuple(values["kernels"])})


SIZES = {
    "base": PercepNetConfig(),
    "small": PercepNetConfig(dense=96, convolution=256, gru=192, strength_gru=64),
    "toy": PercepNetConfig(dense=16, convolution=24, gru=24, strength_gru=16),
}
