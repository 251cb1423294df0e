"""A small data folder of synthetic voices and noises for the commands that measure."""

import csv

import numpy as np
import pytest
import soundfile

from bandwise.measure import pitch, voices


@pytest.fixture(scope="session")
def small_data_folder(tmp_path_factory):
    """Two languages, one noise, no rooms."""
    folder = tmp_path_factory.mktemp("data")
    for kind in ("speech", "noise"):
        (folder / kind).mkdir()
    speech = [
        {
            "path": f"{language}.wav",
            "split": "valid",
            "language": language,
            "speaker": language,
            "duration_s": 4,
        }
        for language in ("da", "fo")
    ]
    for seed, row in enumerate(speech):
        soundfile.write(folder / "speech" / row["path"], voices.synthesise(seed, 4.0)[0], 48_000)
    noise = 0.05 * pitch.coloured_noise(4 * 48_000, 1.0, np.random.default_rng(0))
    soundfile.write(folder / "noise" / "fan.wav", noise, 48_000)
    _manifest(folder / "speech", speech)
    _manifest(folder / "noise", [{"path": "fan.wav", "split": "valid", "class": "fan", "duration_s": 4}])
    return folder


def _manifest(folder, rows):
    with (folder / "MANIFEST.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
