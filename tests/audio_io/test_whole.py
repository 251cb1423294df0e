"""A file in one piece, or a part of it."""

import numpy as np
import pytest
import soundfile

from bandwise.audio_io import read_whole

RATE = 8_000


@pytest.fixture
def sound(tmp_path):
    """Two channels, 3.3 s, in 64-bit floats, and where they are."""
    x = np.random.default_rng(0).uniform(-0.5, 0.5, (RATE * 33 // 10, 2))
    soundfile.write(tmp_path / "x.wav", x, RATE, "DOUBLE")
    return x, str(tmp_path / "x.wav")


@pytest.mark.parametrize(
    ("start_s", "seconds"), [(0.0, 9.0), (0.0, 2.0), (1.25, 1.5), (1.25, 9.0), (2.0, 0.0), (9.0, 1.0)]
)
def test_the_part_that_is_asked_for_is_read(sound, start_s, seconds):
    """To the end where there is no more; nothing behind it."""
    x, name = sound
    got, rate = read_whole(name, "float64", start_s=start_s, seconds=seconds)
    first = round(start_s * RATE)
    assert rate == RATE
    np.testing.assert_array_equal(got, x[first : first + round(seconds * RATE)])


def test_all_is_read_as_float32_unless_asked_otherwise(sound):
    """In columns."""
    x, name = sound
    got, _ = read_whole(name)
    assert (got.dtype, got.shape) == (np.float32, x.shape)
    np.testing.assert_array_equal(got, x.astype(np.float32))
