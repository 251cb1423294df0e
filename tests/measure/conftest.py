"""Recordings to measure: a small data folder of synthetic voices and noises, and the real one."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bandwise.measure import pitch, voices

LANGUAGES = {"da": 2, "fo": 3, "se": 4}


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory):
    """A data folder: 3 languages, 2 noise classes, 1 room; its train rows point to no files."""
    folder = tmp_path_factory.mktemp("data")
    speech = [_speech(folder, language, n) for language, n in LANGUAGES.items()]
    noise = [
        _noise(folder, name, slope, seconds)
        for name, slope, seconds in (("fan", 1.0, 2.5), ("sea", 2.0, 8.0))
    ]
    _manifest(folder / "speech", [*speech, {**speech[0], "path": "forbidden.wav", "split": "train"}])
    _manifest(
        folder / "noise", [*noise, {**noise[0], "path": "forbidden.wav", "split": "train", "class": "rain"}]
    )
    _manifest(folder / "rir", [_room(folder)])
    return folder


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real recordings beside the checkout."""
    folder = Path(__file__).resolve().parents[3] / "shared" / "data"
    if not (folder / "speech" / "MANIFEST.csv").is_file():
        pytest.skip("no recordings in ../shared/data")
    return folder


@pytest.fixture(scope="session")
def voice():
    """Four seconds of a synthetic voice at 48 kHz."""
    return voices.synthesise(7, 4.0)[0]


def _speech(folder, language, seed):
    (folder / "speech").mkdir(exist_ok=True)
    soundfile.write(folder / "speech" / f"{language}.wav", voices.synthesise(seed, 5.0)[0], 48_000)
    return {
        "path": f"{language}.wav",
        "split": "valid",
        "language": language,
        "speaker": f"{language}1",
        "duration_s": 5,
    }


def _noise(folder, name, slope, seconds):
    (folder / "noise").mkdir(exist_ok=True)
    noise = pitch.coloured_noise(round(48_000 * seconds), slope, np.random.default_rng(3))
    soundfile.write(folder / "noise" / f"{name}.wav", 0.05 * noise, 48_000)
    return {"path": f"{name}.wav", "split": "valid", "class": name, "duration_s": seconds}


def _room(folder):
    (folder / "rir").mkdir(exist_ok=True)
    decay = 10 ** (-3 * np.arange(24_000) / 48_000 / 0.5)
    response = 0.02 * decay * np.random.default_rng(4).standard_normal(24_000)
    response[100] = 1.0
    soundfile.write(folder / "rir" / "hall.wav", response, 48_000, subtype="FLOAT")
    return {"path": "hall.wav", "split": "valid", "rt60_s": 0.5, "duration_s": 0.5}


def _manifest(folder, rows):
    with (folder / "MANIFEST.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
