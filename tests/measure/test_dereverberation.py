"""Voices in rooms: what is made for the measurement is what it says."""

import numpy as np
import pytest

from bandwise.measure.dereverberation import Room, draw_decays, median_decays, room_pairs
from bandwise.measure.valid_split import SAMPLE_RATE, ValidSplit


def decaying(rt60_s):
    """A direct path and noise that decays."""
    t = np.arange(int(rt60_s * SAMPLE_RATE)) / SAMPLE_RATE
    tail = 0.02 * np.random.default_rng(0).standard_normal(len(t)) * 10 ** (-3 * t / rt60_s)
    tail[0] = 1.0
    return tail.astype(np.float32)


def test_same_voices_in_every_room(data_folder):
    """Rooms differ, voices do not; a room that decays within 200 ms is wanted as it is heard."""
    rooms = [Room("dry", decaying(0.2), 0.2), Room("hall", decaying(0.8), 0.8)]
    found = list(room_pairs(ValidSplit(data_folder), rooms, each=2, seconds=3))
    assert [pair.room for pair, _ in found] == ["dry", "dry", "hall", "hall"]
    np.testing.assert_array_equal(found[0][1], found[2][1])
    np.testing.assert_allclose(found[0][0].clean, found[0][0].noisy, atol=1e-5)
    assert np.mean(found[2][0].noisy ** 2) > 1.02 * np.mean(found[2][0].clean ** 2)


def test_one_muted_word_does_not_rule_the_decay():
    """Three words decay alike; one is muted, so that what follows it is louder than itself."""
    rng = np.random.default_rng(1)
    word = np.zeros(2 * SAMPLE_RATE, np.float32)
    word[: SAMPLE_RATE // 2] = rng.standard_normal(SAMPLE_RATE // 2)
    heard = word + 1e-2 * rng.standard_normal(len(word)).astype(np.float32)
    muted = heard * np.where(word == 0, 1, 1e-4).astype(np.float32)
    curve = median_decays([(word, {"x": heard}), (word, {"x": muted}), (word, {"x": heard})])["x"]
    assert np.abs(curve[20:] + 40).max() < 3


def test_picture_has_a_panel_per_room(tmp_path):
    """A PNG, without a display."""
    pytest.importorskip("matplotlib")
    draw_decays(tmp_path / "d.png", {"a": {"x": np.zeros(100)}, "b": {"x": np.zeros(100)}})
    assert (tmp_path / "d.png").read_bytes().startswith(b"\x89PNG")
