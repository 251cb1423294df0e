"""How often a pitch tracker is wrong, and tables of trackers against each other.

A tracker is any callable `(x float32[n] at 48 kHz) -> f0_hz[n // 480]`, frame l centred on sample `480 l +
480`, 0 where it calls the frame unvoiced. References come from `voices.synthesise`, or from pYIN on clean
speech.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandwise.measure import voices
from bandwise.measure.mixtures import MixtureSettings, mixtures
from bandwise.measure.valid_split import ValidSplit

if TYPE_CHECKING:
    from rich.table import Table

Audio = NDArray[np.float32]
Tracker = Callable[[Audio], NDArray[Any]]

GROSS = 0.2  # off by a fifth, which no glide within a window explains
OCTAVE = 0.06  # within a semitone of half, double, a third or three times the pitch


@dataclass(frozen=True)
class PitchErrors:
    """Shares are 0 to 1; all but `false_voiced` are of the frames that the reference calls voiced."""

    gross: float
    """Off by more than a fifth, or called unvoiced."""
    octave: float
    """Those of the gross errors that lie on 2, 3, 1/2 or 1/3 of the pitch."""
    missed: float
    """Those of the gross errors that were called unvoiced."""
    fine_cents: float
    """Median distance of the frames that are not gross errors, in cents."""
    false_voiced: float
    """Share of the unvoiced frames that were given a pitch; 1 for trackers that always give one."""
    voiced_frames: int


def pitch_errors(estimated_hz: NDArray[Any], reference_hz: NDArray[Any]) -> PitchErrors:
    """Compare two tracks `[frames]` in Hz, 0 where unvoiced; the longer one's end is left out."""
    frames = min(len(estimated_hz), len(reference_hz))
    estimated = np.asarray(estimated_hz[:frames], dtype=np.float64)
    reference = np.asarray(reference_hz[:frames], dtype=np.float64)
    voiced = reference > 0
    ratio = estimated[voiced] / reference[voiced]
    gross = np.abs(ratio - 1) > GROSS
    octave = gross & np.any([np.abs(ratio / r - 1) < OCTAVE for r in (2.0, 3.0, 1 / 2, 1 / 3)], axis=0)
    cents = 1200 * np.abs(np.log2(ratio[~gross]))
    return PitchErrors(
        gross=_share(gross),
        octave=_share(octave),
        missed=_share(ratio <= 0),
        fine_cents=float(np.median(cents)) if cents.size else float("nan"),
        false_voiced=_share(estimated[~voiced] > 0),
        voiced_frames=int(voiced.sum()),
    )


def synthetic_cases(
    snrs_db: Iterable[float] = (np.inf, 10, 5, 0), seeds: Iterable[int] = range(8), seconds: float = 4.0
) -> Iterator[tuple[str, Audio, Audio]]:
    """`(condition, noisy audio, true f0)` for every SNR and seed; the noise falls as 1/f or 1/f^2."""
    snrs_db = list(snrs_db)
    for seed in seeds:
        clean, f0_hz = voices.synthesise(seed, seconds)
        rng = np.random.default_rng(10_000 + seed)
        noise = coloured_noise(len(clean), 1.0 if seed % 2 else 2.0, rng)
        for snr_db in snrs_db:
            label = "clean" if np.isinf(snr_db) else f"{snr_db:g} dB"
            yield label, clean + noise_at(clean, noise, f0_hz, snr_db), f0_hz


def speech_cases(
    split: ValidSplit, snrs_db: Sequence[float] = (np.inf, 10, 5, 0), count: int = 10, seconds: float = 6.0
) -> Iterator[tuple[str, Audio, Audio]]:
    """`(condition, noisy audio, reference f0)` of real speech in real noise, the same speech at every SNR.

    The reference is pYIN on the clean speech, where it decides for a voice and holds it at least 10 %
    probable (on real voices at 16 kHz, half of what it calls voiced); elsewhere 0. Needs librosa.
    """
    references: dict[int, Audio] = {}
    for snr_db in snrs_db:
        settings = MixtureSettings(count, (min(snr_db, 100.0),), seconds=seconds)
        for index, pair in enumerate(mixtures(split, settings)):
            if index not in references:
                references[index] = pyin(pair.clean, voiced_probability=0.1)
            label, audio = ("clean", pair.clean) if np.isinf(snr_db) else (f"{snr_db:g} dB", pair.noisy)
            yield label, audio, references[index]


