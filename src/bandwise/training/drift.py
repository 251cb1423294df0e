"""How far a network file is from the network it was made of, frame by frame."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from bandwise.suppress.features import PITCH_CORRELATION, PITCH_PERIOD
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.network import Network
from bandwise.suppress.places import BINS_PER_PLACE, PLACES, SOUND, TAP_VALUES
from bandwise.training.deep_filter import WEIGHTS, Memories
from bandwise.training.filter_inputs import FilterInputs, harmonics
from bandwise.training.model import PercepNet, States

PITCH = slice(PITCH_PERIOD, PITCH_CORRELATION + 1)


def state_shapes(network: PercepNet) -> dict[str, tuple[int, int]]:
    """Name and shape of each state of the graph; frames of a convolution's past one after the other."""
    shapes = {name: (1, state.numel()) for name, state in network.initial_states(1)._asdict().items()}
    if network.filter:
        shapes |= dict.fromkeys(("places1", "places2"), (PLACES, network.filter.units))
    return shapes


@torch.no_grad()
def largest_difference(network: PercepNet, file: Path, steps: int = 100, seed: int = 0) -> float:
    """Largest difference of any output between network and file, `steps` on from a random state."""
    rng = np.random.default_rng(seed)
    network = network.cpu().eval()
    runtime = Network(file)
    random = {
        name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in state_shapes(network).items()
    }
    runtime.set_states(random)
    trained = _Stepped(network, {name: torch.from_numpy(value) for name, value in random.items()})
    mean, scale = network.feature_mean.numpy(), network.feature_scale.numpy()
    worst = 0.0
    for _ in range(steps):
        features = (mean + rng.standard_normal(FEATURES) / scale).astype(np.float32)
        features[PITCH] = np.clip(features[PITCH], -1, 1)
        sound = rng.uniform(-1, 1, (PLACES, SOUND)).astype(np.float32)
        outputs = trained.step(torch.from_numpy(features), torch.from_numpy(sound))
        for got, wanted in zip(runtime.step(features, sound), outputs, strict=True):
            worst = max(worst, float(np.abs(got - wanted.numpy()).max()))
    return worst


class _Stepped:
    """The trained network frame by frame, from given states on, as a file does it."""

    def __init__(self, network: PercepNet, states: dict[str, Tensor]) -> None:
        self.network = network
        zeros = network.initial_states(1)._asdict()
        self._states = States(**{name: states[name].view_as(zero) for name, zero in zeros.items()})
        self._memories = Memories(states["places1"], states["places2"]) if network.filter else None

    def step(self, features: Tensor, sound: Tensor) -> list[Tensor]:
        """Features [70], sound [25, 120] -> gains, strengths [34], and taps [25, 48] if there is a filter."""
        gains, strengths, hints, self._states = self.network.step(features[None], self._states)
        if not self.network.filter:
            return [gains[0], strengths[0]]
        own = self.network.filter
        normal = (features - own.feature_mean) * own.feature_scale
        inputs = FilterInputs(sound[None, None], harmonics(features[None, None]), normal[None, None])
        weights, self._memories = own(inputs, gains[None], strengths[None], hints[None], self._memories)
        places = weights.view(WEIGHTS, 2, PLACES, BINS_PER_PLACE).permute(2, 0, 1, 3)
        return [gains[0], strengths[0], places.reshape(PLACES, TAP_VALUES)]
