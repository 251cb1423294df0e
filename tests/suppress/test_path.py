"""Which frame the period and its correlation belong to, while the voice changes."""

import numpy as np
import pytest
from suppress_signals import noise, periodic

from bandwise.suppress.analysis import analyse_hop, fresh_analysis
from bandwise.suppress.features import PITCH_CORRELATION
from bandwise.suppress.pitch import CHANGE_COST, JUMP_COST, LONG_COST

OCTAVES = np.log2(np.arange(24, 193) / 24)
COST = np.minimum(CHANGE_COST * np.abs(np.subtract.outer(OCTAVES, OCTAVES)), JUMP_COST)


def restless_voice():
    """Every 80 ms another period, in weak noise."""
    periods = np.random.default_rng(1).integers(100, 700, 30)
    voiced = np.concatenate([periodic(480 * 8, period, seed=period) for period in periods])
    return voiced + noise(len(voiced), level=0.02)


def heard(x):
    """Newest correlation, period and correlation that is reported after each hop of x."""
    state, rows = fresh_analysis(), []
    for hop in x.reshape(-1, 480):
        analyse_hop(hop, state)
        rows.append((state.correlation[1].copy(), int(state.period[0]), state.features[PITCH_CORRELATION]))
    return (np.array(column) for column in zip(*rows, strict=True))


def best_paths(correlations):
    """Where the best path to each frame ends, and where it was one frame before: all pairs, in float64."""
    best, ends = np.zeros(len(OCTAVES)), []
    for correlation in correlations:
        pairs = best[None, :] - COST
        best = pairs.max(axis=1) + np.maximum(correlation, 0) - LONG_COST * OCTAVES
        ends.append((best.argmax(), pairs[best.argmax()].argmax()))
    return np.array(ends).T


def test_period_is_that_of_the_frame_before_on_the_best_path():
    """The newest correlation belongs to the next frame: the path to there says what the current one has.

    Elsewhere the two are the same, so the path has to change often enough to tell.
    """
    correlations, periods, _ = heard(restless_voice())
    ends, before = best_paths(correlations)
    assert np.count_nonzero(np.abs(ends - before) > 2) >= 5
    assert np.abs(periods - 4 * (24 + before)).max() <= 3


def test_correlation_is_that_of_the_frame_itself():
    """What is reported after a hop was the newest one hop before, at the lag of that frame's period."""
    correlations, _, reported = heard(restless_voice())
    _, before = best_paths(correlations)
    own = correlations[np.arange(len(before) - 1), before[1:]]
    next_frames = correlations[np.arange(1, len(before)), before[1:]]
    assert reported[1:] == pytest.approx(own, abs=1e-6)
    assert np.abs(own - next_frames).max() > 0.2
