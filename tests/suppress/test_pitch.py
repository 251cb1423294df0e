"""Periods are found, paths over frames are the best there are, and better than peaks frame by frame."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import freqz, lfilter
from suppress_signals import noise, pulses, tone

from bandwise.measure import pitch as measure
from bandwise.measure.valid_split import ValidSplit
from bandwise.suppress import pitch as module
from bandwise.suppress.analysis import FRAME_START, HISTORY_SAMPLES
from bandwise.suppress.track import peak_track, pitch_track

TRACKERS = {"path": pitch_track, "peak": peak_track}
OCTAVES = np.log2(np.arange(24, 193) / 24)


def test_range_is_62_5_to_500_hz():
    """Lags of 24 to 192 samples at 12 kHz, periods of 96 to 768 at 48 kHz."""
    assert (module.MIN_PERIOD, module.MAX_PERIOD) == (48_000 / 500, 48_000 / 62.5)
    assert module.LAGS == 169


def test_low_pass_keeps_harmonics_and_stops_aliases():
    """Flat to 0.5 dB up to 1.5 kHz, and 45 dB down from 6 kHz, half the lower rate."""
    hz, response = freqz(module.LOW_PASS, worN=np.linspace(0, 24_000, 481), fs=48_000)
    level_db = 20 * np.log10(np.abs(response) + 1e-12)
    assert np.abs(level_db[hz <= 1_500]).max() < 0.5
    assert level_db[hz >= 6_000].max() < -45


def test_decimation_is_filter_and_pick():
    """Hop by hop, the kernel makes every fourth sample of SciPy's filtered signal, without rumble."""
    x = noise(480 * 20)
    history, low = np.zeros(HISTORY_SAMPLES, np.float32), np.zeros(module.TRACK_HISTORY, np.float32)
    rumble = np.zeros(2, np.float32)
    for hop in x.reshape(-1, 480):
        history = np.concatenate([history[480:], hop])
        module.decimate(history, low, rumble)
    low_passed = lfilter(module.LOW_PASS.astype(float), 1, x)[3::4]
    expected = lfilter([1, -1], [1, -module.RUMBLE_POLE], low_passed)
    assert np.allclose(low, expected[-module.TRACK_HISTORY :], atol=1e-6)


def test_rumble_is_taken_out():
    """Nothing at 0 Hz, -3 dB at 80 Hz, half a decibel at most from 300 Hz up."""
    hz, response = freqz([1, -1], [1, -module.RUMBLE_POLE], worN=[0.0, 80.0, 300.0, 1_000.0], fs=12_000)
    level_db = dict(zip(hz, 20 * np.log10(np.abs(response) + 1e-12), strict=True))
    assert level_db[0.0] < -100
    assert level_db[80.0] == pytest.approx(-3, abs=0.3)
    assert np.abs([level_db[300.0], level_db[1_000.0]]).max() < 0.5


def correlation_of(low):
    """The kernel with a fresh output."""
    out = np.full(module.LAGS, np.nan, np.float32)
    module.correlate(low, out)
    return out


def test_correlation_is_that_of_numpy():
    """c(lag) = <x, x_lag> / (|x| |x_lag|) over the newest 40 ms, in double precision."""
    low = noise(module.TRACK_HISTORY, seed=3)
    now = low[-480:].astype(float)
    past = [low[len(low) - 480 - lag : len(low) - lag].astype(float) for lag in range(24, 193)]
    expected = [np.dot(now, x) / np.sqrt(np.dot(now, now) * np.dot(x, x)) for x in past]
    assert np.allclose(correlation_of(low), expected, atol=1e-5)


@pytest.mark.parametrize("level", [1e-3, 1e-2, 3.0])
def test_correlation_knows_no_level(level):
    """From -70 dB to beyond full scale it is the same, and never beyond 1."""
    low = noise(module.TRACK_HISTORY, seed=4, level=0.3)
    assert np.allclose(correlation_of((level * low).astype(np.float32)), correlation_of(low), atol=1e-3)
    assert np.abs(correlation_of(low)).max() <= 1 + 1e-6


