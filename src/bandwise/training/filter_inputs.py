"""What the deep filter is shown, for whole sequences at once: `bandwise.suppress.places` on tensors.

Spectra here are those of the bare transform, divided by `scale` [B]: times `scale` and SCALE they are what
`bandwise.suppress.stft.analyse` gives.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import pad

from bandwise.bands.erb import BAND_WEIGHTS, BIN_HZ
from bandwise.suppress.features import HALF_RANGE, MIDDLE, PITCH_CORRELATION, PITCH_PERIOD
from bandwise.suppress.places import BELOW, BINS_PER_PLACE, FRAMES_SEEN, LOUD, LOW_BINS, QUIET, SPAN
from bandwise.suppress.stft import LOOKAHEAD_FRAMES, SAMPLE_RATE, SCALE


class FilterInputs(NamedTuple):
    """All the filter knows of a sequence before the gains are there; leading size T everywhere."""

    sound: Tensor  # [T, B, 25, 120] levels and phase steps that each place sees, two frames ahead and now
    harmonics: Tensor  # [T, B, 100] 1 on a harmonic of a voiced frame, -1 between two, 0 without a pitch
    features: Tensor  # [T, B, 70] normalised

    def of(self, span: slice) -> "FilterInputs":
        """The same of some frames."""
        return FilterInputs(*(part[span] for part in self))


def bin_values(spectra: Tensor, scale: Tensor) -> Tensor:
    """`places.describe_bins` of every frame: spectra [T, B, 100, 2] / scale [B] -> [T, B, 100, 5]."""
    loud = (scale * float(SCALE))[:, None]
    power = spectra.square().sum(-1) * loud**2 + float(QUIET)
    level = 0.5 * (torch.log10(power) - float(LOUD))
    re, im = (spectra * (torch.rsqrt(power) * loud)[..., None]).unbind(-1)
    odd = (1 - 2 * (torch.arange(LOW_BINS, device=spectra.device) % 2)).to(re.dtype)
    before = [pad(v, (0, 0, 0, 0, 1, 0))[:-1] for v in (re, im)]
    below = [pad(v, (1, 0))[..., :-1] for v in (re, im)]
    in_time = [odd * v for v in _turn(re, im, *before)]
    over_frequency = [-v for v in _turn(re, im, *below)]
    return torch.stack([level, *in_time, *over_frequency], -1)


def _turn(re: Tensor, im: Tensor, from_re: Tensor, from_im: Tensor) -> tuple[Tensor, Tensor]:
    """(re + j im) (from_re - j from_im)."""
    return re * from_re + im * from_im, im * from_re - re * from_im


def by_place(values: Tensor) -> Tensor:
    """Values of bins [T, B, 100, v] -> what each place sees of them, bin by bin [T, B, 25, 8 v]; 0 beyond."""
    windows = pad(values, (0, 0, BELOW, BELOW)).unfold(2, SPAN, BINS_PER_PLACE)
    return windows.transpose(-1, -2).flatten(-2)


def sound_of(spectra: Tensor, scale: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """What places see of frames l, l + 1 and l + 2: spectra [B, T, 100, 2] / scale [B] -> [T, B, 25, 120].

    Behind the end of the sequence is silence.
    """
    ahead = pad(spectra.transpose(0, 1), (0, 0, 0, 0, 0, 0, 0, LOOKAHEAD_FRAMES))
    seen = by_place(bin_values(ahead, scale).to(dtype))
    frames = spectra.shape[1]
    return torch.cat([seen[k : k + frames] for k in range(FRAMES_SEEN)], -1)


def harmonics(features: Tensor) -> Tensor:
    """Where the harmonics of the pitch lie: features [..., 70] -> [..., 100].

    Bin k lies on one where k BIN_HZ periods make a whole number of turns; the correlation says how surely.
    """
    period_samples = 2 ** (MIDDLE + HALF_RANGE * features[..., PITCH_PERIOD, None])
    bins = torch.arange(LOW_BINS, device=features.device)
    turns = bins * BIN_HZ / SAMPLE_RATE * period_samples
    return torch.cos(2 * torch.pi * turns) * features[..., PITCH_CORRELATION, None]


def low_band_weights() -> Tensor:
    """[34, 100]: what spreads one number per band over the low bins."""
    return torch.from_numpy(BAND_WEIGHTS[:, :LOW_BINS].copy())
