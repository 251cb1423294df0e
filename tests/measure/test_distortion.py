"""What the meters of distortion count: polynomials that make known products, and tones added one by one."""

import numpy as np
import pytest
from numpy.polynomial.chebyshev import Chebyshev

from bandwise.measure.distortion import (
    MULTITONE_HZ,
    ccif_intermodulation,
    harmonic_distortion,
    multitone_distortion,
    programme_distortion,
    smpte_intermodulation,
)

RATE = 48_000


@pytest.mark.parametrize(
    "measure",
    [
        lambda mute: harmonic_distortion(mute, 1_000, 0.0)[0],
        lambda mute: harmonic_distortion(mute, 1_000, 0.0)[1],
        lambda mute: smpte_intermodulation(mute, 0.0),
        lambda mute: ccif_intermodulation(mute, 0.0),
        lambda mute: multitone_distortion(mute, 0.0),
        lambda mute: programme_distortion(mute, np.ones(RATE), RATE),
    ],
)
def test_silence_has_no_distortion_to_state(measure):
    """What comes out of a muted processor is no tone, so nothing can be stated in percent of it."""
    assert np.isnan(measure(np.zeros_like))


def adding(hz, amplitude):
    """A processor that adds a tone."""
    return lambda x: x + amplitude * np.sin(2 * np.pi * hz * np.arange(len(x)) / RATE)


@pytest.mark.parametrize("order", range(2, 12))
def test_harmonics_2_to_10_are_the_distortion(order):
    """A Chebyshev polynomial makes one harmonic of a full-scale sine; the eleventh counts only as THD+N."""
    one = Chebyshev.basis(order)
    thd, thdn = harmonic_distortion(lambda x: x + 0.01 * one(x), 1_000, 0.0)
    assert thd == pytest.approx(1.0 if order <= 10 else 0.0, abs=1e-6)
    assert thdn == pytest.approx(1.0, abs=1e-6)


def test_intermodulation_of_a_cubic():
    """X + b x^3 makes side bands of 3/4 b A1^2 A2 at 7 kHz +- 120 Hz, and of 3/4 b A^3 at 18 and 21 kHz."""
    b, amplitude = 0.01, 0.5

    def cube(x):
        return x + b * x**3

    low, high = 0.8 * amplitude, 0.2 * amplitude
    carrier = high * (1 + b * (0.75 * high**2 + 1.5 * low**2))
    expected = 100 * 2 * 0.75 * b * low**2 * high / carrier
    assert smpte_intermodulation(cube, 20 * np.log10(amplitude)) == pytest.approx(expected, rel=1e-6)
    each = 0.5 * amplitude
    both = 2 * each * (1 + 2.25 * b * each**2)
    expected = 100 * 2 * 0.75 * b * each**3 / both
    assert ccif_intermodulation(cube, 20 * np.log10(amplitude)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(("beside_hz", "counts"), [(60, True), (120, True), (180, True), (240, False)])
def test_smpte_counts_three_side_bands_on_either_side(sign, beside_hz, counts):
    """A tone of a hundredth of the 7 kHz tone is 1 % where a side band is, and nothing elsewhere."""
    found = smpte_intermodulation(adding(7_000 + sign * beside_hz, 0.002), 0.0)
    assert found == pytest.approx(1.0 if counts else 0.0, abs=1e-6)


@pytest.mark.parametrize(("hz", "counts"), [(1_000, True), (18_000, True), (21_000, True), (17_000, False)])
def test_ccif_counts_three_products(hz, counts):
    """A tone of a hundredth of both tones together is 1 % where a product is, and nothing elsewhere."""
    found = ccif_intermodulation(adding(hz, 0.01), 0.0)
    assert found == pytest.approx(1.0 if counts else 0.0, abs=1e-6)


def multitone(level_db):
    """The excitation, (frames,)."""
    given = []

    def wire(x):
        given.append(x.copy())
        return x

    multitone_distortion(wire, level_db)
    return given[0]


def test_a_multitone_falls_by_3_db_per_octave():
    """17 tones and nothing else, half an octave apart, of power in inverse proportion to frequency."""
    x, hz = multitone(-6.0), np.array(MULTITONE_HZ)
    amplitude = 2 / RATE * np.abs(np.fft.rfft(x[-RATE:]))
    assert np.abs(x).max() == pytest.approx(0.501, abs=1e-3)
    assert np.diff(np.log2(hz)) == pytest.approx([0.5] * 16, abs=0.03)
    relative_db = 20 * np.log10(amplitude[hz] / amplitude[hz[0]])
    assert relative_db == pytest.approx(-3.0103 * np.log2(hz / hz[0]), abs=1e-3)
    assert np.delete(amplitude, hz).max() < 1e-9


def test_what_is_no_tone_is_the_multitone_distortion():
    """A tone between them reads as its share of the RMS of all 17."""
    rms = np.sqrt(np.mean(multitone(0.0)[-RATE:] ** 2))
    found = multitone_distortion(adding(1_000, 0.01 * np.sqrt(2) * rms), 0.0)
    assert found == pytest.approx(1.0, abs=1e-6)


def test_smpte_reads_how_far_the_7_khz_tone_is_modulated():
    """A tenth, by the 60 Hz tone, is 10 %: what a demodulator of the standard shows."""

    def modulated(x):
        time = np.arange(len(x)) / RATE
        low = 0.8 * np.sin(2 * np.pi * 60 * time)
        return low + (x - low) * (1 + 0.1 * np.sin(2 * np.pi * 60 * time))

    assert smpte_intermodulation(modulated, 0.0) == pytest.approx(10.0, abs=1e-3)
