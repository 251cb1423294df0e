"""Synthetic voices have the pitch they claim, and pitch errors are counted as defined."""

import numpy as np
import pytest

from bandwise.measure import pitch, voices
from bandwise.measure.valid_split import ValidSplit


def spectral_peak_hz(x, near_hz):
    """The strongest frequency within a fifth of `near_hz` in a 60 ms piece, to a fraction of a hertz."""
    spectrum = np.abs(np.fft.rfft(x * np.hanning(len(x)), 1 << 18))
    hz = np.fft.rfftfreq(1 << 18, 1 / voices.SAMPLE_RATE)
    around = np.flatnonzero((hz > 0.8 * near_hz) & (hz < 1.2 * near_hz))
    return hz[around[np.argmax(spectrum[around])]]


@pytest.mark.parametrize("seed", range(4))
def test_voice_has_the_pitch_it_claims(seed):
    """The first harmonic of most voiced frames is where the truth says, within 3 %."""
    x, f0_hz = voices.synthesise(seed, 4.0)
    errors = []
    for frame in np.flatnonzero(f0_hz > 0):
        centre = 480 * frame + 480
        piece = x[max(0, centre - 1440) : centre + 1440]
        if len(piece) == 2880 and np.all(f0_hz[frame - 3 : frame + 4] > 0):
            errors.append(abs(spectral_peak_hz(piece, f0_hz[frame]) / f0_hz[frame] - 1))
    assert len(errors) > 100
    assert np.quantile(errors, 0.9) < 0.03


def test_voices_stay_in_range_and_repeat():
    """Pitch within 70 to 400 Hz, a third to nine tenths voiced, the same for the same seed."""
    for seed in range(10):
        x, f0_hz = voices.synthesise(seed, 3.0)
        assert x.dtype == f0_hz.dtype == np.float32
        assert (len(x), len(f0_hz)) == (144_000, 300)
        voiced = f0_hz[f0_hz > 0]
        assert voices.F0_LOWEST_HZ <= voiced.min() <= voiced.max() <= voices.F0_HIGHEST_HZ
        assert 0.33 < len(voiced) / len(f0_hz) < 0.9
        np.testing.assert_array_equal(x, voices.synthesise(seed, 3.0)[0])


def test_voices_cover_the_range():
    """Forty voices reach below 100 and above 300 Hz."""
    tracks = np.concatenate([voices.synthesise(seed, 1.0)[1] for seed in range(40)])
    assert tracks[tracks > 0].min() < 100
    assert tracks.max() > 300


def test_errors_of_a_perfect_tracker_are_none():
    """Nothing gross, nothing missed, no cents."""
    f0_hz = voices.synthesise(0, 3.0)[1]
    errors = pitch.pitch_errors(f0_hz, f0_hz)
    assert (errors.gross, errors.octave, errors.missed, errors.false_voiced) == (0, 0, 0, 0)
    assert errors.fine_cents == pytest.approx(0, abs=1e-6)


def test_errors_are_counted_as_defined():
    """Eight voiced frames: one an octave up, one at a third, one 25 % off, one missed, four within 20 %."""
    reference = np.array([100.0] * 8 + [0, 0])
    estimated = np.array([200.0, 100 / 3, 125, 0, 100, 119, 81, 100, 90, 0])
    errors = pitch.pitch_errors(estimated, reference)
    assert errors.gross == 4 / 8
    assert errors.octave == 2 / 8
    assert errors.missed == 1 / 8
    assert errors.false_voiced == 1 / 2
    assert errors.voiced_frames == 8


def test_noise_stands_where_it_should():
    """SNR over the voiced frames of the synthetic cases, and none at all in the clean one."""
    clean, f0_hz = voices.synthesise(3, 2.0)
    noise = pitch.coloured_noise(len(clean), 1.0, np.random.default_rng(0))
    voiced = np.repeat(f0_hz > 0, 480)
    added = pitch.noise_at(clean, noise, f0_hz, 5.0)
    assert 10 * np.log10(np.mean(clean[voiced] ** 2) / np.mean(added**2)) == pytest.approx(5, abs=0.01)
    assert not pitch.noise_at(clean, noise, f0_hz, np.inf).any()


def test_comparison_pools_frames_over_cases():
    """A tracker that is right on one of two voices alone is wrong in half of the voiced frames."""
    truth = np.full(50, 150.0, dtype=np.float32)
    cases = [("clean", np.zeros(24_000, np.float32), truth), ("clean", np.ones(24_000, np.float32), truth)]
    trackers = {"half": lambda x: np.full(50, 150.0 if x[0] else 400.0), "right": lambda x: truth}
    rows = {row["tracker"]: row for row in pitch.compare(trackers, cases)}
    assert rows["half"]["gross"] == 0.5
    assert rows["right"]["gross"] == 0
    assert rows["half"]["voiced_frames"] == 100


def test_pyin_follows_a_synthetic_voice():
    """The reference tracker agrees with the synthesiser on clean voices: two independent truths."""
    pytest.importorskip("librosa")
    rows = pitch.compare({"pyin": pitch.pyin}, pitch.synthetic_cases([np.inf], seeds=[1], seconds=2.0))
    assert rows[0]["gross"] < 0.05
    assert rows[0]["fine_cents"] < 20


def test_speech_cases_share_one_reference(data_folder):
    """Every SNR of a recording is compared with the pitch of the clean one, frame by frame."""
    pytest.importorskip("librosa")
    cases = list(pitch.speech_cases(ValidSplit(data_folder), (np.inf, 0), count=2, seconds=3.0))
    assert [condition for condition, _, _ in cases] == ["clean", "clean", "0 dB", "0 dB"]
    for (_, clean, one), (_, noisy, two) in zip(cases[:2], cases[2:], strict=True):
        np.testing.assert_array_equal(one, two)
        assert len(one) == len(clean) // 480 == len(noisy) // 480
        assert 0.2 < np.mean(one > 0) < 0.95


def test_table_has_a_line_per_tracker_and_a_column_per_condition():
    """In percent, octave errors in brackets."""
    truth = np.full(4, 100.0)
    cases = [("clean", np.zeros(1920, np.float32), truth), ("0 dB", np.ones(1920, np.float32), truth)]
    rows = pitch.compare({"up": lambda x: np.array([200.0, 100, 100, 100]) if x[0] else truth}, cases)
    grid = pitch.table(rows, "title")
    assert [next(iter(column.cells)) for column in grid.columns] == ["up", "0.0 (0.0)", "25.0 (25.0)"]
