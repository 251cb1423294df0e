"""The PercepNet network: 70 features per 10 ms frame in, 34 band gains and 34 comb strengths out.

Layers after Valin et al., Interspeech 2020: dense, two causal convolutions over time, three shared GRUs, then
one more GRU for the gains and a small one for the strengths; the gains see the second convolution and all
four GRUs.  The look-ahead is in the features (band levels run two frames ahead), so every layer here is
causal.

Behind it there may be a deep filter for the lowest bins (`bandwise.training.deep_filter`), which takes in
gains and strengths and is trained along; what is said here of features and outputs is the same with and
without.  The layer that estimates the gains can also have hints for each place of the filter: numbers without
a meaning of their own, through which the filter makes use of the large network's states.
"""

# mypy: disallow-subclassing-any=False
from typing import NamedTuple

import torch
from torch import Tensor, nn

from bandwise.bands.erb import BANDS
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.places import PLACES
from bandwise.training.deep_filter import DeepFilter
from bandwise.training.gru import GRU
from bandwise.training.network_config import PercepNetConfig


class States(NamedTuple):
    """What the network carries from frame to frame; leading size B everywhere, float32."""

    convolution1: Tensor  # [B, kernel - 1, dense] past inputs of the first convolution, oldest first
    convolution2: Tensor  # [B, kernel - 1, convolution] past inputs of the second
    gru1: Tensor  # [B, gru]
    gru2: Tensor
    gru3: Tensor
    gains: Tensor  # [B, gru]
    strengths: Tensor  # [B, strength_gru]


class CausalConvolution(nn.Module):
    """tanh of a convolution over the last `kernel` frames, as one product with those frames side by side."""

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.kernel = kernel
        self.product = nn.Linear(kernel * inputs, outputs)

    def forward(self, x: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """[T, B, inputs] and [B, kernel - 1, inputs] -> [T, B, outputs] and the new past."""
        extended = torch.cat([past.transpose(0, 1).to(x.dtype), x])
        windows = torch.cat([extended[k : k + len(x)] for k in range(self.kernel)], dim=-1)
        return torch.tanh(self.product(windows)), extended[len(x) :].transpose(0, 1).float()


class PercepNet(nn.Module):
    """Features to gains and strengths in [0, 1] and hints in [-1, 1]; `feature_*` normalise the inputs."""

    feature_mean: Tensor
    feature_scale: Tensor

    def __init__(self, config: PercepNetConfig | None = None) -> None:
        super().__init__()
        c = self.config = config or PercepNetConfig()
        self.register_buffer("feature_mean", torch.zeros(FEATURES))
        self.register_buffer("feature_scale", torch.ones(FEATURES))
        self.dense = nn.Linear(FEATURES, c.dense)
        self.convolution1 = CausalConvolution(c.dense, c.convolution, c.kernels[0])
        self.convolution2 = CausalConvolution(c.convolution, c.convolution, c.kernels[1])
        self.gru1 = GRU(c.convolution, c.gru)
        self.gru2 = GRU(c.gru, c.gru)
        self.gru3 = GRU(c.gru, c.gru)
        self.gains_gru = GRU(c.gru, c.gru)
        self.gains_head = nn.Linear(c.convolution + 4 * c.gru, BANDS + PLACES * c.filter_hints)
        self.strengths_gru = GRU(c.convolution + c.gru, c.strength_gru)
        self.strengths_head = nn.Linear(c.strength_gru, BANDS)
        self.filter: DeepFilter | None = None
        if c.filter_units:
            self.filter = DeepFilter(c.filter_units, c.filter_hints)

    def initial_states(self, batch: int) -> States:
        """All-zero states, as at the start of a signal."""
        c = self.config
        shapes = [
            (c.kernels[0] - 1, c.dense),
            (c.kernels[1] - 1, c.convolution),
            *[(c.gru,)] * 4,
            (c.strength_gru,),
        ]
        return States(*(self.feature_mean.new_zeros(batch, *shape) for shape in shapes))

    def forward(
        self, features: Tensor, states: States | None = None
    ) -> tuple[Tensor, Tensor, Tensor, States]:
        """Map features [B, T, 70] -> gains, strengths [B, T, 34], hints [B, T, 25, any], states to go on."""
        s = states or self.initial_states(len(features))
        x = (features.transpose(0, 1) - self.feature_mean) * self.feature_scale
        x, past1 = self.convolution1(torch.tanh(self.dense(x)), s.convolution1)
        conv, past2 = self.convolution2(x, s.convolution2)
        shared1, last1 = self.gru1(conv, s.gru1)
        shared2, last2 = self.gru2(shared1, s.gru2)
        shared3, last3 = self.gru3(shared2, s.gru3)
        upper, last_gains = self.gains_gru(shared3, s.gains)
        lower, last_strengths = self.strengths_gru(
            torch.cat([shared3, conv.to(shared3.dtype)], dim=-1), s.strengths
        )
        logits = self.gains_head(torch.cat([conv.to(upper.dtype), shared1, shared2, shared3, upper], dim=-1))
        logits, strengths = (v.float().transpose(0, 1) for v in (logits, self.strengths_head(lower)))
        hints = torch.tanh(logits[..., BANDS:]).reshape(*strengths.shape[:2], PLACES, -1)
        last = States(past1, past2, last1, last2, last3, last_gains, last_strengths)
        return torch.sigmoid(logits[..., :BANDS]), torch.sigmoid(strengths), hints, last

    def step(self, features: Tensor, states: States) -> tuple[Tensor, Tensor, Tensor, States]:
        """Do one frame: features [B, 70] -> gains, strengths [B, 34], hints [B, 25, any], next states."""
        gains, strengths, hints, states = self(features[:, None], states)
        return gains[:, 0], strengths[:, 0], hints[:, 0], states

    @torch.no_grad()
    def normalise_like(self, features: Tensor) -> None:
        """Set the input normalisation to zero mean and unit variance over `features` [..., 70]."""
        flat = features.reshape(-1, FEATURES).float()
        self.feature_mean.copy_(flat.mean(0))
        self.feature_scale.copy_(1 / flat.std(0).clamp(min=1e-3))

    @torch.no_grad()
    def limit_weights(self) -> None:
        """Clip every weight matrix to the configured limit, if there is one; biases stay free."""
        if self.config.weight_limit is not None:
            for parameter in self.parameters():
                if parameter.ndim > 1:
                    parameter.clamp_(-self.config.weight_limit, self.config.weight_limit)
