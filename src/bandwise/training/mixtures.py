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

import math
from dataclasses import dataclass

import numpy as np

from bandwise.training import augment, rooms, synthetic_noise
from bandwise.training.corpus import SAMPLE_RATE, Clip, Corpus, Recordings, Signal, active_rms, as_signal

FULL_BANDWIDTH_HZ = SAMPLE_RATE / 2
Range = tuple[float, float]


@dataclass(frozen=True)
class MixtureConfig:
    """What examples are like; probabilities are per example unless said otherwise."""

    seconds: float = 5.0
    clean_probability: float = 0.07
    noise_only_probability: float = 0.05
    snr_db: Range = (-5.0, 45.0)
    usual_snr_db: Range = (-2.0, 25.0)
    usual_snr_probability: float = 0.85
    peak_dbfs: Range = (-45.0, 0.0)
    speech_speed: Range = (0.85, 1.18)
    noise_speed: Range = (0.7, 1.4)
    second_speaker_probability: float = 0.25
    formant_probability: float = 0.2
    formant_factor: Range = (0.88, 1.14)
    room_probability: float = 0.4
    speech_distance_m: Range = (0.25, 3.0)
    noise_distance_m: Range = (1.0, 6.0)
    noise_room_probability: float = 0.6
    synthetic_probability: float = 0.35
    babble_probability: float = 0.05
    event_probability: float = 0.3
    event_snr_db: Range = (-8.0, 20.0)
    low_pass_probability: float = 0.2
    narrow_voice_probability: float = 0.04
    clipping_probability: float = 0.03
    clipping_db: Range = (1.0, 10.0)


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
        self.corpus = corpus
        self.rooms = room_bank or rooms.Rooms(corpus.responses)
        self.config = config or MixtureConfig()
        self.length = round(self.config.seconds * SAMPLE_RATE)

    def example(self, rng: np.random.Generator) -> Example:
        """The next example of this generator."""
        kind = self._kind(rng)
        voice, bandwidth_hz, story = self._voice(rng, kind)
        noise, sources = self._noise(rng, kind)
        wanted, heard, noise = self._through_room(rng, voice, noise, story)
        noise = self._at_snr(rng, wanted, noise, story) if kind == "mixture" else noise
        pair = np.stack([wanted, heard + noise])
        pair, bandwidth_hz = self._through_line(rng, pair, bandwidth_hz, story)
        return Example(pair[0], pair[1], bandwidth_hz, " ".join([kind, *story, *sources]))

    def _kind(self, rng: np.random.Generator) -> str:
        draw = rng.random()
        if draw < self.config.clean_probability:
            return "clean"
        return (
            "noise"
            if draw < self.config.clean_probability + self.config.noise_only_probability
            else "mixture"
        )

    # ------------------------------------------------------------------------------------------ speech

    def _voice(self, rng: np.random.Generator, kind: str) -> tuple[Signal, float, list[str]]:
        """Speech of about active RMS 1, how far up it is true, and words about it."""
        if kind == "noise":
            return np.zeros(self.length, np.float32), FULL_BANDWIDTH_HZ, []
        voice, bandwidth_hz = self._turns(rng)
        cutoff_hz = float(rng.uniform(3_000, 8_000))
        if rng.random() < self.config.narrow_voice_probability and cutoff_hz < 0.8 * bandwidth_hz:
            return augment.apply(augment.low_pass(cutoff_hz), voice), FULL_BANDWIDTH_HZ, ["narrow-voice"]
        return voice, bandwidth_hz, []

    def _turns(self, rng: np.random.Generator) -> tuple[Signal, float]:
        """One speaker, or two after each other at different levels."""
        if rng.random() >= self.config.second_speaker_probability:
            return self._speaker(rng, self.corpus.speech.draw(rng), self.length)
        cut = int(self.length * rng.uniform(0.25, 0.75))
        first = self.corpus.speech.draw(rng)
        second = self._similar_bandwidth(rng, first)
        one, one_hz = self._speaker(rng, first, cut)
        two, two_hz = self._speaker(rng, second, self.length - cut)
        two *= _amplitude(rng.uniform(-8, 8))
        return np.concatenate([one, two]), min(one_hz, two_hz)

    def _similar_bandwidth(self, rng: np.random.Generator, first: Clip) -> Clip:
        """A clip that does not force a lower mask on the first one; after ten draws the first one itself."""
        for _ in range(10):
            clip = self.corpus.speech.draw(rng)
            if clip.bandwidth_hz >= 0.9 * first.bandwidth_hz:
                return clip
        return first

    def _speaker(self, rng: np.random.Generator, clip: Clip, length: int) -> tuple[Signal, float]:
        """`length` samples of one speaker with pauses, changed in speed, formants and colour."""
        speed = float(rng.uniform(*self.config.speech_speed))
        raw = self._phrases(rng, clip, int(np.ceil(length * speed)) + 64)
        voice = augment.change_speed(raw, speed)[:length]
        bandwidth_hz = min(clip.bandwidth_hz * speed, FULL_BANDWIDTH_HZ)
        if rng.random() < self.config.formant_probability:
            factor = float(rng.uniform(*self.config.formant_factor))
            voice = augment.warp_formants(voice, factor)
            bandwidth_hz *= min(factor, 1.0)
        voice = augment.apply(augment.tilt(rng), voice)
        return _fit(voice, length), bandwidth_hz

    def _phrases(self, rng: np.random.Generator, clip: Clip, length: int) -> Signal:
        """Pieces of the speaker's clips of 0.8 s and more, a pause of up to a second before most."""
        out = np.zeros(length, np.float32)
        position = _pause(rng)
        while position < length:
            wanted = int(rng.uniform(0.8, 6) * SAMPLE_RATE)
            offset = int(rng.integers(max(clip.length - wanted, 0) + 1))
            piece = augment.fade(self.corpus.speech.read(clip, offset, min(wanted, length - position)))
            out[position : position + len(piece)] = piece * _amplitude(rng.normal(0, 1.5))
            position += len(piece) + _pause(rng)
            clip = self._same_speaker(rng, clip)
        return out

    def _same_speaker(self, rng: np.random.Generator, clip: Clip) -> Clip:
        """Another clip of the speaker that reaches about as far up."""
        clips = self.corpus.speech.groups[clip.group]
        other = clips[int(rng.integers(len(clips)))]
        return other if other.bandwidth_hz >= 0.95 * clip.bandwidth_hz else clip

    # ------------------------------------------------------------------------------------------- noise

    def _noise(self, rng: np.random.Generator, kind: str) -> tuple[Signal, list[str]]:
        """One to three backgrounds, the further ones up to 15 dB below the first; RMS about 1."""
        noise = np.zeros(self.length, np.float32)
        if kind == "clean":
            return noise, []
        names = []
        for index in range(int(rng.choice([1, 2, 3], p=[0.6, 0.3, 0.1]))):
            background, name = self._background(rng)
            noise += background * _amplitude(rng.uniform(-15, 0) if index else 0.0)
            names.append(name)
        return noise, names

    def _background(self, rng: np.random.Generator) -> tuple[Signal, str]:
        draw = rng.random()
        if draw < self.config.babble_probability:
            return self._babble(rng), "babble"
        if draw < self.config.babble_probability + self.config.synthetic_probability:
            return synthetic_noise.draw(rng, self.length)
        clip = self.corpus.noise.draw(rng)
        noise = self._coloured_piece(rng, self.corpus.noise, clip, self.length)
        return _unit(_loop(rng, noise, self.length)), clip.group

    def _babble(self, rng: np.random.Generator) -> Signal:
        """Five to ten talkers at once, nobody in front."""
        babble = np.zeros(self.length, np.float32)
        for _ in range(int(rng.integers(5, 11))):
            clip = self.corpus.speech.draw(rng)
            voice = self._coloured_piece(rng, self.corpus.speech, clip, self.length)
            babble += _loop(rng, voice, self.length) * _amplitude(rng.uniform(-6, 0))
        return _unit(babble)

    def _coloured_piece(
        self, rng: np.random.Generator, recordings: Recordings, clip: Clip, length: int
    ) -> Signal:
        """A piece of at most `length` samples at a random speed with a random tilt."""
        speed = float(rng.uniform(*self.config.noise_speed))
        wanted = int(length * speed)
        offset = int(rng.integers(max(clip.length - wanted, 0) + 1))
        piece = augment.change_speed(recordings.read(clip, offset, wanted), speed)[:length]
        return augment.apply(augment.tilt(rng), piece)

    def _add_events(self, rng: np.random.Generator, noise: Signal, speech_rms: float) -> list[str]:
        """Foreground sounds at random moments, each with its own level against the speech, in place."""
        names = []
        for _ in range(int(rng.integers(1, 4))):
            clip = self._event(rng)
            length = int(rng.uniform(0.1, 2.0) * SAMPLE_RATE)
            piece = augment.fade(self._coloured_piece(rng, self.corpus.noise, clip, length))
            start = int(rng.integers(self.length - len(piece) + 1))
            level = speech_rms * _amplitude(-rng.uniform(*self.config.event_snr_db))
            noise[start : start + len(piece)] += piece * np.float32(level / (active_rms(piece) + 1e-6))
            names.append("+" + clip.group)
        return names

    def _event(self, rng: np.random.Generator) -> Clip:
        """A clip that is not steady, after ten draws any."""
        for _ in range(10):
            clip = self.corpus.noise.draw(rng)
            if clip.kind == "nonstationary":
                break
        return clip

    def _at_snr(self, rng: np.random.Generator, wanted: Signal, noise: Signal, story: list[str]) -> Signal:
        """Noise scaled against the active level of the wanted speech, then events on top."""
        usual = rng.random() < self.config.usual_snr_probability
        snr_db = float(rng.uniform(*(self.config.usual_snr_db if usual else self.config.snr_db)))
        speech_rms = active_rms(wanted) or 1.0  # nothing but a pause: the noise stays as it is
        noise = _unit(noise) * np.float32(speech_rms * _amplitude(-snr_db))
        story.append(f"snr={snr_db:.1f}")
        if rng.random() < self.config.event_probability:
            story.extend(self._add_events(rng, noise, speech_rms))
        return noise

    # ------------------------------------------------------------------------------ room, microphone, line

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
        """Microphone, band limit and level for both, clipping for the noisy one only; pair [2, samples]."""
        pair = augment.apply(augment.microphone(rng), pair)
        if rng.random() < self.config.low_pass_probability:
            cutoff_hz = augment.draw_cutoff_hz(rng)
            pair = augment.apply(augment.low_pass(cutoff_hz), pair)
            bandwidth_hz = min(bandwidth_hz, cutoff_hz)
            story.append(f"low-pass={cutoff_hz:.0f}")
        peak = float(np.abs(pair[1]).max()) + 1e-9
        pair *= np.float32(_amplitude(rng.uniform(*self.config.peak_dbfs)) / peak)
        if rng.random() < self.config.clipping_probability:
            pair[1] = augment.clip_peaks(pair[1], float(rng.uniform(*self.config.clipping_db)))
            story.append("clipped")
        return pair, bandwidth_hz


def _amplitude(level_db: float) -> np.float32:
    return np.float32(math.pow(10, level_db / 20))


def _unit(samples: Signal) -> Signal:
    return as_signal(samples / (np.sqrt(np.mean(np.square(samples, dtype=np.float64))) + 1e-9))


def _pause(rng: np.random.Generator) -> int:
    """No pause in three of ten cases, else 50 ms to a second."""
    return 0 if rng.random() < 0.3 else int(rng.uniform(0.05, 1.0) * SAMPLE_RATE)


def _fit(samples: Signal, length: int) -> Signal:
    return np.pad(samples, (0, max(length - len(samples), 0)))[:length]


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
