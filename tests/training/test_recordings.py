"""How likely each recording is to be drawn."""

from collections import Counter

import numpy as np
import pytest

from bandwise.training.recordings import Clip, Recordings

DRAWS = 40_000


def shares(*clips):
    """Share of draws of each clip, given as (group, length in samples, bandwidth in Hz)."""
    made = [
        Clip(str(number), group, "", "", "", bandwidth_hz, 0, length, 1.0)
        for number, (group, length, bandwidth_hz) in enumerate(clips)
    ]
    recordings, rng = Recordings(np.zeros(1, np.int16), made), np.random.default_rng(0)
    drawn = Counter(recordings.draw(rng).name for _ in range(DRAWS))
    return [drawn[clip.name] / DRAWS for clip in made]


def test_a_speaker_counts_by_the_root_of_the_minutes():
    """Nine times the speech makes a speaker three times as likely, in however many files it lies."""
    long, *parts = shares(("a", 900, 24_000), ("b", 40, 24_000), ("b", 60, 24_000))
    assert long == pytest.approx(0.75, abs=0.01)
    assert parts == pytest.approx([0.1, 0.15], abs=0.01)


def test_narrow_recordings_are_drawn_less_but_not_those_of_9_khz():
    """A telephone voice teaches few bands; between wide ones there is no difference."""
    narrow, wide, full = shares(("a", 100, 4_500), ("b", 100, 9_000), ("c", 100, 24_000))
    assert [narrow, wide, full] == pytest.approx([0.2, 0.4, 0.4], abs=0.01)


def test_clips_hold_their_own_samples():
    """A piece is cut from its own clip, at its offset, ends where the clip ends, and has its level."""
    samples = np.arange(100, dtype=np.int16)
    clips = [Clip(str(at), "a", "", "", "", 24_000, at, 40, 0.5) for at in (0, 40)]
    recordings = Recordings(samples, clips)
    assert (recordings.read(clips[1], 3, 5) * 16_384).tolist() == [43, 44, 45, 46, 47]
    assert (recordings.read(clips[0], 38, 5) * 16_384).tolist() == [38, 39]
