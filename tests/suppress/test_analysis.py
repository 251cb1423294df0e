"""What is known of a frame: of the right samples, at the right time, and never from sound still to come."""

import numpy as np
import pytest
from suppress_signals import noise, periodic, pulses

from bandwise.suppress import stft
from bandwise.suppress.analysis import FRAME_START, analyse_hop, fresh_analysis
from bandwise.suppress.features import BAND_LEVEL, COHERENCE, PITCH_CORRELATION, PITCH_PERIOD, band_energies

SPEECH_BANDS = slice(2, 30)


def heard(x):
    """A copy of the state after each hop of x."""
    state, states = fresh_analysis(), []
    for hop in x.reshape(-1, 480):
        analyse_hop(hop, state)
        states.append(type(state)(*(part.copy() for part in state)))
    return states


def records(x):
    """Features (hops, 70)."""
    return np.stack([state.features for state in heard(x)])


def test_current_frame_ends_20_ms_ago():
    """After hop h it starts at sample 480 (h - 3): 10 ms of overlap and 20 ms of look-ahead behind it."""
    x = noise(480 * 30)
    for h, state in enumerate(heard(x)):
        if h >= 3:
            frame = x[480 * (h - 3) : 480 * (h - 3) + 960]
            assert np.array_equal(state.history[FRAME_START : FRAME_START + 960], frame)
            assert np.allclose(state.spectra[0], stft.analyse(frame), atol=1e-6)


def test_levels_are_two_frames_ahead_and_coherence_is_not():
    """Levels belong to the newest 20 ms; energies of the current frame are those of two hops ago."""
    states = heard(noise(480 * 12) * np.repeat(np.arange(12), 480).astype(np.float32))
    for earlier, now in zip(states[:-2], states[2:], strict=True):
        newest = np.empty(34, np.float32)
        band_energies(stft.analyse(now.history[-960:]), newest)
        assert np.allclose(now.features[BAND_LEVEL], np.log10(newest + 1e-12), atol=1e-5)
        assert np.array_equal(now.energies[0], earlier.energies[2])
        assert np.array_equal(now.features[COHERENCE], now.coherence)


def test_coherence_is_that_of_frame_and_comb():
    """The comb spectrum belongs to the same frame: for a signal that repeats itself the two are one."""
    for state in heard(periodic(480 * 40, 300))[20:]:
        assert np.allclose(state.comb_spectrum, state.spectra[0], atol=1e-4)
        assert state.coherence.min() > 0.999


@pytest.mark.parametrize("period", [110, 222, 300, 480, 700])
def test_periodic_signal_is_coherent(period):
    """Whatever its period, once the past is full: all bands that hold a harmonic near 1, correlation, too."""
    late = records(periodic(480 * 60, period, seed=period))[40:]
    levels = late[:, BAND_LEVEL]
    assert late[:, COHERENCE][levels > levels.max() - 2].min() > 0.98
    assert late[:, PITCH_CORRELATION].min() > 0.9


def test_white_noise_is_not_coherent():
    """The comb still holds the frame itself by a weight of about a sixth to a third, no more than that."""
    record = records(noise(480 * 200))[20:]
    mean = record[:, COHERENCE].mean(axis=0)
    assert mean[10:].max() < 0.65
    assert record[:, PITCH_CORRELATION].mean() < 0.4


def test_noise_lowers_coherence_step_by_step():
    """The louder the noise on a periodic signal, the lower the coherence."""
    voiced = pulses(480 * 60, 240)
    means = [
        records(voiced + noise(len(voiced), level=level))[30:, COHERENCE][:, SPEECH_BANDS].mean()
        for level in (0.001, 0.01, 0.03, 0.1)
    ]
    assert np.diff(means).max() < -0.02


@pytest.mark.parametrize("hop", [5, 17, 25])
def test_no_frame_hears_the_future(hop):
    """Other samples after hop `hop` leave all features up to it as they are, and change the next."""
    x = noise(480 * 30)
    other = x.copy()
    other[480 * (hop + 1) :] = noise(480 * (29 - hop), seed=8)
    one, two = records(x), records(other)
    assert np.array_equal(one[: hop + 1], two[: hop + 1])
    assert not np.array_equal(one[hop + 1], two[hop + 1])


def test_past_is_forgotten_in_the_end():
    """What happened half a second ago is out of every buffer; only the path of the pitch remembers."""
    x = noise(480 * 80)
    other = x.copy()
    other[: 480 * 10] = noise(480 * 10, seed=9)
    one, two = heard(x)[-1], heard(other)[-1]
    assert np.array_equal(one.history, two.history)
    assert np.array_equal(one.energies, two.energies)


@pytest.mark.parametrize("level", [0.0, 1e-20, 1e-6])
def test_silence_is_finite(level):
    """Levels at the floor, nothing undefined, after sound as well as from the start."""
    x = np.concatenate([noise(480 * 10), noise(480 * 30, level=level)])
    record = records(x)
    assert np.isfinite(record).all()
    assert record[-1, BAND_LEVEL].max() < -9
    assert record[-1, BAND_LEVEL].min() >= -12.001
    assert np.abs(record[:, PITCH_PERIOD]).max() <= 1 + 1e-5
    assert ((record[:, COHERENCE] >= 0) & (record[:, COHERENCE] <= 1)).all()


def test_next_to_nothing_is_silence():
    """Noise below -240 dBFS, whose squares are slow to compute with, is the very same to all that follows."""
    x = noise(480 * 10)
    tiny, none = (np.concatenate([x, noise(480 * 10, level=level)]) for level in (1e-20, 0.0))
    assert np.abs(tiny).min() < 1e-12 < np.abs(x).max()
    assert np.array_equal(records(tiny), records(none))


def test_levels_follow_the_volume():
    """Ten times the amplitude is 2 in log10 of energy; coherence and pitch do not change."""
    x = noise(480 * 20, level=0.01)
    soft, loud = records(x)[5:], records((10 * x).astype(np.float32))[5:]
    assert np.allclose(loud[:, BAND_LEVEL] - soft[:, BAND_LEVEL], 2, atol=1e-3)
    assert np.allclose(loud[:, COHERENCE], soft[:, COHERENCE], atol=1e-2)
    assert np.array_equal(loud[:, PITCH_PERIOD], soft[:, PITCH_PERIOD])
