"""Lets the tests of this folder import the module of signals that they share."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real recordings beside the checkout."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not (folder / "speech" / "MANIFEST.csv").is_file():
        pytest.skip("no recordings in ../shared/data")
    return folder
