"""Mixtures: the SNR that was asked for, the same for the same seed, and never anything of the train split."""

from dataclasses import replace

import numpy as np
import pytest

from bandwise.errors import BandwiseError
from bandwise.measure import excerpts
from bandwise.measure.levels import active_speech, mean_square_db
from bandwise.measure.mixtures import MixtureSettings, clean_speech, mixtures
from bandwise.measure.valid_split import ValidSplit

SETTINGS = MixtureSettings(count=6, snrs_db=(0.0, 12.0), seed=5, seconds=4.0)


def made(folder, **changes):
    """All mixtures with some settings changed."""
    return list(mixtures(ValidSplit(folder), replace(SETTINGS, **changes)))


def test_snr_is_what_was_asked(data_folder):
    """Active speech level minus mean square of what was added is the SNR, mixture by mixture."""
    for pair in made(data_folder):
        level_db, _ = active_speech(pair.clean, pair.sample_rate)
        assert level_db - mean_square_db(pair.noisy - pair.clean) == pytest.approx(pair.snr_db, abs=0.01)


def test_snrs_come_in_turn_and_nothing_clips(data_folder):
    """Every SNR gets its share; a mixture that would clip is turned down."""
    pairs = made(data_folder, snrs_db=(-20.0, 0.0, 10.0))
    assert [pair.snr_db for pair in pairs] == [-20.0, 0.0, 10.0] * 2
    assert max(np.abs(pair.noisy).max() for pair in pairs) <= 0.9901


def test_same_seed_same_mixtures(data_folder):
    """Bit for bit."""
    for one, two in zip(made(data_folder), made(data_folder), strict=True):
        assert one.name == two.name
        np.testing.assert_array_equal(one.noisy, two.noisy)


def test_other_seed_other_mixtures(data_folder):
    """Not one mixture is the same."""
    for one, two in zip(made(data_folder), made(data_folder, seed=6), strict=True):
        assert not np.array_equal(one.noisy, two.noisy)


def test_fewer_are_the_first_of_many(data_folder):
    """So that a quick look and a long run see the same recordings."""
    for one, two in zip(made(data_folder, count=3), made(data_folder), strict=False):
        np.testing.assert_array_equal(one.noisy, two.noisy)


def test_every_language_and_noise_comes_before_any_comes_twice(data_folder):
    """Three languages in each round of three, two noise classes in each round of two."""
    pairs = made(data_folder)
    for start in (0, 3):
        assert {pair.language for pair in pairs[start : start + 3]} == {"da", "fo", "se"}
    for start in (0, 2, 4):
        assert {pair.noise for pair in pairs[start : start + 2]} == {"fan", "sea"}


def test_train_rows_are_never_read(data_folder):
    """The train rows of the folder point to files that do not exist: forty mixtures would trip over one."""
    split = ValidSplit(data_folder)
    assert all(row["split"] == "valid" for row in [*split.speech, *split.noise, *split.rooms])
    assert "rain" not in {pair.noise for pair in made(data_folder, count=40)}


def test_valid_split_of_the_real_data(shared_data):
    """Every language of the valid speech is reached within one round, and no train file is in reach."""
    split = ValidSplit(shared_data)
    assert {row["split"] for row in [*split.speech, *split.noise, *split.rooms]} == {"valid"}
    settings = MixtureSettings(count=len(split.languages()), seconds=3.0)
    assert sorted(pair.language for pair in clean_speech(split, settings)) == split.languages()


def test_every_third_is_in_a_room(data_folder):
    """Its reference decays faster than what is heard, from the same direct sound."""
    pairs = made(data_folder, rooms=True)
    assert [bool(pair.room) for pair in pairs] == [False, False, True] * 2


def test_room_target_decays_as_stated():
    """An exponential decay of 0.5 s becomes one of 0.2 s after 20 ms, and stays itself before."""
    seconds = np.arange(24_000) / 48_000
    response = (10 ** (-3 * seconds / 0.5)).astype(np.float32)
    target = excerpts.room_target(response, 0.5)
    np.testing.assert_array_equal(target[:960], response[:960])
    late = 20 * np.log10(target[960 + 4800] / target[960])
    assert late == pytest.approx(-60 * 0.1 / 0.2, abs=0.01)
    np.testing.assert_array_equal(excerpts.room_target(response, 0.15), response)


def test_loop_keeps_its_level():
    """Short noise repeated with crossfades sounds as loud as it did."""
    noise = np.random.default_rng(0).standard_normal(30_000).astype(np.float32)
    loop = excerpts.looped(noise, 200_000)
    assert len(loop) >= 200_000
    powers = np.square(loop[: len(loop) // 480 * 480]).reshape(-1, 480).mean(axis=1)
    assert np.abs(10 * np.log10(powers)).max() < 2


def test_folder_without_manifest_is_refused(tmp_path):
    """One line that names the file that is missing."""
    with pytest.raises(BandwiseError, match="MANIFEST"):
        ValidSplit(tmp_path)
