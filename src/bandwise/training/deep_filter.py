"""The deep filter: complex weights for the lowest 100 bins, where 34 gains are too coarse for a voice.

Deep filtering (Mack and Habets, Signal Processing Letters 2020; Schroeter et al., DeepFilterNet, ICASSP 2022)
makes each bin a weighted sum of its frames nearby.  Here it corrects the spectrum z = gain x that the
PercepNet leaves, and which comes out unchanged where all weights are zero:
    y_l = z_l + w_0 z_l + w_1 x_(l+2) + w_2 x_(l+1) + w_3 x_l + w_4 x_(l-1) + w_5 x_(l-2)
One small network finds the weights of four bins, a place; 25 places run it side by side with the same
weights, tell their neighbours what they found (`Mix`), and each remembers for itself (`GRU`).
"""

# mypy: disallow-subclassing-any=False
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from bandwise.errors import BandwiseError
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.places import (
    BINS_PER_PLACE,
    FAR,
    INPUTS,
    LOW_BINS,
    NEAR,
    PAST_TAPS,
    PLACES,
    TAP_VALUES,
    TAPS,
)
from bandwise.suppress.stft import LOOKAHEAD_FRAMES
from bandwise.training.filter_inputs import FilterInputs, by_place, harmonics, low_band_weights, sound_of
from bandwise.training.gru import GRU
from bandwise.training.mix import Mix

WEIGHTS = TAPS + 1
"""Complex weights of a bin: the first is for the spectrum with gains, the others for frames, newest first."""
TAPS_START = 0.01  # of the usual first weights: the filter starts as next to nothing


class Memories(NamedTuple):
    """What the places carry from frame to frame: float32 [B * 25, units], a sequence after the other."""

    gru1: Tensor
    gru2: Tensor


class DeepFilter(nn.Module):
    """Spectra, features, gains, strengths to complex weights; buffers `feature_*` normalise the features.

    `hints` numbers more come to each place from the bands' network, all ignored at first.
    """

    feature_mean: Tensor
    feature_scale: Tensor
    spread: Tensor

    def __init__(self, units: int = 64, hints: int = 0) -> None:
        if units < 1 or units % len(FAR):
            raise BandwiseError(
                f"got a deep filter of {units} units, which are shared out among {len(FAR)} neighbours; "
                f"choose a multiple of {len(FAR)}"
            )
        super().__init__()
        self.units = units
        self.register_buffer("feature_mean", torch.zeros(FEATURES))
        self.register_buffer("feature_scale", torch.ones(FEATURES))
        self.register_buffer("spread", low_band_weights(), persistent=False)
        self.patch = nn.Linear(INPUTS + hints, units)
        self.place = nn.Parameter(torch.zeros(PLACES, units))
        self.globe = nn.Linear(FEATURES, units)
        self.near = Mix(units, NEAR)
        self.gru1, self.gru2 = GRU(units, units), GRU(units, units)
        self.mix1, self.mix2 = Mix(units, FAR), Mix(units, FAR)
        self.taps = nn.Linear(units, TAP_VALUES)
        with torch.no_grad():
            self.taps.weight.mul_(TAPS_START)
            self.taps.bias.zero_()
            self.patch.weight[:, INPUTS:] = 0

    @torch.no_grad()
    def inputs_of(self, spectra: Tensor, scale: Tensor, features: Tensor, dtype: torch.dtype) -> FilterInputs:
        """Prepare a batch: spectra [B, T, 100, 2] / scale [B], features [B, T, 70]; `dtype` saves memory."""
        by_time = features.transpose(0, 1)
        return FilterInputs(
            sound_of(spectra, scale, dtype),
            harmonics(by_time),
            (by_time - self.feature_mean) * self.feature_scale,
        )

    def forward(
        self,
        inputs: FilterInputs,
        gains: Tensor,
        strengths: Tensor,
        hints: Tensor,
        memories: Memories | None = None,
    ) -> tuple[Tensor, Memories]:
        """Weights [6, 2, B, T, 100] from the inputs and what the bands' network estimates; memories to go on.

        Gains and strengths [B, T, 34], hints [B, T, 25, any]. Sizes 6 and 2: see WEIGHTS; real and imaginary
        part.
        """
        estimates = [(v.transpose(0, 1) @ self.spread) * 2 - 1 for v in (gains, strengths)]
        now = by_place(torch.stack([*estimates, inputs.harmonics], -1).to(inputs.sound.dtype))
        x = self.patch(torch.cat([inputs.sound, now, hints.transpose(0, 1).to(now.dtype)], -1))
        x = x + self.globe(inputs.features)[:, :, None] + self.place.to(x.dtype)
        x = self.near(torch.relu(x))
        was1, was2 = memories or (None, None)
        y, last1 = self.gru1(x.flatten(1, 2), was1)
        x = self.mix1(x + y.view_as(x))
        y, last2 = self.gru2(x.flatten(1, 2), was2)
        x = self.mix2(x + y.view_as(x))
        return by_bin(self.taps(torch.relu(x))).float(), Memories(last1, last2)

    def apply_gains(self, gains: Tensor, spectra: Tensor) -> Tensor:
        """Spectra [B, T, 100, 2] times gains [B, T, 34], interpolated between the bands' centres."""
        return spectra * (gains @ self.spread)[..., None]

    @torch.no_grad()
    def normalise_like(self, features: Tensor) -> None:
        """Set the normalisation of the features to zero mean and unit variance over `features` [..., 70]."""
        flat = features.reshape(-1, FEATURES).float()
        self.feature_mean.copy_(flat.mean(0))
        self.feature_scale.copy_(1 / flat.std(0).clamp(min=1e-2))


def by_bin(outputs: Tensor) -> Tensor:
    """Outputs of the places [T, B, 25, 48], which hold (6 weights, 2 parts, 4 bins) -> [6, 2, B, T, 100]."""
    frames, batch = outputs.shape[:2]
    parts = outputs.view(frames, batch, PLACES, WEIGHTS, 2, BINS_PER_PLACE)
    return parts.permute(3, 4, 1, 0, 2, 5).reshape(WEIGHTS, 2, batch, frames, LOW_BINS)


def apply_weights(weights: Tensor, gained: Tensor, spectra: Tensor, first: int = 0) -> Tensor:
    """The filtered spectra [B, n, 100, 2] of n frames from `first` on.

    weights [6, 2, B, n, 100]; gained [B, n, 100, 2]; spectra of the whole sequence [B, T, 100, 2], around
    which is silence.
    """
    frames = gained.shape[1]
    start, stop = first - PAST_TAPS, first + frames + LOOKAHEAD_FRAMES
    known = spectra[:, max(start, 0) : stop]
    around = pad(known, (0, 0, 0, 0, max(-start, 0), max(stop - spectra.shape[1], 0)))
    newest_first = [around[:, k : k + frames] for k in reversed(range(TAPS))]
    re, im = torch.stack([gained, *newest_first]).unbind(-1)
    w_re, w_im = weights[:, 0], weights[:, 1]
    filtered = [(w_re * re - w_im * im).sum(0), (w_re * im + w_im * re).sum(0)]
    return gained + torch.stack(filtered, -1)
