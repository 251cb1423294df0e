"""What the filter is shown in training is what it is shown at run time."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandwise.suppress.features import describe  # noqa: E402
from bandwise.suppress.places import FRAMES_SEEN, LOW_BINS, describe_bins, lay_out  # noqa: E402
from bandwise.suppress.stft import SCALE  # noqa: E402
from bandwise.training.filter_inputs import bin_values, by_place, harmonics, sound_of  # noqa: E402
from bandwise.training.records import low_spectra  # noqa: E402

FRAMES = 12


def _noise(seed=0, frames=FRAMES):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(480 * (frames + 1))).astype(np.float32)


def _tensor(spectra):
    """[1, T, 100, 2] of complex (T, 100)."""
    return torch.from_numpy(spectra.view(np.float32).reshape(1, len(spectra), LOW_BINS, 2).copy())


def test_places_see_what_the_kernels_lay_out():
    """For every frame of a recording, frames l, l + 1 and l + 2 as the run time describes them."""
    spectra = low_spectra(_noise())
    seen = sound_of(_tensor(spectra) / 2.5, torch.tensor([2.5]))[:, 0].numpy()
    scaled = np.concatenate([np.zeros((1, LOW_BINS)), spectra * SCALE, np.zeros((2, LOW_BINS))])
    values = np.zeros((len(scaled) - 1, LOW_BINS, 5), np.float32)
    for l in range(len(values)):
        describe_bins(scaled[l + 1].astype(np.complex64), scaled[l].astype(np.complex64), values[l])
    expected = np.zeros(seen.shape[1:], np.float32)
    for l in range(len(spectra)):
        lay_out(np.ascontiguousarray(values[l : l + FRAMES_SEEN]), expected)
        assert np.allclose(seen[l], expected, atol=2e-4), l


def test_a_steady_tone_in_a_bin_does_not_turn():
    """A sine at the centre of bin 20 has the phase step 1 in time, in its own bin and the next ones."""
    time_s = np.arange(480 * 8) / 48_000
    spectra = low_spectra(np.sin(2 * np.pi * 1000 * time_s + 0.7).astype(np.float32))
    values = bin_values(_tensor(spectra).transpose(0, 1), torch.ones(1))[1:6, 0, 19:22]
    sign = torch.tensor([-1.0, 1.0, -1.0])  # the tone turns at its own rate in the bins beside it, too
    assert torch.allclose(values[..., 1] * sign, torch.ones(5, 3), atol=1e-3)
    assert values[..., 2].abs().max() < 1e-2


def test_levels_follow_the_energy_and_end_at_a_floor():
    """Ten times the amplitude is 1 more, half of log10 of energy; silence is -3."""
    spectra = torch.full((1, 1, LOW_BINS, 2), 0.5)
    quiet, loud = (bin_values(spectra, torch.tensor([s]))[..., 0] for s in (1.0, 10.0))
    assert torch.allclose(loud - quiet, torch.ones_like(quiet), atol=1e-4)
    silence = bin_values(torch.zeros_like(spectra), torch.ones(1))
    assert torch.allclose(silence[..., 0], torch.tensor(-3.0), atol=1e-4)
    assert silence[..., 1:].abs().max() == 0


def test_levels_and_steps_ignore_a_common_phase():
    """All bins of all frames turned by the same angle look as before."""
    spectra = low_spectra(_noise(2))
    turned = (spectra * np.exp(0.9j)).astype(np.complex64)
    before, after = (bin_values(_tensor(s).transpose(0, 1), torch.ones(1)) for s in (spectra, turned))
    assert torch.allclose(before, after, atol=1e-4)


def test_windows_of_bins_overlap_by_half_and_end_in_zeros():
    """Place p sees bins 4 p - 2 to 4 p + 5."""
    values = torch.arange(1.0, LOW_BINS + 1).view(1, 1, LOW_BINS, 1)
    seen = by_place(values)[0, 0]
    assert seen[0].tolist() == [0, 0, 1, 2, 3, 4, 5, 6]
    assert seen[7].tolist() == list(range(27, 35))
    assert seen[24].tolist() == [95, 96, 97, 98, 99, 100, 0, 0]


def test_harmonics_lie_where_the_pitch_says():
    """A period of 240 samples is 200 Hz: 1 at every fourth bin, -1 half way, times the correlation."""
    record = np.zeros(70, np.float32)
    describe(np.ones(34, np.float32), np.zeros(34, np.float32), 240, 0.5, record)
    teeth = harmonics(torch.from_numpy(record)).numpy()
    assert np.allclose(teeth[::4], 0.5, atol=2e-3)
    assert np.allclose(teeth[2::4], -0.5, atol=2e-3)
