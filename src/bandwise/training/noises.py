"""Noises to put under voices: recorded, synthetic and babble backgrounds, and events that come and go."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bandwise.training import augment, synthetic_noise
from bandwise.training.recordings import Recordings
from bandwise.training.signals import SAMPLE_RATE, Signal, active_rms, amplitude, as_signal, rms, unit

if TYPE_CHECKING:
    from bandwise.training.corpus import Corpus
    from bandwise.training.mixture_config import MixtureConfig
    from bandwise.training.recordings import Clip

FROM_THROATS = frozenset({"animal", "baby", "bird", "cat", "cough", "dog", "rooster", "sneeze", "snoring"})
"""Classes of noise that are most easily taken for speech, and drawn more often than there is of them."""


class Noises:
    """Draws noises from recordings and formulae."""

    def __init__(self, corpus: Corpus, config: MixtureConfig) -> None:
        self.noise = corpus.noise
        throats = [clip for clip in corpus.noise.clips if clip.group in FROM_THROATS]
        self.throats = Recordings(corpus.noise.samples, throats) if throats else corpus.noise
        self.speech = corpus.speech
        self.config = config

    def draw(self, rng: np.random.Generator, length: int) -> tuple[Signal, list[str]]:
        """One to three backgrounds, the further ones up to 15 dB below the first of RMS 1; their names."""
        noise, names = np.zeros(length, np.float32), []
        for index in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
            background, name = self._background(rng, length)
            if rng.random() < self.config.onset_probability:
                background = background * _switched(rng, length)
            noise += background * amplitude(rng.uniform(-15, 0) if index else 0.0)
            names.append(name)
        return noise, names

    def _background(self, rng: np.random.Generator, length: int) -> tuple[Signal, str]:
        draw = rng.random()
        if draw < self.config.babble_probability:
            return self._babble(rng, length), "babble"
        if draw < self.config.babble_probability + self.config.synthetic_probability:
            return synthetic_noise.draw(rng, length)
        clip = self._recording(rng)
        noise = self._piece(rng, self.noise, clip, length)
        return unit(_loop(rng, noise, length)), clip.group

    def _recording(self, rng: np.random.Generator) -> Clip:
        throat = rng.random() < self.config.throat_probability
        return (self.throats if throat else self.noise).draw(rng)

    def _babble(self, rng: np.random.Generator, length: int) -> Signal:
        """Five to ten talkers at once, nobody in front."""
        babble = np.zeros(length, np.float32)
        for _ in range(int(rng.integers(5, 11))):
            clip = self.speech.draw(rng)
            voice = self._piece(rng, self.speech, clip, length)
            babble += _loop(rng, voice, length) * amplitude(rng.uniform(-6, 0))
        return unit(babble)

    def _piece(self, rng: np.random.Generator, recordings: Recordings, clip: Clip, length: int) -> Signal:
        """A piece of at most `length` samples at a random speed with a random tilt."""
        speed = float(rng.uniform(*self.config.noise_speed))
        wanted = int(length * speed)
        offset = int(rng.integers(max(clip.length - wanted, 0) + 1))
        piece = augment.change_speed(recordings.read(clip, offset, wanted), speed)[:length]
        return augment.apply(augment.tilt(rng), piece)

    def add_events(self, rng: np.random.Generator, noise: Signal, speech_rms: float) -> list[str]:
        """Foreground sounds at random moments, each with its own level against the speech, in place."""
        names = []
        for _ in range(int(rng.integers(1, 4))):
            clip = self._event(rng)
            length = min(int(rng.uniform(0.1, 2.0) * SAMPLE_RATE), len(noise))
            piece = augment.fade(self._piece(rng, self.noise, clip, length))
            start = int(rng.integers(len(noise) - len(piece) + 1))
            level = speech_rms * amplitude(-rng.uniform(*self.config.event_snr_db))
            own = max(active_rms(piece), rms(piece))  # which the last, unfilled 20 ms may decide
            noise[start : start + len(piece)] += piece * np.float32(level / (own + 1e-6))
            names.append("+" + clip.group)
        return names

    def _event(self, rng: np.random.Generator) -> Clip:
        """A clip that is not steady, after ten draws any."""
        for _ in range(10):
            clip = self._recording(rng)
            if clip.kind == "nonstationary":
                break
        return clip


def _switched(rng: np.random.Generator, length: int) -> Signal:
    """A gain that goes from 1 to 0 or back somewhere, within 10 ms to 1 s."""
    start, ramp = rng.uniform(0.1, 0.9) * length, rng.uniform(0.01, 1.0) * SAMPLE_RATE
    rising = np.clip((np.arange(length) - start) / ramp, 0, 1)
    return as_signal(rising if rng.random() < 0.5 else 1 - rising)


def _loop(rng: np.random.Generator, piece: Signal, length: int) -> Signal:
    """Repeat with 20 ms crossfades, from a random point, until `length` samples are full."""
    if len(piece) >= length:
        return piece[:length]
    overlap = min(SAMPLE_RATE // 50, len(piece) // 2)
    step = len(piece) - overlap
    body = piece.copy()
    ramp = np.linspace(0, 1, overlap, dtype=np.float32)
    body[:overlap] = piece[:overlap] * np.sqrt(ramp) + piece[step:] * np.sqrt(1 - ramp)
    ring = body[:step]
    return np.resize(np.roll(ring, -int(rng.integers(step))), length)
