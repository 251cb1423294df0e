"""The resampler against soxr, against tones, and against its own promises."""

import numpy as np
import pytest
import soxr

from bandwise.resampler import Resampler, design, half_samples, interpolate

PAIRS = [
    (8_000, 48_000),
    (48_000, 8_000),
    (44_100, 48_000),
    (48_000, 44_100),
    (192_000, 48_000),
    (48_000, 192_000),
    (12_345, 48_000),
    (48_000, 47_999),
]


def band_limited(frames, top):
    """Noise without anything above `top` times half the rate."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(frames))
    spectrum[int(top * len(spectrum)) :] = 0
    return np.fft.irfft(spectrum, frames).astype(np.float32)


def decibels(error, signal):
    """Energy of an error relative to a signal."""
    return 10 * np.log10(np.mean(np.square(error)) / np.mean(np.square(signal)))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_agrees_with_soxr(from_hz, to_hz):
    """Below 80 % of the lower half rate the result is soxr's at its best, to -85 dB, sample for sample."""
    x = band_limited(from_hz, 0.8 * min(1.0, to_hz / from_hz))
    y = Resampler(from_hz, to_hz).feed(x)
    reference = soxr.resample(x.astype(np.float64), from_hz, to_hz, "VHQ")[: len(y)]
    inner = slice(len(y) // 10, -len(y) // 10)
    assert decibels((y - reference)[inner], reference[inner]) < -85


@pytest.mark.parametrize(("from_hz", "to_hz"), [(48_000, 8_000), (48_000, 44_100), (192_000, 48_000)])
def test_what_does_not_fit_is_taken_away(from_hz, to_hz):
    """A tone above the new half rate is 80 dB down instead of folding into the band."""
    tone = np.sin(2 * np.pi * 0.52 * to_hz * np.arange(from_hz // 2) / from_hz).astype(np.float32)
    y = Resampler(from_hz, to_hz).feed(tone)
    assert decibels(y[1_000:], tone) < -80


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_a_constant_stays(from_hz, to_hz):
    """Every filter sums to one."""
    y = Resampler(from_hz, to_hz).feed(np.ones(4_000, np.float32))
    settled = round(half_samples(from_hz, to_hz) * to_hz / from_hz) + 1
    assert np.max(np.abs(y[settled:] - 1)) < 1e-5


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_any_cut_gives_the_same_bits(from_hz, to_hz):
    """Pieces of random length, empty ones included, join to what one piece gives."""
    x = band_limited(5_000, 1.0)
    resampler = Resampler(from_hz, to_hz)
    ends = np.sort(np.random.default_rng(1).integers(0, len(x), 40))
    joined = np.concatenate([resampler.feed(piece) for piece in np.split(x, ends)])
    assert np.array_equal(joined, Resampler(from_hz, to_hz).feed(x))


@pytest.mark.parametrize(("from_hz", "to_hz"), PAIRS)
def test_an_output_waits_for_half_a_filter_and_no_more(from_hz, to_hz):
    """An output is given as soon as `half` inputs lie behind its time."""
    half = half_samples(from_hz, to_hz)
    resampler = Resampler(from_hz, to_hz)
    assert len(resampler.feed(np.zeros(half, np.float32))) == 0
    assert len(resampler.feed(np.zeros(1, np.float32))) >= 1
    given = len(Resampler(from_hz, to_hz).feed(np.zeros(3 * half, np.float32)))
    last, following = (given - 1) * from_hz / to_hz, given * from_hz / to_hz
    assert last < 2 * half <= following


def test_compiled_kernel_is_its_python_text():
    """The machine code adds in another order than the loop one reads, and nothing else."""
    filters = design(44_100, 48_000)
    x = band_limited(400, 1.0)
    compiled, plain = np.empty(100, np.float32), np.empty(100, np.float32)
    interpolate(x, 0, 70, 160, 147, filters, compiled)
    interpolate.py_func(x, 0, 70, 160, 147, filters, plain)
    assert np.allclose(compiled, plain, atol=1e-6)


def test_reset_starts_afresh():
    """After a reset the answer is a new one's."""
    resampler, x = Resampler(16_000, 48_000), band_limited(1_000, 1.0)
    first = resampler.feed(x)
    resampler.reset()
    assert np.array_equal(resampler.feed(x), first)
