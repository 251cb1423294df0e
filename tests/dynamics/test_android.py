"""The Android DynamicsProcessing parameter set: what survives, what is named as lost, what is refused."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest
from dynamics_signals import RATE, tone

from bandwise.dynamics.android import from_android, lost_in_android, to_android
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import LimiterSettings, MultibandSettings
from bandwise.dynamics.store import load_preset
from bandwise.errors import BandwiseError


def test_what_android_knows_survives():
    """Cutoffs, compressors, expander, gains and the output limiter are the same after out and in."""
    preset = load_preset("small-speaker")
    bands = tuple(
        replace(
            band, compressor=replace(band.compressor, detector="peak"), limiter=LimiterSettings(enabled=False)
        )
        for band in preset.bands
    )
    plain = replace(preset, bands=bands, description="", low_edge_hz=20.0)
    back = from_android(to_android(plain))
    assert back.cutoffs_hz == plain.cutoffs_hz
    assert back.output.ceiling_dbfs == plain.output.ceiling_dbfs
    for got, want in zip(back.bands, plain.bands, strict=True):
        assert got == want
    assert from_android(to_android(back)) == back


def test_names_are_androids():
    """Keys are those of MbcBand and Limiter, and the last band ends at 20 kHz."""
    channel = json.loads(to_android(load_preset("voice")))["channels"][0]
    band = channel["mbc"]["bands"][-1]
    assert band["cutoffFrequency"] == 20_000
    assert {"kneeWidth", "noiseGateThreshold", "expanderRatio", "preGain", "postGain"} < set(band)
    assert channel["limiter"]["threshold"] == -1.0


def test_losses_are_named():
    """What the schema cannot hold is listed, and a plain setting loses nothing."""
    assert {"band limiters", "RMS detectors"} <= set(lost_in_android(load_preset("small-speaker")))
    assert "true-peak limiting" in lost_in_android(load_preset("broadcast"))
    plain = MultibandSettings().with_bands(limiter=LimiterSettings(enabled=False))
    assert lost_in_android(plain) == []


WITH_OTHERS = {"rms_ms", "upward_threshold_db", "max_boost_db"}
"""What is heard only where another field has another value."""


def others(settings):
    """The same settings with one field changed, for every field that is heard by itself."""
    for item in fields(settings):
        if item.name in WITH_OTHERS:
            continue
        value = getattr(settings, item.name)
        if isinstance(value, bool):
            yield replace(settings, **{item.name: not value})
        elif "range" in item.metadata:
            low, high = item.metadata["range"]
            yield from (replace(settings, **{item.name: other}) for other in {low, high} - {value})
        elif "choices" in item.metadata:
            yield replace(settings, **{item.name: item.metadata["choices"][-1]})


def test_what_changes_on_the_way_is_named():
    """Any one field either comes back as it was, or what it does is in the list of losses."""
    plain = MultibandSettings().with_bands(limiter=LimiterSettings(enabled=False))
    band = plain.bands[0]
    varied = [plain, replace(plain, order=8), *others(plain)]
    varied += [replace(plain, output=output) for output in others(plain.output)]
    varied += [plain.with_bands(compressor=compressor) for compressor in others(band.compressor)]
    varied += [plain.with_bands(**{name: value}) for name in ("mute", "solo") for value in (True, False)]
    varied += [plain.with_bands(gain_db=6.0), plain.with_bands(limiter=LimiterSettings())]
    varied.append(replace(plain, link="none"))
    assert len(varied) > 40
    for settings in varied:
        assert from_android(to_android(settings)) == settings or lost_in_android(settings), settings


def test_a_bypassed_band_stays_as_it_came():
    """Its gain is not applied here, so it must not be there."""
    plain = MultibandSettings().with_bands(gain_db=12.0, bypass=True)
    back = from_android(to_android(plain))
    assert back.bands[0].gain_db == 0.0
    assert not back.bands[0].compressor.enabled


@pytest.mark.parametrize(("level_db", "expected_db"), [(-30.0, -24.0), (-1.0, -4.0)])
def test_the_post_gain_comes_after_the_limiter(level_db, expected_db):
    """Held at -10 dB and then raised by 6, a loud tone has its peak at -4, a soft one is raised alone."""
    limiter = {"threshold": -10.0, "postGain": 6.0}
    came = from_android(json.dumps({"channels": [{"mbc": {"bands": [{}]}, "limiter": limiter}]}))
    heard = MultibandDynamics(came).process(tone(1_000, 1.0, level_db))[RATE // 2 :]
    assert 20 * np.log10(np.abs(heard).max()) == pytest.approx(expected_db, abs=0.01)
    went = json.loads(to_android(came))["channels"][0]["limiter"]
    assert {key: went[key] for key in limiter} == limiter


def test_a_limiter_that_is_off_raises_nothing():
    """Neither there nor here; what goes out as such a gain is named as lost."""
    limiter = {"enabled": False, "postGain": 6.0}
    text = json.dumps({"channels": [{"mbc": {"bands": [{}]}, "limiter": limiter}]})
    assert from_android(text).output_gain_db == 0.0
    ours = MultibandSettings(output_gain_db=6.0, output=LimiterSettings(enabled=False))
    assert "output gain without a limiter" in lost_in_android(ours)


def test_a_stage_that_is_switched_off_does_nothing():
    """Its bands come in as they are: neither compressed nor at their gains."""
    band = {"ratio": 4, "threshold": -30, "preGain": 6}
    for switch in ("inUse", "enabled"):
        mbc = {switch: False, "bands": [band]}
        came = from_android(json.dumps({"channels": [{"inputGain": 2.0, "mbc": mbc}]})).bands[0]
        assert (came.compressor.enabled, came.gain_db) == (False, 2.0)


def test_edges_never_fall():
    """A cutoff above the edge that the last band states moves it."""
    channel = json.loads(to_android(MultibandSettings(cutoffs_hz=(100.0, 22_000.0))))["channels"][0]
    assert [band["cutoffFrequency"] for band in channel["mbc"]["bands"]] == [100, 22_000, 22_000]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not JSON"),
        ("{}", "without channels"),
        ('{"channels": [{"mbc": {"bands": []}}]}', "one or more"),
        ('{"channels": [{"mbc": {"bands": [{"rato": 2}]}}]}', "rato in an MBC band"),
        ('{"channels": [{"mbc": {"bands": [{"ratio": "2"}]}}]}', "allowed are numbers"),
        ('{"channels": [{"mbc": {"bands": [{"ratio": 0.5}]}}]}', "ratio = 0.5"),
        ('{"channels": [{"mbc": {"bands": [{"ratio": NaN}]}}]}', "ratio = nan; allowed are finite"),
        ('{"channels": [{"mbc": 3}]}', "allowed is an object"),
        ('{"channels": [{"mbc": {"bogus": 1, "bands": [{}]}}]}', "bogus in mbc"),
    ],
)
def test_refusals(text, words):
    """Text of another shape is refused in one line."""
    with pytest.raises(BandwiseError, match=words):
        from_android(text)


def test_json_files_load_like_toml(tmp_path):
    """A file that ends in .json is read as Android's parameters, wherever settings are named."""
    path = tmp_path / "device.json"
    path.write_text(to_android(load_preset("voice")))
    assert MultibandDynamics(path).settings.cutoffs_hz == load_preset("voice").cutoffs_hz
