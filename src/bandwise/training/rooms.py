"""Rooms: what a voice sounds like two metres away, and what of it the network should keep.

Measured responses where a data folder has them, and endless simulated shoebox rooms.
Every response comes in two forms, as heard and as wanted: the wanted one keeps the first 20 ms and lets the
rest decay within 200 ms (Valin et al., arXiv 2102.05245).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft

from bandwise.training.shoebox import LEAD_SAMPLES, Shoebox, draw_shoebox
from bandwise.training.signals import SAMPLE_RATE, Signal, as_signal

if TYPE_CHECKING:
    from bandwise.training.corpus import Response

EARLY_S = 0.020
WANTED_RT60_S = 0.200


@dataclass(frozen=True)
class MeasuredRoom:
    """The measured responses of one room."""

    responses: list[Response]

    def response(self, rng: np.random.Generator) -> Response:
        """One of them at random."""
        return self.responses[int(rng.integers(len(self.responses)))]


@dataclass(frozen=True)
class PlacedSource:
    """A source in a room: its response as heard, as wanted, both with the direct path at LEAD_SAMPLES."""

    heard: Signal
    wanted: Signal


class Rooms:
    """Draws rooms: measured ones with `measured_probability`, else simulated."""

    def __init__(self, responses: list[Response], measured_probability: float = 0.3) -> None:
        by_room: dict[str, list[Response]] = defaultdict(list)
        for response in responses:
            by_room[response.room.split(",")[0].split("(")[0].strip()].append(response)
        self.measured = [MeasuredRoom(group) for group in by_room.values()]
        self.measured_probability = measured_probability if self.measured else 0.0

    def draw(self, rng: np.random.Generator) -> MeasuredRoom | Shoebox:
        """The next room."""
        if rng.random() < self.measured_probability:
            return self.measured[int(rng.integers(len(self.measured)))]
        return draw_shoebox(rng)


def place_source(
    room: MeasuredRoom | Shoebox, rng: np.random.Generator, distances_m: tuple[float, float]
) -> PlacedSource:
    """Put a source into the room, between two distances where the room is simulated."""
    if isinstance(room, Shoebox):
        near, far = np.log(distances_m[0]), np.log(distances_m[1])
        response, rt60_s = room.response(rng, float(np.exp(rng.uniform(near, far)))), room.rt60_s
    else:
        measured = room.response(rng)
        response, rt60_s = align(measured.samples), measured.rt60_s
        # One response stands for several distances: the early part louder or softer than measured.
        response = response * _early_weights(len(response), float(rng.uniform(0.5, 1.5)))
        response = as_signal(response / response[LEAD_SAMPLES])
    return PlacedSource(response, shorten(response, rt60_s))


def align(response: Signal) -> Signal:
    """The response with its peak, scaled to +1, at LEAD_SAMPLES."""
    peak = int(np.argmax(np.abs(response)))
    lead = np.zeros(LEAD_SAMPLES, np.float32)
    padded = np.concatenate([lead, response])[peak:]
    return as_signal(padded / padded[LEAD_SAMPLES])


def shorten(response: Signal, rt60_s: float) -> Signal:
    """The wanted response: untouched for EARLY_S after the direct path, then decaying in WANTED_RT60_S.

    A tail 10^(-3 t / T) becomes 10^(-3 t / 0.2) when multiplied by 10^(-3 t (1 / 0.2 - 1 / T)), t counted
    from the end of the early part. Rooms that decay faster stay as they are.
    """
    extra = max(1 / WANTED_RT60_S - 1 / rt60_s, 0.0)
    late_s = (np.arange(len(response)) - LEAD_SAMPLES) / SAMPLE_RATE - EARLY_S
    return as_signal(response * 10 ** (-3 * extra * np.maximum(late_s, 0)))


def convolve(dry: Signal, responses: list[Signal]) -> list[Signal]:
    """The dry signal through each response, as long as before, the direct path not delayed."""
    size = fft.next_fast_len(len(dry) + max(map(len, responses)), real=True)
    spectrum = fft.rfft(dry, size)
    wet = (fft.irfft(spectrum * fft.rfft(response, size), size) for response in responses)
    return [as_signal(x[LEAD_SAMPLES : LEAD_SAMPLES + len(dry)]) for x in wet]


def _early_weights(length: int, early: float) -> Signal:
    """`early` up to EARLY_S after the direct path, then 1 after a 5 ms crossfade."""
    end = LEAD_SAMPLES + EARLY_S * SAMPLE_RATE
    blend = np.clip((np.arange(length) - end) / (0.005 * SAMPLE_RATE), 0, 1)
    return as_signal(early + (1 - early) * blend)
