"""What the tests of this folder share: a module of signals, a voice, real recordings."""

import sys
from pathlib import Path

import pytest

from bandwise.measure import voices

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def voice():
    """Two seconds of a synthetic voice."""
    return voices.synthesise(1, 2.0)[0]


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real recordings beside the checkout."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not (folder / "speech" / "MANIFEST.csv").is_file():
        pytest.skip("no recordings in ../shared/data")
    return folder
