"""The record of a frame: where everything lies, and what coherence, levels and pitch mean in it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suppress_signals import noise, spectrum

from bandwise.bands.erb import BAND_WEIGHTS
from bandwise.suppress import features as module
from bandwise.suppress import stft


def filled(kernel, *arguments, size=34):
    """What a kernel writes to its last argument."""
    out = np.full(size, np.nan, np.float32)
    kernel(*arguments, out)
    return out


def test_records_hold_every_number_once():
    """Slices and places fill 70 features and 68 targets without gap or overlap."""
    places = np.arange(module.SIZE)
    parts = [places[module.BAND_LEVEL], places[module.COHERENCE]]
    parts += [[module.PITCH_PERIOD], [module.PITCH_CORRELATION]]
    assert np.array_equal(np.concatenate(parts), np.arange(70))
    outputs = np.arange(module.TARGETS_SIZE)
    assert np.array_equal(np.concatenate([outputs[module.GAIN], outputs[module.STRENGTH]]), np.arange(68))


def test_band_energies_are_the_matrix_times_power():
    """BAND_WEIGHTS @ |Y|^2, in double precision."""
    y = spectrum(0)
    expected = BAND_WEIGHTS.astype(float) @ np.abs(y.astype(np.complex128)) ** 2
    assert np.allclose(filled(module.band_energies, y), expected, rtol=1e-5)


def test_energies_of_a_frame_sum_to_its_power():
    """Parseval through transform and bands: a 0.3 sine has 0.045."""
    x = (0.3 * np.sin(2 * np.pi * 20 * np.arange(960) / 960)).astype(np.float32)
    assert filled(module.band_energies, stft.analyse(x)).sum() == pytest.approx(0.045, rel=1e-3)


def test_coherence_is_the_normalised_product():
    """Re(p^H y) / (|p| |y|) per band, in double precision, negative ones as 0."""
    y, p = spectrum(1).astype(np.complex128), spectrum(2).astype(np.complex128)
    product = BAND_WEIGHTS @ (np.conj(p) * y).real
    scale = np.sqrt((BAND_WEIGHTS @ np.abs(y) ** 2) * (BAND_WEIGHTS @ np.abs(p) ** 2))
    coherence = filled(module.band_coherence, spectrum(1), spectrum(2))
    assert (product < 0).any()
    assert np.allclose(coherence, np.clip(product / scale, 0, 1), atol=1e-5)


@given(scale=st.floats(1e-3, 1e3))
@settings(max_examples=30, deadline=None)
def test_coherence_knows_no_level(scale):
    """A spectrum and itself, louder or softer: 1 in every band."""
    y = spectrum(3)
    assert np.allclose(filled(module.band_coherence, y, (scale * y).astype(np.complex64)), 1, atol=1e-4)


@pytest.mark.parametrize("turn", [-1, 1j])
def test_coherence_of_opposites_is_none(turn):
    """Phase matters: turned by half or a quarter of a circle there is nothing in common."""
    y = spectrum(4)
    assert np.abs(filled(module.band_coherence, y, (turn * y).astype(np.complex64))).max() < 1e-6


def test_silence_has_no_coherence():
    """Zero in every band, whichever of the two is silent."""
    y, silent = spectrum(5), np.zeros(481, np.complex64)
    for one, other in ((silent, y), (y, silent), (silent, silent)):
        assert np.array_equal(filled(module.band_coherence, one, other), np.zeros(34))


@given(period=st.integers(96, 768), correlation=st.floats(-1, 1, width=32))
@settings(max_examples=30, deadline=None)
def test_record_says_what_it_was_given(period, correlation):
    """log10 energies, coherences as they are, the period from -1 (2 ms) to 1 (16 ms), the correlation."""
    energies, coherence = np.exp(noise(34, 6, 3.0)), np.abs(noise(34, 7))
    record = filled(module.describe, energies, coherence, period, correlation, size=70)
    assert np.allclose(record[module.BAND_LEVEL], np.log10(energies), atol=1e-5)
    assert np.array_equal(record[module.COHERENCE], coherence)
    assert record[module.PITCH_PERIOD] == pytest.approx(2 * np.log2(period / 96) / 3 - 1, abs=1e-5)
    assert record[module.PITCH_CORRELATION] == np.float32(correlation)


def test_silence_has_a_floor():
    """Levels of -12, not minus infinity."""
    nothing = np.zeros(34, np.float32)
    record = filled(module.describe, nothing, nothing, 96, 0.0, size=70)
    assert np.allclose(record[module.BAND_LEVEL], -12, atol=1e-4)
    assert record[module.PITCH_PERIOD] == pytest.approx(-1)
