"""The adversary: learns to tell enhanced from clean voices, and says what would deceive it.

Losses that compare with the truth are least at a mean of all that may be true, and means do not sound like
voices.  The critic D learns to score the clean picture c one higher than the enhanced e of the same voice in
the same noise x, and the network learns to close the gap:
    critic   mean (D(c, x) - D(e, x) - 1)^2,      network   mean max(D(c, x) - D(e, x), 0)^2
(least squares after Mao et al., Least squares generative adversarial networks, 2017; differences after
Jolicoeur-Martineau, The relativistic discriminator, 2019, but of the same voice, so that what differs between
voices cancels).

A critic's scale is its own.  What it says therefore counts by its gradient at the filtered spectra, which
gets `share` times the norm that the gradient of all other losses has there (after Esser et al., Taming
transformers, 2021, eq. 7).
"""

from typing import Any

import torch
from torch import Tensor

from bandwise.training.critic import Critic
from bandwise.training.pictures import Exhibit, Pictures

LEARNING_RATE = 1e-3
GROWTH_UPDATES = 300  # until what it says counts in full


class Adversary:
    """A critic, its optimiser, and how much it may say."""

    def __init__(self, share: float, device: torch.device, dtype: torch.dtype) -> None:
        self.share, self.device, self.dtype = share, device, dtype
        self.critic = Critic().to(device)
        self.optimiser = torch.optim.AdamW(
            self.critic.parameters(), LEARNING_RATE, betas=(0.5, 0.95), weight_decay=1e-2
        )
        self.updates = 0
        self.last_gap = 0.0

    def objection(self, others: Tensor, exhibit: Exhibit) -> Tensor:
        """What to add to the other losses of what is shown, for its gradient; the critic learns first."""
        if not len(exhibit.pictures.clean):
            return others.new_zeros(())
        self.learn(exhibit.pictures)
        gap = torch.relu(self._gap(exhibit.pictures)).square().mean()
        full = min(self.updates / GROWTH_UPDATES, 1.0) ** 2
        return full * self.share * in_proportion(gap, others, exhibit)

    def learn(self, pictures: Pictures) -> None:
        """One step of the critic, whose weights take gradients here alone."""
        self.critic.requires_grad_(True)
        gap = self._gap(Pictures(*(v.detach() for v in pictures)))
        loss = (gap - 1).square().mean()
        self.optimiser.zero_grad()
        torch.autograd.backward(loss)
        if all(torch.isfinite(p.grad).all() for p in self.critic.parameters() if p.grad is not None):
            self.optimiser.step()
        self.critic.requires_grad_(False)
        self.updates += 1
        self.last_gap = gap.mean().item()

    def _gap(self, pictures: Pictures) -> Tensor:
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            gap: Tensor = self.critic.gap(pictures)
        return gap

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint keeps."""
        return {
            "critic": self.critic.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "updates": self.updates,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        self.critic.load_state_dict(state["critic"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.updates = state["updates"]


def in_proportion(loss: Tensor, others: Tensor, exhibit: Exhibit) -> Tensor:
    """What has the gradient of `loss`, as large at the filtered spectra as that of `others` is.

    `loss` is of the copies, `others` of the originals, as is the result: linear, with the slope of `loss`.
    """
    slopes = torch.autograd.grad(loss, exhibit.copies)
    own = slopes[0].norm()
    theirs = torch.autograd.grad(others, exhibit.originals[0], retain_graph=True)[0].norm()
    of_spectra, of_gains = ((s * v).sum() for s, v in zip(slopes, exhibit.originals, strict=True))
    scaled: Tensor = (of_spectra + of_gains) * (theirs / own.clamp_min(1e-12))
    return scaled
