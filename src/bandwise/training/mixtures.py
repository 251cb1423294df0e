"""Endless training examples: a voice as it should sound, and as a microphone might hear it.

Speech of one or two speakers with pauses, perhaps in a room, under one to three noises and some events,
through one microphone, at any level. All randomness comes from the generator handed in: same seed, same
samples.

Bandwidth. Many recordings stop at 8 or 16 kHz, and what their speaker did above is unknown. `bandwidth_hz`
says up to where the target is true; the loss must skip bands above it, else the network learns that speech
has no treble and removes it from full-band voices. Two cases are never masked, so that noise above a narrow
voice is still removed: noise only (the target is zero everywhere), and a voice that was made narrow on
purpose before the noise came (cut well below the recording's own limit, as a telephone voice from a
loudspeaker: the truth above the cut is known to be nothing). After a low-pass over voice and noise together
neither has anything above it, no gain matters there, and the bands are masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bandwise.training import augment, rooms
from bandwise.training.mixture_config import MixtureConfig
from bandwise.training.noises import Noises
from bandwise.training.signals import SAMPLE_RATE, Signal, active_rms, amplitude, unit
from bandwise.training.voices import FULL_BANDWIDTH_HZ, Voices

if TYPE_CHECKING:
    from bandwise.training.corpus import Corpus


@dataclass(frozen=True)
class Example:
    """`clean` and `noisy`, float32 [samples] at 48 kHz, aligned; the target is true up to `bandwidth_hz`."""

    clean: Signal
    noisy: Signal
    bandwidth_hz: float
    description: str


class Mixer:
    """Makes examples from a corpus; holds no randomness of its own."""

    def __init__(
        self, corpus: Corpus, room_bank: rooms.Rooms | None = None, config: MixtureConfig | None = None
    ) -> None:
        self.config = config or MixtureConfig()
        self.voices = Voices(corpus.speech, self.config)
        self.noises = Noises(corpus, self.config)
        self.rooms = room_bank or rooms.Rooms(corpus.responses)
        self.length = round(self.config.seconds * SAMPLE_RATE)

    def example(self, rng: np.random.Generator) -> Example:
        """The next example of this generator."""
        kind = self._kind(rng)
        voice, noise = np.zeros((2, self.length), np.float32)
        bandwidth_hz = FULL_BANDWIDTH_HZ
        story: list[str] = []
        sources: list[str] = []
        if kind != "noise":
            voice, bandwidth_hz, story = self.voices.draw(rng, self.length)
        if kind != "clean":
            noise, sources = self.noises.draw(rng, self.length)
        wanted, heard, noise = self._through_room(rng, voice, noise, story)
        if kind == "mixture":
            noise = self._at_snr(rng, wanted, noise, story)
        pair = np.stack([wanted, heard + noise])
        pair, bandwidth_hz = self._through_line(rng, pair, bandwidth_hz, story)
        return Example(pair[0], pair[1], bandwidth_hz, " ".join([kind, *story, *sources]))

    def _kind(self, rng: np.random.Generator) -> str:
        """What the example is made of: clean, noise or mixture."""
        clean, noise = self.config.clean_probability, self.config.noise_only_probability
        draw = rng.random()
        return "clean" if draw < clean else "noise" if draw < clean + noise else "mixture"

    def _at_snr(self, rng: np.random.Generator, wanted: Signal, noise: Signal, story: list[str]) -> Signal:
        """Noise scaled against the active level of the wanted speech, then events on top."""
        usual = rng.random() < self.config.usual_snr_probability
        snr_db = float(rng.uniform(*(self.config.usual_snr_db if usual else self.config.snr_db)))
        speech_rms = active_rms(wanted) or 1.0  # nothing but a pause: the noise stays as it is
        noise = unit(noise) * np.float32(speech_rms * amplitude(-snr_db))
        story.append(f"snr={snr_db:.1f}")
        if rng.random() < self.config.event_probability:
            story.extend(self.noises.add_events(rng, noise, speech_rms))
        return noise

    def _through_room(
        self, rng: np.random.Generator, voice: Signal, noise: Signal, story: list[str]
    ) -> tuple[Signal, Signal, Signal]:
        """(speech as wanted, speech as heard, noise), all dry outside rooms."""
        if rng.random() >= self.config.room_probability:
            return voice, voice, noise
        room = self.rooms.draw(rng)
        source = rooms.place_source(room, rng, self.config.speech_distance_m)
        story.append(type(room).__name__)
        wanted, heard = rooms.convolve(voice, [source.wanted, source.heard])
        if rng.random() < self.config.noise_room_probability:
            far = rooms.place_source(room, rng, self.config.noise_distance_m)
            (noise,) = rooms.convolve(noise, [far.heard])
        return wanted, heard, noise

    def _through_line(
        self, rng: np.random.Generator, pair: Signal, bandwidth_hz: float, story: list[str]
    ) -> tuple[Signal, float]:
        """Microphone, band limit, level and lost packets for both, clipping and codec for the noisy one.

        Pair is float32 [2, samples]: clean, noisy.
        """
        pair = augment.apply(augment.microphone(rng), pair)
        if rng.random() < self.config.low_pass_probability:
            cutoff_hz = augment.draw_cutoff_hz(rng)
            pair = augment.apply(augment.low_pass(cutoff_hz), pair)
            bandwidth_hz = min(bandwidth_hz, cutoff_hz)
            story.append(f"low-pass={cutoff_hz:.0f}")
        peak = float(np.abs(pair[1]).max()) + 1e-9
        pair *= np.float32(amplitude(rng.uniform(*self.config.peak_dbfs)) / peak)
        if rng.random() < self.config.clipping_probability:
            pair[1] = augment.clip_peaks(pair[1], float(rng.uniform(*self.config.clipping_db)))
            story.append("clipped")
        if rng.random() < self.config.codec_probability:
            pair[1] = augment.through_opus(pair[1], float(rng.uniform(*self.config.codec_compression)))
            story.append("opus")
        if rng.random() < self.config.packet_loss_probability:
            pair = augment.drop_packets(rng, pair)  # from both: the network cannot invent what is lost
            story.append("lost-packets")
        return pair, bandwidth_hz