def test_silence_correlates_with_nothing():
    """Zero, not a division by zero."""
    assert np.array_equal(correlation_of(np.zeros(module.TRACK_HISTORY, np.float32)), np.zeros(169))


def best_of_all_pairs(best, correlation):
    """The same step by comparing every lag with every lag: scores before the common offset, all pairs."""
    change = np.abs(OCTAVES[:, None] - OCTAVES[None, :])
    cost = np.minimum(module.CHANGE_COST * change, module.JUMP_COST)
    pairs = best[None, :].astype(float) - cost
    local = np.maximum(correlation, 0) - module.LONG_COST * OCTAVES
    return pairs.max(axis=1) + local, pairs


@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.01, 0.3, 3.0]),
    floor=st.sampled_from([0.0, 0.5, 2.0, 20.0]),
)
@settings(max_examples=60, deadline=None)
def test_viterbi_step_is_the_best_of_all_pairs(seed, spread, floor):
    """Two sweeps and a jump find for every lag the maximum over all 169 predecessors, and which it was.

    A high floor with one or two peaks makes jumps worth while, a wide spread makes steps so.
    """
    rng = np.random.default_rng(seed)
    best = (-floor - spread * rng.random(169)).astype(np.float32)
    best[rng.integers(169, size=2)] += np.float32(floor)
    correlation = rng.uniform(-1, 1, 169).astype(np.float32)
    expected, pairs = best_of_all_pairs(best, correlation)
    came_from = np.full(169, -1)
    module.advance(best, correlation, came_from)
    assert np.allclose(best, expected - expected.max(), atol=1e-5)
    assert np.allclose(pairs[np.arange(169), came_from], pairs.max(axis=1), atol=1e-5)


def test_path_is_the_best_of_all_paths():
    """Over 60 frames the traced path has the score of a brute-force dynamic programme in double precision."""
    correlations = np.random.default_rng(5).uniform(-0.2, 1, (60, 169)).astype(np.float32)
    best, exact = np.zeros(169, np.float32), np.zeros(169)
    steps = []
    for correlation in correlations:
        came_from = np.zeros(169, np.int64)
        module.advance(best, correlation, came_from)
        exact, _ = best_of_all_pairs(exact, correlation)
        steps.append(came_from)
    lag, score = int(np.argmax(best)), 0.0
    for correlation, came_from in zip(correlations[::-1], steps[::-1], strict=True):
        before = came_from[lag]
        change = abs(OCTAVES[lag] - OCTAVES[before])
        score += max(correlation[lag], 0) - module.LONG_COST * OCTAVES[lag]
        score -= min(module.CHANGE_COST * change, module.JUMP_COST)
        lag = before
    assert score == pytest.approx(exact.max(), abs=1e-3)


@pytest.mark.parametrize("period", [96, 97, 133, 200, 301, 480, 607, 766, 768])
def test_pulses_have_their_period(period):
    """Found to the sample over the whole range, once the past is full."""
    track = pitch_track(pulses(24_000, period))
    assert np.allclose(48_000 / track[10:-5], period, atol=0.5)


@pytest.mark.parametrize("hz", [62.5, 80, 110, 220, 330, 440, 500])
def test_tones_have_their_pitch(hz):
    """A sine repeats itself after every period: the shortest is followed, not its double or triple.

    A sine is the hardest case for the last sample, its correlation is so flat.
    """
    track = pitch_track(tone(48_000, hz))
    assert np.abs(48_000 / track[40:-5] - 48_000 / hz).max() < 2


def test_refinement_finds_the_sample():
    """From anywhere between two lags, 4 samples apart, a noise that repeats itself is matched exactly."""
    history = np.resize(noise(333, seed=7), HISTORY_SAMPLES)
    for guess in range(331, 336):
        assert module.refine(history, FRAME_START, 960, guess) == 333


