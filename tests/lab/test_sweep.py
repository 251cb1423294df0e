"""The test signal: a known system comes back from a recording, and bad recordings are told apart."""

import numpy as np
import pytest
from numpy.polynomial.chebyshev import Chebyshev

from bandwise.errors import BandwiseError
from bandwise.lab import sweep
from bandwise.lab.limits import limits_of_table

RATE = sweep.SAMPLE_RATE
SIGNAL = sweep.test_signal()


def filtered(x):
    """A known linear system: three taps."""
    return 0.5 * x + 0.3 * np.append(np.zeros(7), x[:-7]) - 0.1 * np.append(np.zeros(31), x[:-31])


@pytest.fixture(scope="module")
def known():
    """A recording through x + 0.1 x^2 + 0.2 x^3 and then three taps, 12345 samples late, with noise."""
    bent = SIGNAL + 0.1 * SIGNAL**2 + 0.2 * SIGNAL**3
    noise = 1e-5 * np.random.default_rng(0).standard_normal(len(SIGNAL) + 20_000)
    out = noise.copy()
    out[12_345 : 12_345 + len(SIGNAL)] += filtered(bent)
    return sweep.read_recording(out, RATE)


def test_linear_response_of_a_known_system(known):
    """The response of the taps comes back within 0.1 dB, the cubic's gain in the fundamental counted."""
    for measurement in known[:3]:
        hz = measurement.hz
        taps = 0.5 + 0.3 * np.exp(-2j * np.pi * hz * 7 / RATE) - 0.1 * np.exp(-2j * np.pi * hz * 31 / RATE)
        amplitude = 10 ** (measurement.level_dbfs / 20)
        expected = 20 * np.log10(np.abs(taps) * (1 + 0.75 * 0.2 * amplitude**2))
        assert measurement.response_db[2:-2] == pytest.approx(expected[2:-2], abs=0.1)


def test_harmonics_of_a_known_system(known):
    """The square makes a A / 2 of second, the cube b A^2 / 4 of third harmonic, at every frequency."""
    taps = lambda hz: np.abs(  # noqa: E731
        0.5 + 0.3 * np.exp(-2j * np.pi * hz * 7 / RATE) - 0.1 * np.exp(-2j * np.pi * hz * 31 / RATE)
    )
    for measurement in known[2:]:
        amplitude, hz = 10 ** (measurement.level_dbfs / 20), measurement.hz
        second = 0.1 * amplitude / 2 * taps(2 * hz)
        third = 0.2 * amplitude**2 / 4 * taps(3 * hz)
        first = (1 + 0.75 * 0.2 * amplitude**2) * taps(hz)
        expected = 100 * np.hypot(second, third) / first
        assert measurement.distortion_percent[2:] == pytest.approx(expected[2:], rel=0.1)


def test_the_fourth_and_fifth_harmonic_count():
    """Chebyshev polynomials make nothing but these of the loudest sweep, each in its own time."""
    amplitude = 10 ** (sweep.LEVELS_DBFS[-1] / 20)
    bent = amplitude * Chebyshev([0.0, 1.0, 0.0, 0.0, 0.02, 0.03])(SIGNAL / amplitude)
    found = sweep.read_recording(bent, RATE)[-1]
    assert found.distortion_percent[2:] == pytest.approx(100 * np.hypot(0.02, 0.03), rel=0.1)


def test_a_linear_system_has_no_distortion():
    """What is linear and noisy is told to distort by less than 0.3 %."""
    noise = 1e-5 * np.random.default_rng(0).standard_normal(len(SIGNAL))
    found = sweep.read_recording(filtered(SIGNAL) + noise, RATE)
    assert found[-1].distortion_percent.max() < 0.3


def test_limits_are_where_distortion_passes_the_target(known):
    """The level at which the known system makes 1 % is found between the sweeps."""
    limits = limits_of_table(sweep.table_of(known), 1.0)
    table = sweep.table_of(known)
    at_200 = np.array(sorted(table[200.0]))
    expected = np.interp(0.0, np.log(at_200[:, 1]), at_200[:, 0])
    assert limits.at(np.array([200.0]))[0] == pytest.approx(expected, abs=0.01)
    assert -25 < expected < -1


BAD = {
    "too short": (lambda: (SIGNAL[: 10 * RATE], RATE), "record all"),
    "wrong rate": (lambda: (SIGNAL, 44_100), "44100"),
    "clipped": (lambda: (np.clip(SIGNAL * 4, -1, 1), RATE), "clipped"),
    "noise only": (lambda: (0.1 * np.random.default_rng(1).standard_normal(len(SIGNAL)), RATE), "no sweep"),
    "silence": (lambda: (np.zeros(len(SIGNAL)), RATE), "no sweep"),
    "another sweep": (
        lambda: (0.3 * np.sin(np.cumsum(np.linspace(0.01, 2.5, len(SIGNAL)))), RATE),
        "no sweep",
    ),
    "noisy": (
        lambda: (SIGNAL + 0.12 * np.random.default_rng(1).standard_normal(len(SIGNAL)), RATE),
        "noise",
    ),
}


def test_a_straight_wire_is_accepted():
    """A loop from output to input, in 16 bits, has a flat response and is not taken for clipped."""
    found = sweep.read_recording(np.round(SIGNAL * 32_767) / 32_768, RATE)
    assert found[-1].response_db == pytest.approx(np.zeros(len(sweep.READ_HZ)), abs=0.1)


@pytest.mark.parametrize("case", BAD)
def test_bad_recordings_are_refused(case):
    """Each with its reason and what to do."""
    make, words = BAD[case]
    with pytest.raises(BandwiseError, match=words):
        sweep.read_recording(*make())


def test_a_recorded_loudspeaker_has_the_limits_of_its_model():
    """Sweeps played by a simulated driver give the limits that steady tones find in it, within 1.5 dB."""
    from bandwise.lab.bench import Bench
    from bandwise.lab.limits import _limit

    bench = Bench()
    pressure = 0.1 * bench.loudspeaker.play(SIGNAL).pressure_pa
    noise = 2e-5 * np.random.default_rng(0).standard_normal(len(SIGNAL))
    found = limits_of_table(sweep.table_of(sweep.read_recording(pressure + noise, RATE)), 6.0)
    for hz in (40, 80):
        expected, _ = _limit(bench.loudspeaker, hz, 6.0)
        assert found.at(np.array([float(hz)]))[0] == pytest.approx(expected, abs=1.5)
