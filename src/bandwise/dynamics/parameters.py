"""From settings to the numbers that the kernels read: frame sizes, rows of parameters, switches."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics import compressor, limiter
from bandwise.dynamics.compressor import COMPRESSOR_SIZE
from bandwise.dynamics.limiter import LIMITER_SIZE
from bandwise.dynamics.settings import BandSettings, LimiterSettings, MultibandSettings
from bandwise.dynamics.true_peak import DELAY_SAMPLES
from bandwise.errors import BandwiseError

Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]

# A row of parameters: compressor, limiter, gain in front, part that is heard, part that is cut of what is
# beyond the ceiling. The last row is the output's.
LIMIT = COMPRESSOR_SIZE
GAIN, HEARD, CUT = range(LIMIT + LIMITER_SIZE, LIMIT + LIMITER_SIZE + 3)
ROW_SIZE = CUT + 1

# A row of switches, which change at once: the audio behind them is smoothed elsewhere.
USE_RMS, LIMITING, TRUE_PEAK, LEVEL_HOLD, PEAK_HOLD = range(5)
SWITCHES = 5

CONTROL_HZ = 1_500.0  # gains are decided about this often and ramp in between
RAMP_MS = 20.0
LONGEST_HOLD_S = 0.1


@dataclass(frozen=True)
class Frames:
    """How a signal is cut in time; all but `samples` in control frames.

    A limiter's gain is down `attack` frames after its cause came; what it acts on waits `band_delay` frames
    in the bands and `output_delay` at the output, where true-peak detection lags by some frames more.
    """

    samples: int
    attack: int
    band_delay: int
    output_delay: int
    ramp: int
    longest_hold: int

    @property
    def latency_samples(self) -> int:
        """A frame has to fill, then both limiters wait."""
        return self.samples - 1 + self.samples * (self.band_delay + self.output_delay)


def frames_of(settings: MultibandSettings, sample_rate: int) -> Frames:
    """Frames for these settings; without lookahead a frame is a sample and nothing waits."""
    samples, attack = 1, 1
    if settings.lookahead_ms > 0.0:
        samples = 1 << max(2, round(math.log2(sample_rate / CONTROL_HZ)))
        attack = max(1, round(settings.lookahead_ms * sample_rate / 1000.0 / samples))
    delay = attack if settings.lookahead_ms > 0.0 else 0
    extra = -(-DELAY_SAMPLES // samples) if settings.output.true_peak else 0
    seconds = samples / sample_rate
    return Frames(
        samples=samples,
        attack=attack,
        band_delay=delay,
        output_delay=delay + extra,
        ramp=max(1, round(RAMP_MS / 1000.0 / seconds)),
        longest_hold=math.ceil(LONGEST_HOLD_S / seconds) + delay + extra + 2,
    )


def parameter_rows(settings: MultibandSettings, frame_seconds: float) -> Doubles:
    """(bands + 1, ROW_SIZE): one row per band of the settings, then the output's."""
    any_solo = any(band.solo for band in settings.bands)
    rows = [_band_row(band, any_solo, frame_seconds) for band in settings.bands]
    output = np.zeros(ROW_SIZE)
    output[LIMIT:GAIN] = limiter.design(settings.output, frame_seconds)
    output[GAIN], output[HEARD] = 10.0 ** (settings.output_gain_db / 20.0), settings.mix
    output[CUT] = clips(settings.output)
    return np.stack([*rows, output])


def _band_row(band: BandSettings, any_solo: bool, frame_seconds: float) -> Doubles:
    row = np.zeros(ROW_SIZE)
    row[:LIMIT] = compressor.design(band.compressor, frame_seconds)
    row[LIMIT:GAIN] = limiter.design(band.limiter, frame_seconds)
    row[GAIN] = 10.0 ** (band.gain_db / 20.0)
    row[HEARD] = 0.0 if band.mute or (any_solo and not band.solo) else 1.0
    row[CUT] = clips(band.limiter)
    if band.bypass:
        row[compressor.AMOUNT], row[GAIN], row[CUT] = 0.0, 1.0, 0.0
    return row


def clips(settings: LimiterSettings) -> bool:
    """Whether this stage cuts what is beyond its ceiling."""
    return settings.enabled and settings.mode == "clip"


def limits(settings: LimiterSettings) -> bool:
    """Whether this stage turns down what would be beyond its ceiling."""
    return settings.enabled and settings.mode != "clip"


def switch_rows(settings: MultibandSettings, frames: Frames, sample_rate: int) -> Integers:
    """(bands + 1, SWITCHES): one row per band of the settings, then the output's."""
    rows = np.zeros((len(settings.bands) + 1, SWITCHES), np.int64)
    limiters = [band.limiter for band in settings.bands] + [settings.output]
    edges = [settings.low_edge_hz, *settings.cutoffs_hz, settings.low_edge_hz]
    delays = [frames.band_delay] * len(settings.bands) + [frames.output_delay]
    per_second = sample_rate / frames.samples
    for row, each, edge, delay in zip(rows, limiters, edges, delays, strict=True):
        lowest_hz = max(edge, settings.low_edge_hz)
        row[LIMITING] = limits(each)
        row[TRUE_PEAK] = each.true_peak
        row[LEVEL_HOLD] = math.ceil(0.5 / lowest_hz * per_second) + 1
        row[PEAK_HOLD] = max(math.ceil(limiter.hold_seconds(each, lowest_hz) * per_second) + 1, delay + 1)
    for row, band in zip(rows, settings.bands, strict=False):
        row[USE_RMS] = band.compressor.detector == "rms"
        if band.bypass:
            row[LIMITING] = 0
    return rows


def groups_of(settings: MultibandSettings, channels: int) -> tuple[int, Doubles]:
    """(channels per linked group, weight of each channel in the level that compressors see)."""
    if not isinstance(settings.link, str):
        if len(settings.link) != channels:
            raise BandwiseError(
                f"got {len(settings.link)} link weights for {channels} channels; "
                "allowed is one per channel; add or remove weights"
            )
        return channels, np.asarray(settings.link)
    size = {"all": channels, "pairs": min(2, channels), "none": 1}[settings.link]
    return size, np.ones(channels)
