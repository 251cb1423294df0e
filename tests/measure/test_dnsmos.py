"""DNSMOS: the input processing against librosa, and the models' judgement of clean and noisy speech."""

import numpy as np
import pytest

from bandwise.errors import BandwiseError
from bandwise.measure import dnsmos
from bandwise.measure.mixtures import MixtureSettings, mixtures
from bandwise.measure.valid_split import ValidSplit


def test_mel_levels_match_librosa():
    """The published preprocessing is librosa's melspectrogram and power_to_db."""
    librosa = pytest.importorskip("librosa")
    x = (np.random.default_rng(0).standard_normal(16_000) * np.linspace(0, 1, 16_000) ** 4).astype(np.float32)
    mel = librosa.feature.melspectrogram(y=x, sr=16_000, n_fft=321, hop_length=160, n_mels=120)
    expected = (librosa.power_to_db(mel, ref=np.max) + 40) / 40
    np.testing.assert_allclose(dnsmos.log_mel(x), expected.T, atol=1e-4)


@pytest.mark.parametrize(
    ("seconds", "segments"), [(0.5, 7), (4, 7), (9.5, 1), (10, 1), (10.5, 1), (11, 2), (20, 11)]
)
def test_segments_are_as_published(seconds, segments):
    """Whole seconds minus nine, at least one, each of 9.01 s; what is shorter is doubled first."""
    cuts = dnsmos.segments_of(np.arange(round(seconds * 16_000), dtype=np.float32))
    assert len(cuts) == segments
    assert {len(cut) for cut in cuts} == {144_160}
    assert all(cut[0] == (k * 16_000) % round(seconds * 16_000) for k, cut in enumerate(cuts))


def test_folder_without_models_is_refused(tmp_path):
    """The message names the first file that is missing."""
    with pytest.raises(BandwiseError, match=r"sig_bak_ovr\.onnx"):
        dnsmos.check_folder(tmp_path)


def test_clean_speech_is_rated_above_noisy(shared_data):
    """Overall, background and P.808 rise by half a point or more when the noise at 0 dB is taken away."""
    folder = shared_data / "metrics" / "dnsmos"
    if not folder.is_dir():
        pytest.skip("no DNSMOS models in ../shared/data")
    settings = MixtureSettings(count=2, snrs_db=(0.0,), seconds=10.0)
    pairs = list(mixtures(ValidSplit(shared_data), settings))
    clean, noisy = (
        {key: np.mean([s[key] for s in scores]) for key in scores[0]}
        for scores in (
            [dnsmos.score(folder, pair.clean, 48_000) for pair in pairs],
            [dnsmos.score(folder, pair.noisy, 48_000) for pair in pairs],
        )
    )
    assert all(clean[key] > noisy[key] + 0.5 for key in ("ovr", "bak", "p808"))
    assert all(1 <= value <= 5 for value in [*clean.values(), *noisy.values()])
