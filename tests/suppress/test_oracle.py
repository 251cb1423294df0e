"""The ladder: every rung aligned with the sound, each nearer to the voice."""

import numpy as np
import pytest
from networks import constant_network
from suppress_signals import lag_of, noise, si_sdr

from bandwise.measure.mixtures import MixtureSettings, mixtures
from bandwise.measure.valid_split import ValidSplit
from bandwise.suppress.oracle import ladder

RUNGS = [
    "noisy",
    "34 bands",
    "all bins",
    "bands + comb, clean pitch",
    "bands + comb, noisy pitch",
    "bands + comb + postfilter",
    "bands + deep filter",
    "network",
]


@pytest.fixture(scope="module")
def climbed(voice):
    """The voice, and its ladder in white noise."""
    return voice, ladder(voice, voice + noise(len(voice), level=0.03))


def test_ladder_has_its_rungs_in_order(climbed):
    """From noisy to the network, each as long as the input."""
    voice, rungs = climbed
    assert list(rungs) == RUNGS
    for x in rungs.values():
        assert (x.shape, x.dtype) == (voice.shape, np.float32)


@pytest.mark.parametrize("rung", RUNGS)
def test_every_rung_is_aligned(climbed, rung):
    """No lag behind the clean voice."""
    voice, rungs = climbed
    assert lag_of(rungs[rung], voice) == 0


@pytest.mark.parametrize("rung", [name for name in RUNGS if name not in {"noisy", "network"}])
def test_ideal_rungs_are_nearer_to_the_voice(climbed, rung):
    """At least 6 dB of signal-to-distortion more than the noisy signal has."""
    voice, rungs = climbed
    assert si_sdr(rungs[rung], voice) > si_sdr(rungs["noisy"], voice) + 6


def test_more_knowledge_is_nearer_to_the_voice(climbed):
    """All 481 magnitudes know more than 34; a comb sees between the harmonics, where bands cannot."""
    voice, rungs = climbed
    error = {name: si_sdr(x, voice) for name, x in rungs.items()}
    assert error["34 bands"] < error["all bins"]
    assert error["34 bands"] < error["bands + comb, clean pitch"]


def test_ladder_of_clean_is_clean(voice):
    """Nothing to remove: every ideal rung gives the voice back to -60 dB."""
    rungs = ladder(voice[:24_000], voice[:24_000])
    for name in RUNGS[:-1]:
        assert si_sdr(rungs[name], voice[:24_000]) > 60


@pytest.mark.parametrize("samples", [100, 480, 1_439, 5_001])
def test_ladder_keeps_odd_lengths(samples):
    """Ends between hops are there, too."""
    x = noise(samples)
    for name, rung in ladder(x, x).items():
        assert rung.shape == (samples,)
        if name != "network":
            assert np.allclose(rung, x, atol=1e-5)


def test_last_rung_is_the_network_asked_for(tmp_path, voice):
    """Given by path: one that halves everything."""
    pytest.importorskip("onnx")
    model = constant_network(tmp_path / "full.onnx", 1.0, 0.0)
    assert np.allclose(ladder(voice, voice, model)["network"], voice, atol=1e-5)


def test_ladder_climbs_on_speech(shared_data):
    """PESQ of 6 valid mixtures: bands < all bins, bands < bands + comb, clean pitch no worse than noisy."""
    pesq = pytest.importorskip("pesq", reason="PESQ is an optional package")
    from bandwise.measure.quality import at_rate

    settings = MixtureSettings(count=6, snrs_db=(0, 5, 10), seed=1, seconds=4.0)
    scores = {name: [] for name in RUNGS[:5]}
    for pair in mixtures(ValidSplit(shared_data), settings):
        clean = at_rate(pair.clean, 48_000, 16_000)
        rungs = ladder(pair.clean, pair.noisy)
        for name, found in scores.items():
            found.append(pesq.pesq(16_000, clean, at_rate(rungs[name], 48_000, 16_000), "wb"))
    mean = {name: np.mean(values) for name, values in scores.items()}
    assert mean["noisy"] + 1 < mean["34 bands"] < mean["all bins"]
    assert mean["34 bands"] < mean["bands + comb, noisy pitch"] <= mean["bands + comb, clean pitch"]
