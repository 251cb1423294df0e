"""The intervals of the report are as wide as theory says that 95 % are."""

import numpy as np
import pytest

from bandwise.lab.equal_bass import ratio_interval
from bandwise.lab.gaps import GapEnergies
from bandwise.lab.verdict import change_interval

N = 600


@pytest.mark.parametrize("share", [0.2, 0.5])
def test_the_interval_of_misses_is_that_of_a_share(share):
    """Against one miss per word the change is a share less one: within 1.96 of its standard errors."""
    missed = np.random.default_rng(3).random(N) < share
    low, high = change_interval(["".join("hm"[int(m)] for m in missed)], ["m" * N])
    found = missed.mean()
    assert (high - low) / 2 == pytest.approx(196 * np.sqrt(found * (1 - found) / N), rel=0.1)
    assert (high + low) / 2 == pytest.approx(100 * (found - 1), abs=1)


def test_the_interval_of_a_ratio_is_that_of_the_root_of_a_mean():
    """Against a sure one the ratio of N alike pieces has half the relative standard error of their mean."""
    fallen = np.random.default_rng(3).uniform(0.2, 1.8, (N, 1))
    sure = GapEnergies(np.ones((N, 1)), np.ones((N, 1)))
    low, high = ratio_interval(GapEnergies(fallen, np.ones((N, 1))), sure)
    ratio, error = np.sqrt(fallen.mean()), fallen.std() / fallen.mean() / np.sqrt(N)
    assert (high - low) / 2 == pytest.approx(ratio * 1.96 * error / 2, rel=0.1)
    assert (high + low) / 2 == pytest.approx(ratio, rel=0.002)


def test_pieces_are_drawn_alike_for_both():
    """Where every piece has the same ratio there is no doubt, however much the pieces differ."""
    fallen = np.random.default_rng(3).uniform(0.01, 10.0, (20, 1))
    gaps = [GapEnergies(scale * fallen, np.ones((20, 1))) for scale in (0.09, 1.0)]
    assert ratio_interval(*gaps) == pytest.approx((0.3, 0.3))
