"""Echo cancellers on paths that are known: how much they take away, and that they leave the talker alone."""

import numpy as np
import pytest

from bandwise.device.adaptive import KalmanCanceller
from bandwise.device.echo import convergence_s, erle_db, erle_over_time, make_canceller
from bandwise.device.speex import SpeexCanceller, speex_library
from bandwise.errors import BandwiseError

RATE = 16_000
SECONDS = 12
needs_speex = pytest.mark.skipif(speex_library() is None, reason="libspeexdsp is not installed")
CANCELLERS = [
    pytest.param(KalmanCanceller, id="kalman"),
    pytest.param(SpeexCanceller, id="speex", marks=needs_speex),
]


@pytest.fixture(scope="module")
def known():
    """A reference, its echo through 1500 decaying taps, and a microphone with noise 60 dB below the echo."""
    rng = np.random.default_rng(4)
    reference = 0.1 * np.convolve(rng.standard_normal(SECONDS * RATE), [1, 0.8, 0.5], "same")
    path = rng.standard_normal(1500) * np.exp(-np.arange(1500) / 250)
    path[:20] = 0
    echo = np.convolve(reference, path)[: len(reference)]
    echo *= 0.05 / echo.std()
    return reference, echo, echo + 5e-5 * rng.standard_normal(len(echo))


@pytest.mark.parametrize("canceller", CANCELLERS)
def test_a_known_echo_is_cancelled(canceller, known):
    """At least 30 dB of a linear echo are gone after some seconds, and convergence is told."""
    reference, echo, microphone = known
    erle = erle_over_time(echo, canceller().cancel(microphone, reference))
    assert np.median(erle[-6:]) > 30
    assert convergence_s(erle) < SECONDS


@pytest.mark.parametrize("canceller", CANCELLERS)
def test_the_talker_stays(canceller, known):
    """Speech-like noise bursts in the room come through within 1 dB while the echo is cancelled."""
    reference, _, microphone = known
    talker = np.zeros(len(microphone))
    talker[8 * RATE : 9 * RATE] = 0.05 * np.random.default_rng(5).standard_normal(RATE)
    out = canceller().cancel(microphone + talker, reference)
    part = slice(8 * RATE, 9 * RATE)
    gain = np.dot(out[part], talker[part]) / np.dot(talker[part], talker[part])
    assert 20 * np.log10(gain) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("canceller", CANCELLERS)
def test_without_reference_nothing_changes(canceller):
    """While the loudspeaker is silent the microphone comes through, but for the DC notch of speex."""
    x = 0.1 * np.sin(2 * np.pi * 500 * np.arange(2 * RATE) / RATE)
    out = canceller().cancel(x, np.zeros_like(x))
    assert np.std(out[RATE:]) == pytest.approx(np.std(x[RATE:]), rel=0.02)


def test_kalman_survives_double_talk(known):
    """A talker as loud as the echo does not drive the filter away: 20 dB of the echo stay cancelled."""
    reference, echo, microphone = known
    talker = np.zeros(len(microphone))
    talker[8 * RATE : 9 * RATE] = 0.05 * np.random.default_rng(5).standard_normal(RATE)
    left = KalmanCanceller().cancel(microphone + talker, reference) - talker
    part = slice(8 * RATE, 10 * RATE)
    assert erle_db(echo[part], left[part]) > 20


def test_kalman_equals_its_plain_text(known):
    """The compiled blocks equal the same text run by Python, over some blocks."""
    from bandwise.device import adaptive

    reference, _, microphone = known
    n = 8 * adaptive.BLOCK_SAMPLES
    first, second = np.zeros(n), np.zeros(n)
    adaptive.cancel_blocks(microphone[:n], reference[:n], first, 4)
    adaptive.cancel_blocks.py_func(microphone[:n], reference[:n], second, 4)
    assert first == pytest.approx(second, abs=1e-9)


def test_erle_is_a_ratio_of_powers():
    """A tenth of the amplitude is 20 dB."""
    x = np.random.default_rng(0).standard_normal(RATE)
    assert erle_db(x, 0.1 * x) == pytest.approx(20)
    assert erle_over_time(x, 0.1 * x) == pytest.approx([20, 20])


@pytest.mark.parametrize("piece_s", [0.25, 0.5])
def test_convergence_is_the_end_of_the_first_good_piece(piece_s):
    """Two pieces without, then within 3 dB of what it settles at: converged after the third."""
    erle = np.array([0.0, 26.9, 27.1, 30.0, 30.0, 30.0, 30.0, 40.0])
    assert convergence_s(erle, piece_s) == pytest.approx(3 * piece_s)
    assert convergence_s(np.full(8, 30.0), piece_s) == pytest.approx(piece_s)


def test_unknown_cancellers_are_refused():
    """The names that exist are told."""
    with pytest.raises(BandwiseError, match="kalman"):
        make_canceller("nlms")


def test_silence_has_a_return_loss_of_its_own():
    """Nothing over nothing is 0 dB, and nobody warns of a logarithm."""
    nothing = np.zeros(16_000)
    assert erle_db(nothing, nothing) == 0.0
    assert not erle_over_time(nothing, nothing).any()
    assert erle_db(np.ones(9), 0.1 * np.ones(9)) == pytest.approx(20.0)
