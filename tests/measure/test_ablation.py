"""Parts left out: with none left out it is the product, and each one left out changes what it should."""

import numpy as np
import pytest

import bandwise
from bandwise.errors import BandwiseError
from bandwise.measure.ablation import Ablation
from bandwise.measure.voices import synthesise


@pytest.fixture(scope="module")
def noisy():
    """A synthesised voice in white noise, 1.5 s and a bit."""
    voice, _ = synthesise(7, 1.507)
    return voice + 0.02 * np.random.default_rng(7).standard_normal(len(voice)).astype(np.float32)


@pytest.mark.parametrize(
    "options", [{}, {"postfilter": True}, {"attenuation_limit_db": 12.0}, {"attenuation_limit_db": 0.0}]
)
def test_nothing_left_out_is_the_product(noisy, options):
    """Were the product to change and this not, the tables would be about something else."""
    product = bandwise.enhance(noisy, 48_000, **options)
    np.testing.assert_allclose(Ablation(**options)(noisy, 48_000), product, atol=1e-6)


@pytest.mark.parametrize("part", ["comb", "pitch_path", "relief"])
def test_each_part_does_something(noisy, part):
    """A switch that does nothing would read as a part that is worth nothing."""
    whole, without = Ablation()(noisy, 48_000), Ablation(**{part: False})(noisy, 48_000)
    assert np.abs(whole - without).max() > 1e-4 * np.abs(whole).max()


def test_without_postfilter_is_louder_in_pauses(noisy):
    """The postfilter deepens small gains, so silence after the voice holds more noise without it."""
    tail = np.random.default_rng(8).standard_normal(48_000).astype(np.float32) * 0.02
    x = np.concatenate([noisy, tail])
    deep, plain = (Ablation(postfilter=on)(x, 48_000)[-24_000:] for on in (True, False))
    assert np.mean(deep**2) < np.mean(plain**2)


@pytest.mark.parametrize("model", ["base", "small"])
def test_relief_brings_a_drowned_voice_nearer_to_its_level(model):
    """A voice in white noise as loud as itself comes out too quiet, and less so with relief."""
    voice = np.asarray(synthesise(7, 3.0)[0], np.float32)
    noise = np.random.default_rng(7).standard_normal(len(voice)).astype(np.float32)
    x = voice + noise * np.std(voice) / np.std(noise)
    with_it, without = (np.std(Ablation(model, relief=on)(x, 48_000)) for on in (True, False))
    assert without < with_it < np.std(voice)


def test_other_rates_are_refused(noisy):
    """It says what to do."""
    with pytest.raises(BandwiseError, match="resample"):
        Ablation()(noisy, 16_000)