def coloured_noise(samples: int, slope: float, rng: np.random.Generator) -> Audio:
    """Gaussian noise whose power falls as `f ** -slope` above 100 Hz, of unit power."""
    spectrum = np.fft.rfft(rng.standard_normal(samples))
    hz = np.fft.rfftfreq(samples, 1 / voices.SAMPLE_RATE)
    noise = np.fft.irfft(spectrum * np.maximum(hz, 100.0) ** (-slope / 2), n=samples)
    scaled: Audio = (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
    return scaled


def noise_at(clean: Audio, noise: Audio, f0_hz: Audio, snr_db: float) -> Audio:
    """The noise scaled so that the voiced frames of `clean` stand `snr_db` above it; silence at infinity."""
    voiced = np.repeat(f0_hz > 0, voices.HOP_SAMPLES)[: len(clean)]
    level = np.sqrt(np.mean(clean[: len(voiced)][voiced].astype(np.float64) ** 2))
    scaled: Audio = (noise * (level * 10 ** (-snr_db / 20))).astype(np.float32)
    return scaled


def compare(
    trackers: Mapping[str, Tracker], cases: Iterable[tuple[str, Audio, Audio]]
) -> list[dict[str, str | float]]:
    """Rows of `tracker, condition` and the fields of PitchErrors, over all cases of a condition.

    Cases are `(condition, audio, reference f0)`, as `synthetic_cases` yields them; `fine_cents` is the median
    over all frames.
    """
    tracks: dict[tuple[str, str], list[tuple[NDArray[Any], Audio]]] = {}
    for condition, audio, reference in cases:
        for name, track in trackers.items():
            estimated = np.asarray(track(audio))[: len(reference)]
            tracks.setdefault((name, condition), []).append((estimated, reference[: len(estimated)]))
    rows: list[dict[str, str | float]] = []
    for (name, condition), pairs in tracks.items():
        errors = pitch_errors(np.concatenate([e for e, _ in pairs]), np.concatenate([r for _, r in pairs]))
        rows.append({"tracker": name, "condition": condition, **vars(errors)})
    return rows


def table(rows: Sequence[Mapping[str, str | float]], title: str) -> "Table":
    """A rich table of `compare`: gross errors, octave errors among them in brackets, in percent."""
    from rich.table import Table

    conditions = list(dict.fromkeys(str(row["condition"]) for row in rows))
    cells = {(row["tracker"], row["condition"]): row for row in rows}
    grid = Table(title=title, title_justify="left")
    grid.add_column("gross (octave) errors, %")
    for condition in conditions:
        grid.add_column(condition, justify="right")
    for tracker in dict.fromkeys(row["tracker"] for row in rows):
        own = [cells[tracker, condition] for condition in conditions]
        shares = (f"{100 * float(r['gross']):.1f} ({100 * float(r['octave']):.1f})" for r in own)
        grid.add_row(str(tracker), *shares)
    return grid


def pyin(x: Audio, *, voiced_probability: float = 0.0, decides: bool = True) -> Audio:
    """Run pYIN of librosa as a tracker (16 kHz, 64 ms windows, Viterbi over the whole file); needs librosa.

    It searches 62.5 to 500 Hz. Frames it calls unvoiced, or holds voiced with less than `voiced_probability`,
    are 0. With `decides=False` every frame keeps the pitch on its best path, as a tracker without a voicing
    decision would.
    """
    import librosa
    import soxr

    frames = len(x) // voices.HOP_SAMPLES
    f0_hz, voiced, probability = librosa.pyin(
        soxr.resample(x, voices.SAMPLE_RATE, 16_000),
        sr=16_000, fmin=62.5, fmax=500.0, frame_length=1024, hop_length=160, fill_na=None,
    )  # fmt: skip
    keep = voiced & (probability >= voiced_probability) if decides else np.ones(len(f0_hz), dtype=bool)
    track = np.where(keep, f0_hz, 0.0)[1 : frames + 1]  # its frame i is centred on sample 480 i
    padded: Audio = np.pad(track, (0, frames - len(track))).astype(np.float32)
    return padded


def _share(mask: NDArray[Any]) -> float:
    return float(np.mean(mask)) if mask.size else 0.0
