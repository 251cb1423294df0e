"""A noisy file to work on."""

import pytest
import soundfile

from .calling import sound


@pytest.fixture
def noisy(tmp_path):
    """Half a second of mono int16 noise as noisy.wav."""
    path = tmp_path / "noisy.wav"
    soundfile.write(path, sound(), 48_000, subtype="PCM_16")
    return path
