"""Voices whose pitch is known exactly, because they are synthesised from it.

Source and filter: the glottal flow of Rosenberg (JASA 49, 1971, type C), differentiated by radiation at the
lips, through a cascade of formant resonators (Klatt, JASA 67, 1980, eq. 1). The pitch glides and vibrates
between 70 and 400 Hz, breath noise rides on the open glottis, and fricatives and silences separate the
syllables.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

SAMPLE_RATE = 48_000
HOP_SAMPLES = 480
F0_LOWEST_HZ, F0_HIGHEST_HZ = 70.0, 400.0

# F1 to F4 in Hz of an adult male vocal tract (Peterson and Barney, JASA 24, 1952, rounded); shorter tracts
# scale them up.
VOWELS_HZ = np.array(
    [
        (270, 2290, 3010, 3700),
        (530, 1840, 2480, 3500),
        (730, 1090, 2440, 3400),
        (570, 840, 2410, 3300),
        (300, 870, 2240, 3300),
        (490, 1350, 1690, 3300),
    ],
    dtype=np.float64,
)
FORMANT_BANDWIDTHS_HZ = (60.0, 90.0, 130.0, 200.0)

Array = NDArray[np.float64]
Audio = NDArray[np.float32]


@dataclass(frozen=True)
class Speaker:
    """One voice: middle pitch, vocal tract length (as a formant factor), breath and vibrato."""

    f0_hz: float
    formant_scale: float
    breath: float
    vibrato_depth: float
    vibrato_hz: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Speaker":
        """A random speaker; high voices get short vocal tracts."""
        f0_hz = float(np.exp(rng.uniform(np.log(85), np.log(310))))
        return cls(
            f0_hz=f0_hz,
            formant_scale=float(np.clip((f0_hz / 120) ** 0.25 * rng.uniform(0.95, 1.05), 0.9, 1.35)),
            breath=float(10 ** (rng.uniform(-36, -22) / 20)),
            vibrato_depth=float(rng.choice([0.0, rng.uniform(0.005, 0.03)])),
            vibrato_hz=float(rng.uniform(4, 7)),
        )


def synthesise(seed: int, seconds: float) -> tuple[Audio, Audio]:
    """A voice and its pitch: `(audio[n] at 48 kHz, peak 0.5; f0_hz[n // 480], 0 where unvoiced)`.

    Frame l belongs to sample `480 l + 480`, the centre of the analysis window that starts at `480 l`.
    A frame counts as voiced while the envelope of its syllable is above -20 dB.
    """
    rng = np.random.default_rng(seed)
    speaker = Speaker.draw(rng)
    samples = round(seconds * SAMPLE_RATE)
    audio = np.zeros(samples + SAMPLE_RATE)
    f0_hz = np.zeros(samples + SAMPLE_RATE)
    start = int(rng.uniform(0.02, 0.1) * SAMPLE_RATE)
    while start < samples:
        length = int(rng.uniform(0.12, 0.6) * SAMPLE_RATE)
        gap = int(rng.uniform(0.04, 0.22) * SAMPLE_RATE)
        _add_syllable(audio, f0_hz, start, length, speaker, rng)
        if rng.random() < 0.6:
            _add_fricative(audio, start + length, gap, rng)
        start += length + gap
    audio = audio[:samples] / max(1e-9, 2 * float(np.abs(audio[:samples]).max()))
    centres = HOP_SAMPLES * np.arange(samples // HOP_SAMPLES) + HOP_SAMPLES
    return audio.astype(np.float32), f0_hz[centres].astype(np.float32)


def pitch_contour(samples: int, speaker: Speaker, rng: np.random.Generator) -> Array:
    """Pitch in Hz of one syllable, sample by sample: a smooth random glide with vibrato on it."""
    time_s = np.arange(samples) / SAMPLE_RATE
    knots = np.log2(speaker.f0_hz) + rng.uniform(-0.35, 0.35, size=4)
    # A cubic through four knots in octaves; slopes reach a few octaves per second, as in lively speech.
    glide = np.polyval(np.polyfit(np.linspace(0, 1, 4), knots, 3), np.linspace(0, 1, samples))
    vibrato = speaker.vibrato_depth * np.sin(2 * np.pi * speaker.vibrato_hz * time_s + rng.uniform(0, 6))
    contour: Array = np.clip(2 ** (glide + np.log2(1 + vibrato)), F0_LOWEST_HZ, F0_HIGHEST_HZ)
    return contour


def glottal_flow(phase: Array, open_quotient: float) -> Array:
    """Rosenberg's type C pulse, 0 to 1, of a phase in periods: rises for 2/3 of the open time, falls."""
    within = phase % 1.0
    rise, fall = open_quotient * 2 / 3, open_quotient / 3
    rising = 0.5 * (1 - np.cos(np.pi * within / rise))
    closing = np.cos(0.5 * np.pi * (within - rise) / fall)
    flow: Array = np.where(within < rise, rising, np.where(within < open_quotient, closing, 0.0))
    return flow


