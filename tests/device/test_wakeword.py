"""Wake words: the ready model on real clips, intervals, and refusals."""

import csv
from pathlib import Path

import numpy as np
import pytest

from bandwise.device.wakeword import MicroWakeWord, detections, mean_of_last, told_once
from bandwise.errors import BandwiseError

DATA = Path(__file__).parents[3] / "shared" / "data" / "wakeword"


def test_a_word_is_told_once():
    """Scores that stay high for a second make one detection."""
    times = np.arange(100) * 0.03
    scores = np.where((times > 0.5) & (times < 1.2), 1.0, 0.0)
    assert len(told_once(times, scores, 0.5)) == 1
    assert len(told_once(times, np.ones(100), 0.5)) == 3


def test_scores_are_averaged_over_the_last_ones():
    """A lone score of 1 stays for as many frames as are averaged; no score at all has no mean."""
    np.testing.assert_allclose(mean_of_last(np.eye(5)[1], 2), [0.0, 0.5, 0.5, 0.0, 0.0])
    np.testing.assert_allclose(mean_of_last(np.ones(2), 4), [0.25, 0.5])
    assert len(mean_of_last(np.zeros(0), 5)) == 0


def test_a_missing_model_is_told():
    """The file that is not there is named."""
    with pytest.raises(BandwiseError, match=r"nowhere\.tflite"):
        MicroWakeWord("nowhere.tflite")


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared recordings of wake words")
def test_the_ready_model_hears_its_word():
    """Of twelve clips of the valid split nearly all are heard, of twelve other words hardly any."""
    pytest.importorskip("ai_edge_litert")
    pytest.importorskip("pymicro_features")
    import soundfile

    detector = MicroWakeWord(DATA / "models" / "alexa.tflite")
    rows = [row for row in csv.DictReader((DATA / "MANIFEST.csv").open()) if row["split"] == "valid"]
    heard = {True: 0, False: 0}
    for word in (True, False):
        for row in [row for row in rows if (row["keyword"] == "alexa") == word][::3][:12]:
            clip, _ = soundfile.read(DATA / row["path"])
            heard[word] += len(detections(detector, np.pad(clip, (8000, 16_000)))) > 0
    assert heard[True] >= 11
    assert heard[False] <= 1


def test_features_know_nothing_later():
    """More sound at the end does not change the frames before it."""
    from bandwise.device.logmel import HOP, WINDOW, features

    x = 0.1 * np.random.default_rng(0).standard_normal(8000)
    first, second = features(x[:5000]), features(x)
    assert np.array_equal(first, second[: len(first)])
    assert len(first) == (5000 - WINDOW) // HOP + 1


def test_the_shipped_network_is_verified(monkeypatch):
    """It scores silence low; with another checksum it is refused."""
    import json

    from bandwise.device import small_wakeword

    times, scores = small_wakeword.SmallWakeWord().scores(np.zeros(16_000))
    assert len(times) == len(scores) == 49
    assert scores.max() < 0.5
    monkeypatch.setattr(json, "loads", lambda _text: {"wakeword-alexa": "0"})
    with pytest.raises(BandwiseError, match="damaged"):
        small_wakeword.SmallWakeWord()


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the shared recordings of wake words")
def test_the_shipped_network_hears_its_word():
    """Of twelve clips that it was not trained on at least ten are heard."""
    import soundfile

    from bandwise.device.small_wakeword import SmallWakeWord

    detector, heard = SmallWakeWord(), 0
    rows = [row for row in csv.DictReader((DATA / "MANIFEST.csv").open()) if row["split"] == "valid"]
    for row in [row for row in rows if row["keyword"] == "alexa"][::5][:12]:
        clip, _ = soundfile.read(DATA / row["path"])
        clip *= 0.3 / np.abs(clip).max()
        heard += len(detections(detector, np.pad(clip, (8000, 12_000)))) > 0
    assert heard >= 10
