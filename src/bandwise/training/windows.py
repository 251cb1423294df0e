"""Losses of a batch, window by window: where network, data and losses meet.

Truncated backpropagation through time: four updates for the products of one, and matrices tall enough to keep
matrix units busy, while the network still learns to use states older than a window.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from bandwise.errors import BandwiseError
from bandwise.suppress.features import BAND_LEVEL
from bandwise.suppress.stft import LOOKAHEAD_FRAMES
from bandwise.training.deep_filter import DeepFilter, Memories, apply_weights
from bandwise.training.filter_inputs import FilterInputs
from bandwise.training.fit_config import FitConfig
from bandwise.training.listener import Listener, ListenerLosses
from bandwise.training.loss import band_weights, perceptual_loss
from bandwise.training.loss_config import LossConfig
from bandwise.training.model import PercepNet, States
from bandwise.training.pictures import Exhibit
from bandwise.training.sources import Batch, LowSpectra
from bandwise.training.spectral_loss import spectral_loss


class Losses(NamedTuple):
    """Of one window: of gains and strengths, and where there is a filter, of the spectra it makes.

    `exhibit` is what a critic sees of these, if there is one.
    """

    gain: Tensor
    strength: Tensor
    spectral: Tensor | None = None
    listener: ListenerLosses | None = None
    exhibit: Exhibit | None = None

    def total(self, config: LossConfig) -> Tensor:
        """What is learnt from."""
        total = self.gain + self.strength
        if self.spectral is not None:
            total = self.spectral + config.bands_share * total
        if self.listener is not None:
            weights = (config.disturbance_weight, config.unintelligibility_weight, config.error_weight)
            total = total + sum(w * v for w, v in zip(weights, self.listener, strict=True))
        return total

    def named(self) -> dict[str, float]:
        """By the names of the log."""
        own = {"gain_loss": self.gain, "strength_loss": self.strength, "spectral_loss": self.spectral}
        of_listener = self.listener._asdict() if self.listener else {}
        return {name: v.item() for name, v in (own | of_listener).items() if v is not None}


def losses_by_window(
    config: FitConfig, network: PercepNet, batch: Batch, device: torch.device, dtype: torch.dtype
) -> Iterator[Losses]:
    """Losses of each window of a batch in turn, the network's states carried on."""
    features, targets, bands_valid = (torch.from_numpy(v).to(device) for v in batch[:3])
    levels = current_levels(features)
    weights = band_weights(levels, bands_valid, config.loss)
    bands = _Bands(features, levels, targets, bands_valid)
    filtering = _filtering(config.loss, network, batch.spectra, bands, dtype)
    states = None
    for first in range(0, features.shape[1], config.window):
        span = slice(first, min(first + config.window, features.shape[1]))
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            gains, strengths, hints, states = network(features[:, span], states)
        states = States(*(v.detach() for v in states))
        for_bands = perceptual_loss(gains, strengths, targets[:, span], weights[:, span], config.loss)
        yield Losses(*for_bands, *(filtering.losses(gains, strengths, hints, span) if filtering else ()))


def current_levels(features: Tensor) -> Tensor:
    """Band levels [B, T, bands] of the frames decided on: the inputs hold those of LOOKAHEAD_FRAMES later."""
    ahead = features[..., BAND_LEVEL]
    first = ahead[:, :1].expand(-1, LOOKAHEAD_FRAMES, -1)
    return torch.cat([first, ahead], dim=1)[:, : ahead.shape[1]]


class _Bands(NamedTuple):
    """A batch without its spectra, on the device of the training."""

    features: Tensor
    levels: Tensor  # of the frames decided on
    targets: Tensor
    valid: Tensor


def _filtering(
    config: LossConfig, network: PercepNet, spectra: LowSpectra | None, bands: _Bands, dtype: torch.dtype
) -> "_Filtering | None":
    if network.filter is None:
        return None
    if spectra is None:
        raise BandwiseError(
            "got shards without spectra; a deep filter learns from shards made with --deep-filter; "
            "make such in another folder"
        )
    noisy, clean, scale = (torch.from_numpy(v).to(bands.features.device) for v in spectra)
    listener = Listener(clean, scale, bands.levels, bands.targets, bands.valid)
    inputs = network.filter.inputs_of(noisy, scale, bands.features, dtype)
    return _Filtering(config, network.filter, noisy, clean, inputs, listener, dtype)


@dataclass
class _Filtering:
    """The deep filter over one batch; its memories go on from window to window, gradients do not."""

    config: LossConfig
    deep_filter: DeepFilter
    noisy: Tensor  # [B, T, 100, 2] as in LowSpectra
    clean: Tensor
    inputs: FilterInputs
    listener: Listener
    dtype: torch.dtype
    memories: Memories | None = None

    def losses(
        self, gains: Tensor, strengths: Tensor, hints: Tensor, span: slice
    ) -> tuple[Tensor, ListenerLosses, Exhibit | None]:
        """Of spectra and listener in one window, given what the bands' network says of its frames."""
        filtered = self.filtered(gains, strengths, hints, span)
        spectral = spectral_loss(filtered, self.clean[:, span], self.config.complex_weight)
        exhibit = self._exhibit(filtered, gains, span) if self.config.critic_share > 0 else None
        return spectral, self.listener.losses(filtered, gains, span), exhibit

    def _exhibit(self, filtered: Tensor, gains: Tensor, span: slice) -> Exhibit:
        copies = filtered.detach().requires_grad_(), gains.detach().requires_grad_()
        return Exhibit(self.listener.pictures(*copies, self.noisy[:, span], span), (filtered, gains), copies)

    def filtered(self, gains: Tensor, strengths: Tensor, hints: Tensor, span: slice) -> Tensor:
        """The spectra [B, n, 100, 2] of one window."""
        with torch.autocast(gains.device.type, self.dtype, enabled=self.dtype != torch.float32):
            weights, memories = self.deep_filter(self.inputs.of(span), gains, strengths, hints, self.memories)
        self.memories = Memories(*(v.detach() for v in memories))
        gained = self.deep_filter.apply_gains(gains, self.noisy[:, span])
        return apply_weights(weights, gained, self.noisy, span.start)