def formants(x: Array, frequencies_hz: Array) -> Array:
    """Filter x by a cascade of resonators of unit gain at 0 Hz (Klatt, eq. 1: y = A x + B y' + C y'')."""
    for frequency_hz, bandwidth_hz in zip(frequencies_hz, FORMANT_BANDWIDTHS_HZ, strict=True):
        c = -np.exp(-2 * np.pi * bandwidth_hz / SAMPLE_RATE)
        b = 2 * np.sqrt(-c) * np.cos(2 * np.pi * frequency_hz / SAMPLE_RATE)
        x = lfilter([1 - b - c], [1, -b, -c], x)
    return x


def _add_syllable(
    audio: Array, f0_hz: Array, start: int, length: int, speaker: Speaker, rng: np.random.Generator
) -> None:
    """Add a voiced stretch that glides from one vowel to another to audio, and its pitch to f0_hz."""
    contour = pitch_contour(length, speaker, rng)
    flow = glottal_flow(np.cumsum(contour) / SAMPLE_RATE, rng.uniform(0.5, 0.7))
    envelope = _fade(length, 0.03) * 10 ** (rng.uniform(-9, 0) / 20)
    breath = speaker.breath * rng.standard_normal(length) * (0.3 + flow)
    # The lips radiate the derivative; 30 is about the flow's steepest descent, so that voice and breath share
    # one scale.
    source = envelope * (SAMPLE_RATE / speaker.f0_hz / 30 * np.diff(flow, prepend=flow[:1]) + breath)
    first, last = VOWELS_HZ[rng.integers(len(VOWELS_HZ), size=2)] * speaker.formant_scale
    mix = np.linspace(0, 1, length)
    stop = start + length
    audio[start:stop] += (1 - mix) * formants(source, first) + mix * formants(source, last)
    f0_hz[start:stop] = np.where(_fade(length, 0.03) > 0.1, contour, 0.0)


def _add_fricative(audio: Array, start: int, length: int, rng: np.random.Generator) -> None:
    """Band-limited noise between syllables, 2 to 12 kHz, added to audio."""
    low_hz = rng.uniform(2000, 5000)
    band = butter(2, (low_hz, low_hz * 2.4), btype="band", fs=SAMPLE_RATE, output="sos")
    noise = sosfilt(band, rng.standard_normal(length)) * _fade(length, 0.015)
    audio[start : start + length] += noise * 10 ** (rng.uniform(-30, -12) / 20)


def _fade(samples: int, fade_s: float) -> Array:
    """Ones with raised-cosine ends of `fade_s` seconds."""
    ramp = min(samples // 2, int(fade_s * SAMPLE_RATE))
    shape = 0.5 * (1 - np.cos(np.pi * np.arange(ramp) / max(1, ramp)))
    return np.concatenate([shape, np.ones(samples - 2 * ramp), shape[::-1]])
