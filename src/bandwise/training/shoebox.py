"""Simulated rooms.

Image sources up to the second order, then a diffuse tail of decaying noise with the energy that room
acoustics predicts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import signal

from bandwise.training.signals import SAMPLE_RATE, Signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
        return float(np.exp(-0.161 * np.prod(self.size_m) / (2 * self._surface() * self.rt60_s)))

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
