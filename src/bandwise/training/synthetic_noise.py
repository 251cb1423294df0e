"""Noises made from formulae: what recordings hold too little of.

Each maker takes (rng, length) and returns float32 samples at 48 kHz of arbitrary level; `draw` picks one by
weight and brings it to RMS 1.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import signal

from bandwise.training.signals import SAMPLE_RATE, Signal, as_signal, unit
from bandwise.training.synthetic_calls import calls
from bandwise.training.textures import harmonics, shaped_noise, wander

Maker = Callable[[np.random.Generator, int], Signal]


def white(rng: np.random.Generator, length: int) -> Signal:
    """Flat to 24 kHz."""
    return rng.standard_normal(length, dtype=np.float32)


def coloured(rng: np.random.Generator, length: int) -> Signal:
    """Power proportional to f^slope, slope from -2.5 (deeper than brown) to +1 (blue), flat below 30 Hz."""
    slope = rng.uniform(-2.5, 1.0)
    return shaped_noise(rng, length, lambda hz: np.maximum(hz, 30.0) ** (slope / 2))


def shaped(rng: np.random.Generator, length: int) -> Signal:
    """A random smooth spectrum: ten levels within 30 dB along a logarithmic axis, and a random tilt."""
    points = np.geomspace(40, SAMPLE_RATE / 2, 10)
    levels_db = rng.uniform(-15, 15, 10) - rng.uniform(0, 6) * np.log2(points / 40)
    return shaped_noise(rng, length, lambda hz: 10 ** (np.interp(hz, points, levels_db) / 20))


def hum(rng: np.random.Generator, length: int) -> Signal:
    """Mains at 50 or 60 Hz with falling harmonics, steady, and a little hiss."""
    frequency = np.full(length, rng.choice([50.0, 60.0]) * rng.uniform(0.999, 1.001))
    tone = harmonics(rng, frequency, count=int(rng.integers(3, 60)), slope_db=rng.uniform(3, 12))
    return as_signal(tone + 10 ** rng.uniform(-3, -1) * coloured(rng, length))


def engine(rng: np.random.Generator, length: int) -> Signal:
    """Harmonics of a drifting 25 to 400 Hz over coloured noise: motors, drills, vacuum cleaners."""
    drift = wander(rng, length, cutoff_hz=rng.uniform(0.2, 2))
    frequency = 25.0 * 16 ** rng.random() * 2 ** (rng.uniform(0, 0.2) * drift.astype(np.float64))
    tone = harmonics(rng, frequency, count=int(rng.integers(5, 60)), slope_db=rng.uniform(1, 9))
    return as_signal(tone + 10 ** rng.uniform(-1, 0.3) * shaped(rng, length))


def fan(rng: np.random.Generator, length: int) -> Signal:
    """Coloured noise that breathes with the blades, and their tone."""
    blades_hz = rng.uniform(8, 120)
    phase = 2 * np.pi * blades_hz * np.arange(length, dtype=np.float64) / SAMPLE_RATE
    breath = 1 + rng.uniform(0.05, 0.6) * np.cos(phase)
    tone = harmonics(rng, np.full(length, blades_hz), count=8, slope_db=6)
    return as_signal(shaped(rng, length) * breath + 10 ** rng.uniform(-2, -0.5) * tone)


def modulated(rng: np.random.Generator, length: int) -> Signal:
    """Shaped noise whose level wanders by some 20 dB, slowly or as fast as syllables."""
    level = wander(rng, length, cutoff_hz=float(np.exp(rng.uniform(np.log(0.3), np.log(8)))))
    return as_signal(shaped(rng, length) * 10 ** (level * rng.uniform(0.2, 0.6)))


def clicks(rng: np.random.Generator, length: int) -> Signal:
    """Up to fifteen decaying bursts a second, of one or of many sounds: typing, ticking, crackle."""
    train = np.zeros(length, np.float32)
    count = max(1, rng.poisson(length / SAMPLE_RATE * rng.uniform(0.5, 15)))
    train[rng.integers(0, length, count)] = rng.choice([-1, 1], count) * 10 ** rng.uniform(-1, 0, count)
    burst_length = int(rng.uniform(0.001, 0.06) * SAMPLE_RATE)
    decay = np.exp(-np.linspace(0, 7, burst_length, dtype=np.float32))
    return as_signal(signal.oaconvolve(train, shaped(rng, burst_length) * decay)[:length])


def beeps(rng: np.random.Generator, length: int) -> Signal:
    """Notes of 50 ms to 1 s with few harmonics, struck or steady: telephones, alarms, toys, tunes."""
    out = np.zeros(length, np.float32)
    for _ in range(int(rng.integers(1, 12))):
        note = int(rng.uniform(0.05, 1.0) * SAMPLE_RATE)
        frequency = np.full(note, 200.0 * 15 ** rng.random())
        tone = harmonics(rng, frequency, count=int(rng.integers(1, 8)), slope_db=rng.uniform(3, 15))
        decay = np.exp(-rng.uniform(0, 8) * np.linspace(0, 1, note))
        edge = np.minimum(1, np.minimum(np.arange(note), np.arange(note)[::-1]) / 200)
        start = int(rng.integers(length))
        out[start : start + note] += (tone * decay * edge)[: length - start]
    return out


def wind(rng: np.random.Generator, length: int) -> Signal:
    """Turbulence on a microphone: brown noise below some 100 to 600 Hz in gusts of 10 to 30 dB."""
    corner = rng.uniform(100, 600)
    rumble = shaped_noise(rng, length, lambda hz: np.maximum(hz, 15.0) ** -0.8 / (1 + (hz / corner) ** 2))
    gusts = wander(rng, length, cutoff_hz=rng.uniform(0.3, 3)) * rng.uniform(0.3, 0.8)
    return as_signal(rumble * 10**gusts)


MAKERS: dict[Maker, float] = {
    white: 0.05,
    coloured: 0.12,
    shaped: 0.13,
    hum: 0.10,
    engine: 0.10,
    fan: 0.10,
    modulated: 0.09,
    clicks: 0.09,
    beeps: 0.05,
    calls: 0.12,
    wind: 0.05,
}


def draw(rng: np.random.Generator, length: int) -> tuple[Signal, str]:
    """A random noise of RMS 1 and the name of its maker."""
    makers = list(MAKERS)
    maker = makers[int(rng.choice(len(makers), p=list(MAKERS.values())))]
    return unit(maker(rng, length)), maker.__name__
