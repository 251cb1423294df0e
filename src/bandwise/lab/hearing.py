"""What the device hears while it plays: its echo, what a canceller leaves of that, and the words in it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.device.echo import SAMPLE_RATE as ECHO_RATE
from bandwise.device.echo import EchoCanceller, convergence_s, erle_db, erle_over_time
from bandwise.device.microphone import Microphone
from bandwise.device.room import through
from bandwise.device.wakeword import WakeWordDetector, detections
from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench, reference_for_canceller
from bandwise.lab.measuring import Row
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.lab.talker import LEAD_S, Speech, counted, silent_mask
from bandwise.measure.levels import rms
from bandwise.measure.loudness import decibels

Doubles = NDArray[np.float64]

SPEECH_DBFS = -30.0  # the talker's level at the detector


@dataclass(frozen=True)
class Echo:
    """The echo of a programme at the microphone, (n,) pascal, and the reference, both at 16 kHz."""

    pressure_pa: Doubles
    reference: Doubles


def echo_of(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Echo:
    """What the device's own microphone hears of programme x, which is played again and again."""
    import soxr

    digital = bench.processed(x, settings, drive_db)
    pressure = soxr.resample(bench.loudspeaker.play(digital).pressure_pa, SAMPLE_RATE, ECHO_RATE)
    echo = through(np.tile(pressure, 2), bench.room.echo_path(ECHO_RATE))[len(pressure) :]
    return Echo(echo, reference_for_canceller(digital))


@dataclass(frozen=True)
class Listener:
    """The ear of the device, and who speaks to it.

    `speech_rms_pa` is the talker's level; detectors come with the split whose words count, None for all.
    """

    speech: Speech
    speech_rms_pa: float
    microphone: Microphone
    canceller: EchoCanceller
    detectors: Sequence[tuple[WakeWordDetector, str | None]]
    seed: int

    def row(self, echo: Echo) -> Row:
        """ERLE, residual echo and the fate of every wake word; the echo is repeated as long as needed."""
        count = len(self.speech.samples)
        sounding, reference = (np.resize(z, count) for z in (echo.pressure_pa, echo.reference))
        residual = self.canceller.cancel(self._heard(sounding), reference)
        hours = {"hours_without_word": self.speech.seconds_without() / 3600.0}
        return self._echo_row(sounding, residual) | self._words_row(residual) | hours

    def without_music(self) -> Row:
        """The fate of every wake word in silence: what room, level and detector miss by themselves."""
        found = self._words_row(self._heard(np.zeros(len(self.speech.samples))))
        return {f"{key}_without_music": found[key] for key in found if key.endswith("_missed")}

    def _heard(self, sounding_pa: Doubles) -> Doubles:
        return self.microphone.hear(sounding_pa + self.speech.samples, np.random.default_rng(self.seed))

    def _echo_row(self, sounding_pa: Doubles, residual: Doubles) -> Row:
        quiet, lead = silent_mask(self.speech), round(LEAD_S * ECHO_RATE)
        echo = sounding_pa / self.microphone.full_scale_pa
        speech_rms = self.speech_rms_pa / self.microphone.full_scale_pa
        return {
            "canceller": self.canceller.name,
            "erle_db": erle_db(echo[quiet], residual[quiet]),
            "convergence_s": convergence_s(erle_over_time(echo[:lead], residual[:lead])),
            "echo_over_speech_db": _db(rms(echo) / speech_rms),
            "residual_over_speech_db": _db(rms(residual[quiet]) / speech_rms),
        }

    def _words_row(self, residual: Doubles) -> Row:
        row: Row = {}
        gain = 10 ** (SPEECH_DBFS / 20) / (self.speech_rms_pa / self.microphone.full_scale_pa)
        for detector, split in self.detectors:
            found = counted(self.speech, detections(detector, residual * gain), split)
            row |= {
                f"{detector.name}_words": found.words,
                f"{detector.name}_missed": found.words - found.heard,
                f"{detector.name}_false_accepts": found.false_accepts,
                f"{detector.name}_each": found.each,
            }
        return row


def _db(ratio: float) -> float:
    """-240 dB at least: the results are kept as JSON, which knows no infinity."""
    return decibels(max(ratio, 1e-12))
