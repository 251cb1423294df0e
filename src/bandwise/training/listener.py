"""What a listener to the enhanced sound loses: points of opinion, words, and likeness to the voice itself.

The loss of spectra counts every bin alike, and so does not know what is heard.  Its gradient has next to
nothing in common with these (cosines of 0.04 to 0.19 at a trained network), so each adds what the others
miss; what they weigh together, evaluation decides.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from bandwise.suppress.stft import SCALE
from bandwise.training.disturbance import disturbance
from bandwise.training.intelligibility import unintelligibility
from bandwise.training.loss import band_mask
from bandwise.training.loudness import HIGH_BANDS, band_powers
from bandwise.training.pictures import Pictures, picture

LISTENING_POWER = 3.4e6  # of all bands together while somebody speaks: 79 dB, less what the window takes
SILENT = 1e-4  # of the loudest frame: nobody speaks
FAINT = 1e-3  # of the power of noisy frames, per bin, times 100: a voice lost in its noise


class ListenerLosses(NamedTuple):
    """Means over the sequences of a batch; where nobody speaks, nothing is lost."""

    disturbance: Tensor  # points of opinion
    unintelligibility: Tensor  # 0 to 1
    error_db: Tensor  # energy of the error under that of the voice, below 5 kHz


class Listener:
    """Knows the clean voices of a batch and the level to listen at."""

    def __init__(
        self, clean: Tensor, scale: Tensor, levels: Tensor, targets: Tensor, bands_valid: Tensor
    ) -> None:
        """Clean spectra [B, T, 100, 2] / scale [B]; noisy band levels [B, T, 34] and their ideal gains."""
        self._clean = clean
        self._clean_power = clean.square().sum(-1)
        self._volume, self._speaks = listening_volume(self._clean_power)
        mask = band_mask(bands_valid, levels.shape[-1])
        # bare transforms and a noisy mean square of one, as in the spectra
        noisy = mask * 10**levels / (float(SCALE) * scale[:, None, None]) ** 2
        self._noisy_high, self._targets_high = noisy[..., HIGH_BANDS], targets[..., HIGH_BANDS]

    def losses(self, filtered: Tensor, gains: Tensor, span: slice) -> ListenerLosses:
        """Of the frames `span`: filtered spectra [B, n, 100, 2] and gains [B, n, 34], for the bands above."""
        power, wanted = filtered.square().sum(-1), self._clean_power[:, span]
        noisy_high = self._noisy_high[:, span]
        loud = self._at_ear(power, noisy_high * gains[..., HIGH_BANDS].float() ** 2)
        should_be = self._at_ear(wanted, noisy_high * self._targets_high[:, span] ** 2)
        return ListenerLosses(
            (disturbance(loud, should_be) * self._speaks).mean(),
            unintelligibility(power, wanted, self._speaks),
            (error_db(filtered, self._clean[:, span]) * self._speaks).mean(),
        )

    def pictures(self, filtered: Tensor, gains: Tensor, noisy: Tensor, span: slice) -> Pictures:
        """Of those who speak, `noisy` being the spectra [B, n, 100, 2] before gains and filter."""
        speaks = self._speaks > 0
        voice = (self._volume / LISTENING_POWER)[speaks, None, None]
        high = voice * self._noisy_high[speaks, span]
        low = (
            v[speaks] * voice
            for v in (filtered.square().sum(-1), self._clean_power[:, span], noisy.square().sum(-1))
        )
        kept = (
            gains[speaks][..., HIGH_BANDS].float(),
            self._targets_high[speaks, span],
            torch.ones_like(high),
        )
        return Pictures(*(picture(power, high * gain**2) for power, gain in zip(low, kept, strict=True)))

    def _at_ear(self, low: Tensor, high: Tensor) -> Tensor:
        return band_powers(low, high) * self._volume[:, None, None]


def listening_volume(power: Tensor) -> tuple[Tensor, Tensor]:
    """Factors [B] on powers [B, T, 100] that bring voices to the listening level; 1 where there is one."""
    frames = power.sum(-1)
    speaking = (frames > SILENT * frames.amax(1, keepdim=True)).float()
    mean = (frames * speaking).sum(1) / speaking.sum(1).clamp_min(1)
    return LISTENING_POWER / mean.clamp_min(FAINT), (mean > FAINT).float()


def error_db(estimate: Tensor, truth: Tensor) -> Tensor:
    """[B] energy of the error of spectra [B, T, bins, 2] in dB under the truth's, -40 at best.

    0 where the truth is 30 dB under spectra with a mean square of one: in a pause all is error.
    """
    error, energy = ((v**2).sum((1, 2, 3)) for v in (estimate - truth, truth))
    ratio = (error + 1e-4 * energy + 1e-6) / (energy + 1e-6)
    speaks = energy > 1e-3 * truth[0, ..., 0].numel()
    return torch.where(speaks, 10 * torch.log10(ratio), 0.0)