@pytest.mark.parametrize("period", [100, 218, 480])
def test_refinement_of_a_tone_is_its_period(period):
    """One harmonic is enough: mismatch of the neighbours is not normalised away."""
    history = tone(HISTORY_SAMPLES, 48_000 / period)
    for guess in range(period - 2, period + 3):
        assert abs(module.refine(history, FRAME_START, 960, guess) - period) <= 1


def test_refinement_stays_in_range():
    """The period is one that the comb filter's history was made for."""
    history = noise(HISTORY_SAMPLES, seed=8)
    assert module.refine(history, FRAME_START, 960, 96) >= 96
    assert module.refine(history, FRAME_START, 960, 768) <= 768


def errors_of(cases):
    """{(tracker, condition): row} of both trackers."""
    rows = measure.compare(TRACKERS, cases)
    return {(row["tracker"], row["condition"]): row for row in rows}


def test_path_beats_peaks_on_synthetic_voices():
    """Voices of known pitch, right where it is clean; in noise, a fifth fewer gross errors at least.

    That is the sum over 10, 5 and 0 dB; octaves among them are confused a quarter less often at least.
    """
    errors = errors_of(measure.synthetic_cases(seeds=range(8), seconds=3.0))
    assert errors["path", "clean"]["gross"] < 0.01
    assert errors["path", "10 dB"]["gross"] < 0.05
    noisy = ("10 dB", "5 dB", "0 dB")
    octaves, gross = (
        {name: sum(errors[name, snr][kind] for snr in noisy) for name in TRACKERS}
        for kind in ("octave", "gross")
    )
    assert octaves["path"] < 0.75 * octaves["peak"]
    assert gross["path"] < 0.8 * gross["peak"]


def test_path_beats_pyin_on_synthetic_voices():
    """Over 5 and 0 dB, against pYIN with a pitch in every frame: at least a quarter fewer gross errors."""
    pytest.importorskip("librosa", reason="pYIN is librosa's")
    trackers = {"path": pitch_track, "pyin": lambda x: measure.pyin(x, decides=False)}
    cases = measure.synthetic_cases((5, 0), seeds=range(4), seconds=2.0)
    gross = dict.fromkeys(trackers, 0.0)
    for row in measure.compare(trackers, cases):
        gross[row["tracker"]] += row["gross"]
    assert gross["path"] < 0.75 * gross["pyin"]


def test_path_beats_peaks_on_speech(shared_data):
    """Real speech in real noise: fewer gross errors at every SNR, over all of them a quarter at least."""
    pytest.importorskip("librosa", reason="the reference is librosa's pYIN on the clean speech")
    errors = errors_of(measure.speech_cases(ValidSplit(shared_data), (np.inf, 10, 5, 0), 4, seconds=3.0))
    assert errors["path", "clean"]["gross"] < 0.02
    path, peak = (
        [errors[name, snr]["gross"] for snr in ("10 dB", "5 dB", "0 dB")] for name in ("path", "peak")
    )
    assert all(one < other for one, other in zip(path, peak, strict=True))
    assert sum(path) < 0.75 * sum(peak)


@pytest.mark.parametrize("samples", [0, 479, 480, 4_801])
def test_track_has_a_frame_per_hop(samples):
    """As many as whole hops, silence included."""
    track = pitch_track(np.zeros(samples, np.float32))
    assert track.shape == (samples // 480,)
    assert np.isfinite(track).all()


def test_what_rings_after_the_sound_comes_to_rest():
    """In silence nothing stays that is too small to count, squares of which would be dear to multiply."""
    history, low = noise(4 * 480), np.zeros(module.TRACK_HISTORY, np.float32)
    rumble = np.zeros(2, np.float32)
    for _ in range(60):
        module.decimate(history, low, rumble)
        history = np.append(history[480:], np.zeros(480, np.float32))
        assert not np.any((low != 0) & (np.abs(low) < 1e-12))
    assert not low.any()
    assert not rumble.any()
