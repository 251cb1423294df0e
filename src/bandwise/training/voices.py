"""Voices for mixtures: one or two speakers with pauses, changed in speed, formants, colour and level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bandwise.training import augment, textures
from bandwise.training.signals import SAMPLE_RATE, Signal, amplitude

if TYPE_CHECKING:
    from bandwise.training.mixture_config import MixtureConfig
    from bandwise.training.recordings import Clip, Recordings

FULL_BANDWIDTH_HZ = SAMPLE_RATE / 2


class Voices:
    """Draws voices from recorded speech."""

    def __init__(self, recordings: Recordings, config: MixtureConfig) -> None:
        self.recordings = recordings
        self.config = config

    def draw(self, rng: np.random.Generator, length: int) -> tuple[Signal, float, list[str]]:
        """`length` samples of about active RMS 1, up to where they are true in Hz, words about them."""
        voice, bandwidth_hz = self._turns(rng, length)
        if rng.random() < self.config.drift_probability:
            voice *= 10 ** (self.config.drift_db / 20 * textures.wander(rng, length, cutoff_hz=0.5))
        cutoff_hz = float(rng.uniform(3_000, 8_000))
        if rng.random() < self.config.narrow_voice_probability and cutoff_hz < 0.8 * bandwidth_hz:
            return augment.apply(augment.low_pass(cutoff_hz), voice), FULL_BANDWIDTH_HZ, ["narrow-voice"]
        return voice, bandwidth_hz, []

    def _turns(self, rng: np.random.Generator, length: int) -> tuple[Signal, float]:
        """One speaker, or two after each other at different levels."""
        if rng.random() >= self.config.second_speaker_probability:
            return self._speaker(rng, self.recordings.draw(rng), length)
        cut = int(length * rng.uniform(0.25, 0.75))
        first = self.recordings.draw(rng)
        second = self._similar_bandwidth(rng, first)
        one, one_hz = self._speaker(rng, first, cut)
        two, two_hz = self._speaker(rng, second, length - cut)
        two *= amplitude(rng.uniform(-8, 8))
        return np.concatenate([one, two]), min(one_hz, two_hz)

    def _similar_bandwidth(self, rng: np.random.Generator, first: Clip) -> Clip:
        """A clip that does not force a lower mask on the first one; after ten draws the first one itself."""
        for _ in range(10):
            clip = self.recordings.draw(rng)
            if clip.bandwidth_hz >= 0.9 * first.bandwidth_hz:
                return clip
        return first

    def _speaker(self, rng: np.random.Generator, clip: Clip, length: int) -> tuple[Signal, float]:
        """`length` samples of one speaker with pauses, changed in speed, formants and colour."""
        speed = float(rng.uniform(*self.config.speech_speed))
        raw, reach_hz = self._phrases(rng, clip, int(np.ceil(length * speed)) + 64)
        voice = augment.change_speed(raw, speed)[:length]
        bandwidth_hz = min(reach_hz * speed, FULL_BANDWIDTH_HZ)
        if rng.random() < self.config.formant_probability:
            factor = float(rng.uniform(*self.config.formant_factor))
            voice = augment.warp_formants(voice, factor)
            bandwidth_hz *= min(factor, 1.0)
        voice = augment.apply(augment.tilt(rng), voice)
        return _fit(voice, length), bandwidth_hz

    def _phrases(self, rng: np.random.Generator, first: Clip, length: int) -> tuple[Signal, float]:
        """Pieces of the speaker's clips of 0.8 s and more, a pause of up to a second before most.

        And how far up all of them reach, in Hz.
        """
        out = np.zeros(length, np.float32)
        position, clip, reach_hz = _pause(rng), first, first.bandwidth_hz
        while position < length:
            wanted = int(rng.uniform(0.8, 6) * SAMPLE_RATE)
            offset = int(rng.integers(max(clip.length - wanted, 0) + 1))
            piece = augment.fade(self.recordings.read(clip, offset, min(wanted, length - position)))
            out[position : position + len(piece)] = piece * amplitude(rng.normal(0, 1.5))
            position += len(piece) + _pause(rng)
            reach_hz = min(reach_hz, clip.bandwidth_hz)
            clip = self._same_speaker(rng, first)
        return out, reach_hz

    def _same_speaker(self, rng: np.random.Generator, clip: Clip) -> Clip:
        """Another clip of the speaker that reaches about as far up."""
        clips = self.recordings.groups[clip.group]
        other = clips[int(rng.integers(len(clips)))]
        return other if other.bandwidth_hz >= 0.95 * clip.bandwidth_hz else clip


def _pause(rng: np.random.Generator) -> int:
    """No pause in three of ten cases, else 50 ms to a second."""
    return 0 if rng.random() < 0.3 else int(rng.uniform(0.05, 1.0) * SAMPLE_RATE)


def _fit(samples: Signal, length: int) -> Signal:
    return np.pad(samples, (0, max(length - len(samples), 0)))[:length]
