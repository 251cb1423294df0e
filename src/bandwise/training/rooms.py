"""Rooms: what a voice sounds like two metres away, and what of it the network should keep.

Measured responses where a data folder has them, and endless simulated shoebox rooms: image sources up to the
second order, then a diffuse tail of decaying noise with the energy that room acoustics predicts.
Every response comes in two forms, as heard and as wanted: the wanted one keeps the first 20 ms and lets the
rest decay within 200 ms (Valin et al., arXiv 2102.05245).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import fft, signal

from bandwise.training.signals import SAMPLE_RATE, Signal, as_signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from bandwise.training.corpus import Response

EARLY_S = 0.020
WANTED_RT60_S = 0.200
LEAD_SAMPLES = 48  # kept before the direct path: a band-limited response rises before its peak
SPEED_OF_SOUND = 343.0


@dataclass(frozen=True)
class Shoebox:
    """A simulated room: size in metres, decay times in seconds, where the microphone stands."""

    size_m: NDArray[np.float64]
    rt60_s: float
    treble_rt60_s: float
    microphone_m: NDArray[np.float64]

    def response(self, rng: np.random.Generator, distance_m: float) -> Signal:
        """Source at `distance_m` in a random direction; direct path of height 1 at LEAD_SAMPLES."""
        source = _inside(self.microphone_m + distance_m * _direction(rng), self.size_m)
        length = LEAD_SAMPLES + int(min(self.rt60_s, 1.0) * SAMPLE_RATE)
        response = self._diffuse(rng, float(np.linalg.norm(source - self.microphone_m)), length)
        delays, heights = self._images(source)
        arrivals = LEAD_SAMPLES + np.round(delays * SAMPLE_RATE).astype(int)
        heard = arrivals < length
        np.add.at(response, arrivals[heard], heights[heard].astype(np.float32))
        return response

    def _images(self, source: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Delays after the direct path in seconds, and heights relative to it, up to two reflections."""
        images, bounces = _image_positions(source, self.size_m)
        distances = np.linalg.norm(images - self.microphone_m, axis=1)
        direct = distances[0]
        heights = self._reflection() ** bounces * direct / distances
        return (distances - direct) / SPEED_OF_SOUND, heights

    def _reflection(self) -> float:
        """Pressure reflection of the walls by Eyring: RT60 = 0.161 V / (-S ln(1 - a)), r = sqrt(1 - a)."""
        x, y, z = self.size_m
        surface = 2 * (x * y + y * z + x * z)
        return float(np.exp(-0.161 * (x * y * z) / (2 * surface * self.rt60_s)))

    def _diffuse(self, rng: np.random.Generator, distance_m: float, length: int) -> Signal:
        """Decaying noise whose energy is (distance / critical distance)^2 times that of the direct path."""
        critical_m = 0.057 * np.sqrt(np.prod(self.size_m) / self.rt60_s)
        seconds = np.arange(length - LEAD_SAMPLES, dtype=np.float32) / SAMPLE_RATE
        white = rng.standard_normal(len(seconds), dtype=np.float32)
        bass = signal.lfilter(*signal.butter(1, 2_500, fs=SAMPLE_RATE), white).astype(np.float32)
        tail = bass * 10 ** (-3 * seconds / np.float32(self.rt60_s))
        tail += (white - bass) * 10 ** (-3 * seconds / np.float32(self.treble_rt60_s))
        energy = float(np.square(tail, dtype=np.float64).sum())
        # Reflections thicken into a diffuse field after some mean free paths 4 V / S.
        free_path_s = 4 * np.prod(self.size_m) / self._surface() / SPEED_OF_SOUND
        tail *= 1 - np.exp(-seconds / np.float32(free_path_s))
        response = np.zeros(length, np.float32)
        response[LEAD_SAMPLES:] = tail * np.float32(distance_m / critical_m / np.sqrt(energy))
        return response

    def _surface(self) -> float:
        x, y, z = self.size_m
        return float(2 * (x * y + y * z + x * z))


@dataclass(frozen=True)
class MeasuredRoom:
    """The measured responses of one room."""

    responses: list[Response]

    def response(self, rng: np.random.Generator) -> Response:
        """One of them at random."""
        return self.responses[int(rng.integers(len(self.responses)))]


@dataclass(frozen=True)
class Heard:
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


def draw_shoebox(rng: np.random.Generator) -> Shoebox:
    """A room of 2.5 to 10 m with RT60 from 0.15 to 1.2 s, short ones likelier."""
    size = np.array([rng.uniform(2.5, 10), rng.uniform(2.5, 8), rng.uniform(2.2, 4)])
    rt60_s = float(np.exp(rng.uniform(np.log(0.15), np.log(1.2))))
    return Shoebox(
        size_m=size,
        rt60_s=rt60_s,
        treble_rt60_s=rt60_s * rng.uniform(0.35, 1.0),
        microphone_m=size * rng.uniform(0.2, 0.8, 3),
    )


def place_source(
    room: MeasuredRoom | Shoebox, rng: np.random.Generator, distances_m: tuple[float, float]
) -> Heard:
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
    return Heard(response, shorten(response, rt60_s))


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


def _direction(rng: np.random.Generator) -> NDArray[np.float64]:
    """A unit vector, mostly level: talkers stand about as high as microphones."""
    vector = rng.standard_normal(3) * (1, 1, 0.3)
    return np.asarray(vector / np.linalg.norm(vector))


def _inside(position: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """The position, brought to at least 0.2 m from every wall."""
    return np.clip(position, 0.2, size - 0.2)


def _image_positions(
    source: NDArray[np.float64], size: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Mirror images up to two reflections: positions [images, 3], reflections [images]; first the source.

    Along one axis of length L the images are at 2 i L + x after |2 i| bounces, at 2 i L - x after |2 i - 1|.
    """
    cells = np.array([0, 0, 1, 1, -1])  # source, wall at 0, wall at L, both walls, both the other way
    mirrored = np.array([1, -1, -1, 1, 1])
    axis_bounces = np.array([0, 1, 1, 2, 2])
    grid = np.stack(np.meshgrid(*[np.arange(5)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    bounces = axis_bounces[grid].sum(axis=1)
    grid, bounces = grid[bounces <= 2], bounces[bounces <= 2]
    return 2 * cells[grid] * size + mirrored[grid] * source, bounces
