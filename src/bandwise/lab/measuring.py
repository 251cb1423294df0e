"""One point of the experiment: a processor at a volume, measured from the amplifier to the wake word."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bandwise.device.echo import EchoCanceller, convergence_s, erle_db, erle_over_time
from bandwise.device.room import through
from bandwise.device.wakeword import WakeWordDetector, detections
from bandwise.dynamics.settings import MultibandSettings
from bandwise.lab.bench import Bench, reference_for_canceller
from bandwise.lab.gaps import gap_distortion
from bandwise.lab.programme import SAMPLE_RATE
from bandwise.lab.talker import LEAD_S, Speech, counted, silent_mask
from bandwise.measure.distortion import harmonic_distortion, smpte_intermodulation
from bandwise.measure.loudness import bass_level_db, integrated_loudness
from bandwise.measure.residual import gain_residual

Doubles = NDArray[np.float64]
Row = dict[str, float | str]

ECHO_RATE = 16_000
THD_HZ = (60, 100, 1_000)
TONE_LEVEL_DB = -6.0  # of test tones against the programme's full scale, before the drive
SPEECH_DBFS = -30.0  # the talker's level at the detector


@dataclass(frozen=True)
class Loudness:
    """Loudness at the listener's against drive, so that a drive can be found for a loudness."""

    drive_db: Doubles
    lufs: Doubles

    def drive_for(self, lufs: float) -> float:
        """The drive that gives this loudness; the largest one if none does."""
        rising = np.maximum.accumulate(self.lufs + 1e-9 * np.arange(len(self.lufs)))
        return float(np.interp(lufs, rising, self.drive_db))


def loudness_curve(
    bench: Bench, x: Doubles, settings: MultibandSettings | None, drives_db: Sequence[float]
) -> Loudness:
    """Loudness of programme x at each drive."""
    lufs = [
        integrated_loudness(bench.heard(bench.played(x, settings, d).pressure_pa), SAMPLE_RATE)
        for d in drives_db
    ]
    return Loudness(np.asarray(drives_db, dtype=np.float64), np.array(lufs))


def sound_row(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Row:
    """Loudness, bass, distortion and strain of programme x (frames,) at a drive."""
    digital = bench.processed(x, settings, drive_db)
    played, linear = bench.loudspeaker.play(digital), bench.linear.play(digital)
    heard = bench.heard(played.pressure_pa)
    return {
        "loudness_lufs": integrated_loudness(heard, SAMPLE_RATE),
        "bass_db": bass_level_db(heard, SAMPLE_RATE),
        "distortion_percent": gap_distortion(lambda y: bench.played(y, settings, drive_db).pressure_pa, x),
        "processor_distortion_percent": gap_distortion(lambda y: bench.processed(y, settings, drive_db), x),
        "loudspeaker_residual_percent": gain_residual(played.pressure_pa, linear.pressure_pa, SAMPLE_RATE),
        "peak_excursion_mm": played.peak_excursion_mm,
        "beyond_xmax_percent": 100.0 * played.beyond_xmax_share,
        "clipped_percent": 100.0 * played.clipped_share,
        "lowest_rail_v": played.lowest_rail_v,
    }


def tone_row(bench: Bench, settings: MultibandSettings | None, drive_db: float) -> Row:
    """THD of tones and SMPTE intermodulation through processor and loudspeaker at a drive, in percent."""

    def process(x: Doubles) -> Doubles:
        return bench.played(x, settings, drive_db).pressure_pa

    row: Row = {
        f"thd_{hz}_hz_percent": harmonic_distortion(process, hz, TONE_LEVEL_DB, SAMPLE_RATE)[0]
        for hz in THD_HZ
    }
    return row | {"smpte_percent": smpte_intermodulation(process, TONE_LEVEL_DB, SAMPLE_RATE)}


@dataclass(frozen=True)
class Echo:
    """The echo of a programme at the microphone, (n,) pascal, and the reference, both at 16 kHz."""

    pressure_pa: Doubles
    reference: Doubles


def echo_of(bench: Bench, x: Doubles, settings: MultibandSettings | None, drive_db: float) -> Echo:
    """What the device's own microphone hears of programme x."""
    import soxr

    digital = bench.processed(x, settings, drive_db)
    pressure = soxr.resample(bench.loudspeaker.play(digital).pressure_pa, SAMPLE_RATE, ECHO_RATE)
    return Echo(through(pressure, bench.room.echo_path(ECHO_RATE)), reference_for_canceller(digital))


def speech_row(
    bench: Bench,
    echo: Echo,
    speech: Speech,
    speech_rms_pa: float,
    canceller: EchoCanceller,
    detectors: Sequence[tuple[WakeWordDetector, str | None]],
    seed: int,
) -> Row:
    """ERLE, residual echo and the fate of every wake word; detectors come with the split that counts."""
    count = len(speech.samples)
    sounding, reference = (np.resize(z, count) for z in (echo.pressure_pa, echo.reference))
    microphone = bench.microphone.hear(sounding + speech.samples, np.random.default_rng(seed))
    residual = canceller.cancel(microphone, reference)
    quiet, scale = silent_mask(speech), bench.microphone.full_scale_pa
    lead = round(LEAD_S * ECHO_RATE)
    erle = erle_over_time(sounding[:lead] / scale, residual[:lead])
    left = float(np.sqrt(np.mean(np.square(residual[quiet])))) * scale
    row: Row = {
        "canceller": canceller.name,
        "erle_db": erle_db(sounding[quiet] / scale, residual[quiet]),
        "convergence_s": convergence_s(erle),
        "echo_over_speech_db": _db(float(np.sqrt(np.mean(np.square(sounding)))) / speech_rms_pa),
        "residual_over_speech_db": _db(left / speech_rms_pa),
    }
    gain = 10 ** (SPEECH_DBFS / 20) / (speech_rms_pa / scale)
    for detector, split in detectors:
        words, heard, false = counted(speech, detections(detector, residual * gain), split)
        row |= {
            f"{detector.name}_words": words,
            f"{detector.name}_missed": words - heard,
            f"{detector.name}_false_accepts": false,
        }
    return row | {"hours_without_word": speech.seconds_without() / 3600.0}


def _db(ratio: float) -> float:
    return float(20.0 * np.log10(max(ratio, 1e-12)))
