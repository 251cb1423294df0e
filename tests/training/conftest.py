"""Lets the tests of this folder import the runs that they share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture
def no_pictures(monkeypatch):
    """Training runs draw no curves."""
    from bandwise.training.log import Log

    monkeypatch.setattr(Log, "plot", lambda self: None)
