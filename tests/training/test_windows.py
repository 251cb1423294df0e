"""Every window of a batch is judged by its own frames, at its own levels, up to its own bandwidth."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandwise.suppress.stft import SCALE  # noqa: E402
from bandwise.training.fit_config import FitConfig  # noqa: E402
from bandwise.training.listener import Listener  # noqa: E402
from bandwise.training.loss import band_weights, perceptual_loss  # noqa: E402
from bandwise.training.loss_config import LossConfig  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.sources import Batch, LowSpectra  # noqa: E402
from bandwise.training.spectral_loss import spectral_loss  # noqa: E402
from bandwise.training.windows import current_levels, losses_by_window  # noqa: E402

CPU = torch.device("cpu")
FRAMES, WINDOW = 90, 45
CONFIG = FitConfig(
    network=replace(SIZES["toy"], filter_units=16),
    loss=LossConfig(complex_weight=0.6, critic_share=0.5),
    window=WINDOW,
)


@pytest.fixture
def batch():
    """Two sequences in which no frame is like another, levels of bands like those of the spectra."""
    rng = np.random.default_rng(2)
    scale = np.array([20.0, 60.0], np.float32)
    swell = 10 ** rng.uniform(-1, 0.5, (2, FRAMES, 1, 1))
    clean = (swell * rng.standard_normal((2, FRAMES, 100, 2))).astype(np.float32)
    noisy = (clean + 0.5 * rng.standard_normal(clean.shape)).astype(np.float32)
    features = rng.uniform(-1, 1, (2, FRAMES, 70)).astype(np.float32)
    features[..., :34] += 2 * np.log10(SCALE * scale)[:, None, None] + 1
    targets = rng.uniform(0, 1, (2, FRAMES, 68)).astype(np.float32)
    return Batch(features, targets, np.array([28, 34]), LowSpectra(noisy, clean, scale))


@pytest.fixture
def network(batch):
    """A network with a filter that does something."""
    torch.manual_seed(3)
    network = PercepNet(CONFIG.network)
    torch.nn.init.normal_(network.filter.taps.weight, std=0.1)
    for part in (network, network.filter):
        part.normalise_like(torch.from_numpy(batch.features))
    return network


def test_windows_are_judged_by_their_own_frames(batch, network):
    """Each loss and picture is what its own function gives for these frames: estimates, truth, levels."""
    features, targets, valid = (torch.from_numpy(v) for v in batch[:3])
    noisy, clean, scale = (torch.from_numpy(v) for v in batch.spectra)
    gains, strengths, *_ = network(features)
    levels = current_levels(features)
    weights = band_weights(levels, valid, CONFIG.loss)
    listener = Listener(clean, scale, levels, targets, valid)
    windows = list(losses_by_window(CONFIG, network, batch, CPU, torch.float32))
    assert len(windows) == 2
    for losses, first in zip(windows, (0, WINDOW), strict=True):
        span = slice(first, first + WINDOW)
        bands = perceptual_loss(
            gains[:, span], strengths[:, span], targets[:, span], weights[:, span], CONFIG.loss
        )
        filtered, said = losses.exhibit.originals
        assert torch.allclose(said, gains[:, span], atol=1e-5)
        heard = listener.losses(filtered, gains[:, span], span)
        spectral = spectral_loss(filtered, clean[:, span], 0.6)
        expected = [v.item() for v in (*bands, spectral, *heard)]
        assert list(losses.named().values()) == pytest.approx(expected, rel=1e-4)
        pictures = listener.pictures(filtered, gains[:, span], noisy[:, span], span)
        for found, wanted in zip(losses.exhibit.pictures, pictures, strict=True):
            assert torch.allclose(found, wanted, rtol=1e-4, atol=1e-5)


def test_gains_above_the_filter_learn_from_the_listener(batch, network):
    """Bands above 5 kHz are not the filter's, and yet points lost there reach what said the gains."""
    losses, _ = losses_by_window(CONFIG, network, batch, CPU, torch.float32)
    losses.listener.disturbance.backward()
    assert (network.gains_head.weight.grad[24:32].abs().amax(1) > 0).all()
