"""The floor of the cost: operations counted by hand, and a rate that a machine can have."""

import pytest

from bandwise.measure.dynamics_floor import floor_percent, operations_per_sample, operations_per_second


def test_operations_grow_with_bands_and_channels():
    """One band is its passes and the output's; each split adds its sections; channels multiply."""
    assert operations_per_sample(1, 1) == 24
    assert operations_per_sample(2, 1) == 24 + 12 + 30.5
    assert operations_per_sample(3, 1) - operations_per_sample(2, 1) == 12 + 30.5 + 13
    assert operations_per_sample(5, 2) == 2 * operations_per_sample(5, 1)


def test_floor_is_operations_over_rate():
    """At 24 operations a sample, a core of 48,000 x 24 operations a second would be full."""
    assert floor_percent(1, 1, 48_000.0 * 24) == pytest.approx(100.0)
    assert operations_per_second(1) > 1e7
