"""The search for a drive, on curves of loudness that are known."""

import numpy as np
import pytest

from bandwise.lab import measuring

CURVES = {
    "straight": lambda drive_db: drive_db - 20.0,
    "bent": lambda drive_db: -20.0 + 8.0 * np.tanh(drive_db / 10.0),
    "kinked": lambda drive_db: -20.0 + min(drive_db, 0.3 * drive_db),
}


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize("lufs", [-24.0, -20.0, -17.0])
@pytest.mark.parametrize("guess_db", [-4.0, 0.5, 6.0])
def test_a_drive_is_found_within_a_thirtieth_of_a_unit(monkeypatch, curve, lufs, guess_db):
    """Loud enough and no louder, however the processor bends its loudness and whatever was guessed."""
    monkeypatch.setattr(measuring, "loudness", lambda bench, x, settings, drive_db: CURVES[curve](drive_db))
    found = measuring.settled_drive(None, np.zeros(0), None, lufs, guess_db)
    assert CURVES[curve](found) == pytest.approx(lufs, abs=0.03)


def test_what_no_drive_reaches_is_approached(monkeypatch):
    """Beyond the top of a curve the drive is one that is nearest to it."""
    monkeypatch.setattr(measuring, "loudness", lambda bench, x, settings, drive_db: min(drive_db, 5.0))
    assert measuring.settled_drive(None, np.zeros(0), None, 9.0, 0.0) >= 5.0
