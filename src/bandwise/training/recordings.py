"""Recordings side by side in one array, drawn by length, group and bandwidth."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bandwise.training.signals import Signal, as_signal

if TYPE_CHECKING:
    from numpy.typing import NDArray

INT16_SCALE = 32_768.0
WIDE_ENOUGH_HZ = 9_000.0  # a voice at 16 kHz is a voice more: the filter ends at 5 kHz, most bands below 8


@dataclass(frozen=True)
class Clip:
    """One recording: where its samples lie and what is known of it.

    `group` is the speaker of speech and the class of noise; `active_rms` its level while something sounds;
    `bandwidth_hz` how far up the recording reaches; `kind` "stationary" or "nonstationary" for noise.
    """

    name: str
    group: str
    kind: str
    source: str
    licence: str
    bandwidth_hz: float
    start: int
    length: int
    active_rms: float


class Recordings:
    """Clips over one array of int16 samples at 48 kHz."""

    def __init__(self, samples: NDArray[np.int16], clips: list[Clip]) -> None:
        self.samples = samples
        self.clips = clips
        self.groups: dict[str, list[Clip]] = defaultdict(list)
        for clip in clips:
            self.groups[clip.group].append(clip)
        self._cumulative = np.cumsum(self._weights())

    def _weights(self) -> NDArray[np.float64]:
        """Likelihood of each clip, summing to 1.

        Half way between every second and every group (speaker, class) counting alike, times the bandwidth up
        to WIDE_ENOUGH_HZ: narrower recordings teach fewer bands.
        """
        seconds = {group: sum(clip.length for clip in clips) for group, clips in self.groups.items()}
        weights = np.array(
            [
                clip.length / np.sqrt(seconds[clip.group]) * min(clip.bandwidth_hz, WIDE_ENOUGH_HZ)
                for clip in self.clips
            ]
        )
        return np.asarray(weights / weights.sum())

    def draw(self, rng: np.random.Generator) -> Clip:
        """A random clip; long clips and seldom groups are likelier."""
        position = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        return self.clips[min(position, len(self.clips) - 1)]

    def read(self, clip: Clip, offset: int, length: int) -> Signal:
        """Samples [offset, offset + length) of the clip, cut at its end, scaled to active RMS 1."""
        begin = clip.start + offset
        end = clip.start + min(offset + length, clip.length)
        scale = np.float32(1.0 / (INT16_SCALE * clip.active_rms))
        return as_signal(self.samples[begin:end] * scale)
