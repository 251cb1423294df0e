"""From estimates to sound: every step of a frame by its formula, in the order in which they belong."""

import numpy as np
import pytest

from bandwise.bands.erb import BAND_WEIGHTS
from bandwise.suppress.estimates import room_for_estimates
from bandwise.suppress.frames import fresh_frames, resynthesise_hops
from bandwise.suppress.stft import SCALE, WINDOW

FRAMES, BETA = 4, 0.02
PLACE = np.arange(100) // 4
IS_NEAR = np.abs(np.subtract.outer(PLACE, PLACE)) <= 5
SETTINGS = [(False, 0.0), (True, 0.0), (False, 0.25), (True, 0.25)]


def complex_noise(rng, *shape):
    """Both parts Gaussian."""
    return rng.standard_normal(shape) + 1j * rng.standard_normal(shape)


def some_frames(filters, seed=0):
    """A few frames whose bins, gains, strengths and taps are all random; the low bins are those frames'."""
    rng = np.random.default_rng(seed)
    frames = fresh_frames(0, *room_for_estimates(1, FRAMES, filters=filters))
    frames.spectra[:] = complex_noise(rng, FRAMES, 481) * np.geomspace(1, 0.05, 481)
    frames.comb_spectra[:] = 0.7 * frames.spectra + 0.2 * complex_noise(rng, FRAMES, 481)
    frames.energies[:] = np.abs(frames.spectra) ** 2 @ BAND_WEIGHTS.T
    frames.gains[:], frames.strengths[:] = rng.uniform(0.05, 1, (2, FRAMES, 34))
    if filters:
        frames.low[:] = complex_noise(rng, FRAMES, 5, 100)
        frames.low[:, 2] = frames.spectra[:, :100]
        frames.taps[:] = 0.2 * rng.standard_normal(frames.taps.shape)
    return frames


def sharpened(g, energies):
    """The postfilter: g sin(pi g / 2), brought back to the loudness of g."""
    warped = g * np.sin(np.pi / 2 * g)
    q = np.sum(g**2 * energies) / np.sum(warped**2 * energies)
    return warped * np.sqrt((1 + BETA) * q / (1 + BETA * q**2))


def comb_mixed(y, p, energies, r, g):
    """Bins of g z |y| / |z|, z = (1 - r) y + r p, with the energies of bands for magnitudes, 6 dB at most."""
    z = y + (r @ BAND_WEIGHTS) * (p - y)
    make_up = np.minimum((energies + 1e-12) / (BAND_WEIGHTS @ np.abs(z) ** 2 + 1e-12), 4)
    return z * ((g * np.sqrt(make_up)) @ BAND_WEIGHTS)


def low_filtered(low, g, taps):
    """(1 + c_0) g y_l + sum c_i y_(l + 3 - i) of the low bins."""
    parts = taps.reshape(25, 6, 2, 4).astype(float)
    c = (parts[:, :, 0] + 1j * parts[:, :, 1]).transpose(1, 0, 2).reshape(6, 100)
    return (1 + c[0]) * (g @ BAND_WEIGHTS)[:100] * low[2] + np.sum(c[1:] * low[::-1], axis=0)


def relieved(x, y, relief):
    """Bins times (q_p max(q_p, q))^(-r / 4), q the shares of energy kept, near and of all."""
    left, came = np.abs(x) ** 2, np.abs(y) ** 2
    near, of_all = (np.minimum(w @ left / (w @ came), 1) for w in (IS_NEAR, np.ones((1, 100))))
    return x * np.maximum(np.sqrt(near * np.maximum(near, of_all)), 0.01) ** (-relief / 2)


def limited(x, y, ratio, kept):
    """Bins kept y + (1 - kept) x s / estimated, at least as loud as kept y."""
    z = kept * y + (1 - kept) * x * (ratio @ BAND_WEIGHTS)[:100]
    return z * np.maximum(kept * np.abs(y) / np.abs(z), 1)


def expected(frames, t, postfilter, kept, relief):
    """Spectrum of frame t, in double precision."""
    y, p, energies = frames.spectra[t].astype(complex), frames.comb_spectra[t], frames.energies[t]
    estimated, r = frames.gains[t].astype(float), (1 - kept) * frames.strengths[t].astype(float)
    wanted = sharpened(estimated, energies) if postfilter else estimated
    out = comb_mixed(y, p, energies, r, kept + (1 - kept) * wanted)
    if len(frames.taps):
        x = relieved(low_filtered(frames.low[t], estimated, frames.taps[t]), y[:100], relief)
        out[:100] = limited(x, y[:100], wanted / estimated, kept)
    return out


@pytest.mark.parametrize("filters", [False, True])
@pytest.mark.parametrize(("postfilter", "kept"), SETTINGS)
def test_sound_is_that_of_the_formulas(postfilter, kept, filters):
    """With and without postfilter, limit and deep filter: what the kernel plays is NumPy's, overlap-added."""
    frames, relief = some_frames(filters), 0.25
    spectra = [expected(frames, t, postfilter, kept, relief) for t in range(FRAMES)]
    wanted = np.zeros(480 * (FRAMES + 1))
    for t, spectrum in enumerate(spectra):
        wanted[480 * t : 480 * t + 960] += np.fft.irfft(spectrum) * WINDOW / SCALE
    out, overlap = np.empty(480 * FRAMES, np.float32), np.zeros(480, np.float32)
    resynthesise_hops(frames, postfilter, np.float32(kept), np.float32(relief), overlap, out)
    assert np.concatenate([out, overlap]) == pytest.approx(wanted, abs=1e-4 * np.abs(wanted).max())


@pytest.mark.parametrize(("postfilter", "kept"), SETTINGS)
def test_estimates_become_what_was_done(postfilter, kept):
    """Afterwards gains are kept + (1 - kept) s and strengths (1 - kept) r, for the meters."""
    frames = some_frames(filters=True)
    estimated, strengths = frames.gains.astype(float), frames.strengths.astype(float)
    pairs = zip(estimated, frames.energies, strict=True)
    wanted = np.array([sharpened(*pair) for pair in pairs]) if postfilter else estimated
    out, overlap = np.empty(480 * FRAMES, np.float32), np.zeros(480, np.float32)
    resynthesise_hops(frames, postfilter, np.float32(kept), np.float32(0.25), overlap, out)
    assert frames.gains == pytest.approx(kept + (1 - kept) * wanted, abs=1e-5)
    assert frames.strengths == pytest.approx((1 - kept) * strengths, abs=1e-6)
