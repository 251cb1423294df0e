"""The deep filter's network: a small one at each of 25 places of the spectrum, all with the same weights.

Each place sees its bins, what the bands' network estimates of them and hints, and the frame's features; it
remembers, and looks at what other places found. Sharing weights over frequency is what makes it small, and
quick to learn: a harmonic looks the same at 200 Hz and at 2 kHz.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.erb import BINS, spread_over_bins
from bandwise.kernels import kernel
from bandwise.suppress.buffers import copy
from bandwise.suppress.estimates import Estimates, Inputs
from bandwise.suppress.features import PITCH_CORRELATION, PITCH_PERIOD, period_of
from bandwise.suppress.int8 import affine
from bandwise.suppress.layers import gate, project
from bandwise.suppress.places import (
    BELOW,
    BINS_PER_PLACE,
    FAR,
    INPUTS,
    KNOWN_VALUES,
    LOW_BINS,
    NEAR,
    PLACES,
    SOUND,
    SPAN,
)
from bandwise.suppress.stft import WINDOW_SAMPLES, Array
from bandwise.suppress.weights import Weights, layer_of

# The int8 layers in the order in which they are read.
PATCH, NEAR_IN, NEAR_OUT, FIRST_MEMORY, SECOND_MEMORY, TAPS_OUT = 0, 1, 2, 3, 7, 11
FROM_BELOW, RECURRENT, MIX_IN, MIX_OUT = 0, 1, 2, 3
"""Of each memory: its two products, and the exchange between places after it."""

NEAR_PLACES, FAR_PLACES = np.array(NEAR), np.array(FAR)


class TapStates(NamedTuple):
    """What is carried from frame to frame: [channels, 25, units] each."""

    places1: NDArray[np.float32]
    places2: NDArray[np.float32]


@kernel
def estimate_taps(
    w: Weights, place: Array, s: TapStates, inputs: Inputs, hints: Array, count: int, estimates: Estimates
) -> None:
    """Taps of `count` frames of every channel, whose gains, strengths and hints are known.

    `w.dense` maps the features to the units, and `place` [25, units] tells the places apart.
    """
    units = place.shape[1]
    views = np.empty((PLACES, INPUTS + hints.shape[3]), np.float32)
    x = np.empty((PLACES, units), np.float32)
    everywhere = np.empty(units, np.float32)
    for c in range(s.places1.shape[0]):
        for t in range(count):
            bands = estimates.gains[c, t], estimates.strengths[c, t]
            view_places(inputs.sound[c, t], inputs.features[c, t], *bands, views)
            for p in range(PLACES):
                copy(hints[c, t, p], views[p, INPUTS:])
            affine(views, layer_of(w, PATCH), x)
            project(w, inputs.features[c, t], everywhere)
            for p in range(PLACES):
                for i in range(units):
                    x[p, i] = max(x[p, i] + everywhere[i] + place[p, i], np.float32(0.0))
            exchange(w, NEAR_IN, NEAR_OUT, NEAR_PLACES, x)
            memory_block(w, FIRST_MEMORY, s.places1[c], x)
            memory_block(w, SECOND_MEMORY, s.places2[c], x)
            rectify(x)
            affine(x, layer_of(w, TAPS_OUT), estimates.taps[c, t])


@kernel
def view_places(sound: Array, features: Array, gains: Array, strengths: Array, views: Array) -> None:
    """What each place sees -> [25, 144 or more]: sound, then gain, strength and harmonic of each bin."""
    known = np.zeros((LOW_BINS, KNOWN_VALUES), np.float32)
    per_bin = np.empty(BINS, np.float32)
    for which, values in enumerate((gains, strengths)):
        spread_over_bins(values, per_bin)
        for k in range(LOW_BINS):
            known[k, which] = np.float32(2.0) * per_bin[k] - np.float32(1.0)
    harmonics(features, known[:, 2])
    for p in range(PLACES):
        copy(sound[p], views[p])
        for i in range(SPAN):
            k = p * BINS_PER_PLACE - BELOW + i
            for which in range(KNOWN_VALUES):
                inside = 0 <= k < LOW_BINS
                views[p, SOUND + i * KNOWN_VALUES + which] = known[k, which] if inside else np.float32(0.0)


@kernel
def harmonics(features: Array, out: Array) -> None:
    """Correlation times cos(2 pi f period) of each low bin: 1 on the harmonics of a voice, -1 between."""
    period, correlation = period_of(features[PITCH_PERIOD]), features[PITCH_CORRELATION]
    for k in range(out.size):
        out[k] = np.float32(np.cos(2.0 * np.pi * k * period / WINDOW_SAMPLES)) * correlation


@kernel
def memory_block(w: Weights, first: int, state: Array, x: Array) -> None:
    """X [25, units] plus a GRU of it, with `state` [25, units], then an exchange between places."""
    from_below = np.empty((PLACES, 3 * x.shape[1]), np.float32)
    from_state = np.empty_like(from_below)
    affine(x, layer_of(w, first + FROM_BELOW), from_below)
    affine(state, layer_of(w, first + RECURRENT), from_state)
    for p in range(PLACES):
        gate(from_below[p], from_state[p], state[p])
    add(state, x)
    exchange(w, first + MIX_IN, first + MIX_OUT, FAR_PLACES, x)


@kernel
def exchange(w: Weights, inward: int, outward: int, offsets: NDArray[np.int64], x: Array) -> None:
    """Add to x [25, units] what places found around them: part i of the units comes from offsets[i] away."""
    found, moved = np.empty_like(x), np.zeros_like(x)
    affine(x, layer_of(w, inward), found)
    rectify(found)
    width = x.shape[1] // offsets.size
    for p in range(PLACES):
        for part in range(offsets.size):
            there = p + offsets[part]
            if 0 <= there < PLACES:
                for i in range(part * width, (part + 1) * width):
                    moved[p, i] = found[there, i]
    affine(moved, layer_of(w, outward), found)
    add(found, x)


@kernel
def rectify(x: Array) -> None:
    """What is below zero becomes zero."""
    flat = x.reshape(x.size)
    for i in range(flat.size):
        flat[i] = max(flat[i], np.float32(0.0))


@kernel
def add(x: Array, to: Array) -> None:
    """Add x to another table of its shape."""
    flat, target = x.reshape(x.size), to.reshape(to.size)
    for i in range(flat.size):
        target[i] += flat[i]
