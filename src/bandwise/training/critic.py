"""A critic that says of pictures of sound how much they look like a clean voice."""

import torch
from torch import Tensor, nn

from bandwise.training.pictures import Pictures

CHANNELS = (32, 48, 64, 64)
KERNELS = ((3, 5), (3, 5), (3, 5), (3, 3))
STRIDES = ((1, 2), (2, 2), (2, 2), (1, 2))


class Critic(nn.Module):
    """Convolutions over frames and frequencies; a score for every 40 ms and every 16 bins.

    It sees the noisy picture, too: that a voice is quieter wherever its noise is loud, no picture of the
    enhanced sound alone gives away.  It knows where in frequency it looks.
    """

    def __init__(self) -> None:
        super().__init__()
        ins = (3, *CHANNELS[:-1])
        self.layers = nn.ModuleList(
            nn.Conv2d(i, o, kernel, stride, (kernel[0] // 2, kernel[1] // 2))
            for i, o, kernel, stride in zip(ins, CHANNELS, KERNELS, STRIDES, strict=True)
        )
        self.score = nn.Conv2d(CHANNELS[-1], 1, 3, padding=1)
        # with channels last, CPUs convolve a third faster
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, picture: Tensor, noisy: Tensor) -> Tensor:
        """Scores [B, 1, about frames / 4, 7]; higher is cleaner."""
        where = torch.linspace(-1, 1, picture.shape[-1], device=picture.device).expand_as(picture)
        x = torch.cat([2 * picture - 1, 2 * noisy - 1, where], 1)
        for layer in self.layers:
            x = nn.functional.leaky_relu(layer(x), 0.2)
        scores: Tensor = self.score(x)
        return scores.float()

    def gap(self, pictures: Pictures) -> Tensor:
        """By how much the clean ones score higher than what was made of the same voices."""
        gap: Tensor = self(pictures.clean, pictures.noisy) - self(pictures.enhanced, pictures.noisy)
        return gap
