"""Pieces of recordings, ready to be mixed: speech with someone speaking, noise long enough, a room."""

import numpy as np

from bandwise.measure.levels import active_speech, mean_square_db
from bandwise.measure.pairs import Audio
from bandwise.measure.valid_split import SAMPLE_RATE

TRIES = 8
LEAST_ACTIVITY = 0.5
DEEPEST_PAUSE_DB = 10.0
FADE_SAMPLES = 960
LEAD_SAMPLES = 48  # a band-limited response rises before its peak
EARLY_S, TARGET_RT60_S = 0.02, 0.2


def speech_excerpt(speech: Audio, seconds: float, rng: np.random.Generator) -> Audio:
    """At most `seconds` from a random place where someone speaks half of the time, faded at both ends."""
    samples = min(len(speech), round(seconds * SAMPLE_RATE))
    excerpt = speech[:samples]
    for _ in range(TRIES):
        start = int(rng.integers(len(speech) - samples + 1))
        excerpt = speech[start : start + samples]
        if active_speech(excerpt, SAMPLE_RATE)[1] >= LEAST_ACTIVITY:
            break
    fade = np.minimum(1.0, np.arange(samples) / FADE_SAMPLES)
    return (excerpt * fade * fade[::-1]).astype(np.float32)


def noise_excerpt(noise: Audio, samples: int, rng: np.random.Generator) -> Audio:
    """`samples` from a random place of the noise that is no pause of it; what is too short is repeated."""
    loop = looped(noise, samples)
    typical_db = mean_square_db(loop)
    excerpt = loop[:samples]
    for _ in range(TRIES):
        start = int(rng.integers(len(loop) - samples + 1))
        excerpt = loop[start : start + samples]
        if mean_square_db(excerpt) > typical_db - DEEPEST_PAUSE_DB:
            break
    return excerpt


def looped(noise: Audio, samples: int) -> Audio:
    """The noise itself if it is long enough, else copies of it, each 20 ms into the next at equal power."""
    if len(noise) >= samples:
        return noise
    noise = np.tile(noise, -(-2 * FADE_SAMPLES // len(noise)))  # or there is nothing between the fades
    step = len(noise) - FADE_SAMPLES
    ramp = np.sqrt(np.minimum(1.0, (np.arange(len(noise)) + 0.5) / FADE_SAMPLES))
    copy = (noise * ramp * ramp[::-1]).astype(np.float32)
    copies = 2 + samples // step
    loop = np.zeros(copies * step + FADE_SAMPLES, dtype=np.float32)
    for k in range(copies):
        loop[k * step : k * step + len(noise)] += copy
    return loop[FADE_SAMPLES:-FADE_SAMPLES]


def in_room(speech: Audio, response: Audio, rt60_s: float) -> tuple[Audio, Audio]:
    """`(reference, heard)`: the speech through the response with a short decay, and through the whole one.

    The direct sound comes after 1 ms: what precedes it in the response is cut off.
    """
    peak = int(np.argmax(np.abs(response)))
    response = response[max(0, peak - LEAD_SAMPLES) :] / np.abs(response[peak])
    return _convolve(speech, room_target(response, rt60_s)), _convolve(speech, response)


def room_target(response: Audio, rt60_s: float) -> Audio:
    """The response with its first 20 ms kept and the rest decaying with an RT60 of 200 ms.

    Dereverberation target of Valin et al. (Interspeech 2022): a small room, not an anechoic one. An amplitude
    that falls by 60 dB in T seconds is exp(-6.91 t / T), so the rest is damped by the difference of the two
    rates.
    """
    late_s = np.maximum(0.0, np.arange(len(response)) / SAMPLE_RATE - EARLY_S)
    rate = np.log(1000) * max(0.0, 1 / TARGET_RT60_S - 1 / rt60_s)
    return np.asarray(response * np.exp(-rate * late_s), dtype=np.float32)


def _convolve(x: Audio, response: Audio) -> Audio:
    """The first len(x) samples of x * response."""
    size = len(x) + len(response) - 1
    product = np.fft.rfft(x, size) * np.fft.rfft(response, size)
    return np.asarray(np.fft.irfft(product, size)[: len(x)], dtype=np.float32)
