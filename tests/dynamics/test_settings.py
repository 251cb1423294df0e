"""Settings: what is refused and how it is worded, TOML there and back, presets."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings
from bandwise.dynamics.store import from_toml, load_preset, load_settings, presets, to_toml
from bandwise.errors import BandwiseError

PRESETS = ["broadcast", "conventional", "night", "small-speaker", "smart-speaker", "transparent", "voice"]

REFUSED = [
    ("cutoffs_hz = [400, 100]", "from 400 to 100 Hz; each must lie above the one before; sort"),
    ("cutoffs_hz = [0.5]", "0.5 Hz; allowed is 1 to"),
    ("[output]\nceiling_dbfs = 1", "ceiling_dbfs = 1 dBFS; allowed is -80 to 0 dBFS; 0 dBFS is full scale"),
    ("[[bands]]\n[bands.compressor]\nratio = 0.5", "ratio = 0.5; allowed is 1 to 1000; use 1 for no"),
    ("[[bands]]\n[bands.compressor]\nrato = 2", "rato; .*did you mean ratio?"),
    ("cutofs_hz = [100]", "did you mean cutoffs_hz?"),
    ("[[bands]]\n[[bands]]", "2 bands with 0 cutoffs"),
    ("mix = nan", "mix = nan; allowed is 0 to 1"),
    ("mix = true", "mix = True"),
    ("mix = 1" + "0" * 400, "mix = inf; allowed is 0 to 1"),
    ("cutoffs_hz = [100_000]", "100000 Hz; allowed is 1 to 94080 Hz at 192000 Hz"),
    ("order = 3", "order 3; allowed are 2, 4 and 8"),
    ('link = "some"', "all, pairs, none"),
    ("[[bands]]\nmute = 1", "mute = 1; allowed are true and false"),
    ('[[bands]]\n[bands.compressor]\ndetector = "loud"', "allowed are peak, rms"),
    ("[[bands]]\n[bands.limiter]\ntrue_peak = true", "set it under .output"),
    ("lookahead_ms = 0\n[output]\ntrue_peak = true", "set 1 ms or more"),
    ("output = 3", "write .output"),
    ("bands = 3", "bands that are not a list"),
    ("= 3", "not TOML"),
    ('cutoffs_hz = ["low"]', "list of frequencies in Hz"),
    ('cutoffs_hz = "120"', "list of frequencies in Hz"),
    ("cutoffs_hz = 120", "list of frequencies in Hz"),
    ("[output]\ntrue_peak = true\nmode = 'clip'", "set mode = 'lookahead'"),
    ("description = 3", "description = 3; allowed is text"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_refusals_name_value_range_and_remedy(text, words):
    """What cannot be is refused in one line with the value, the range and the remedy."""
    with pytest.raises(BandwiseError, match=words) as caught:
        from_toml(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: BandSettings(compressor=None), "compressor = None; allowed is a CompressorSettings"),
        (lambda: BandSettings(limiter={}), "limiter = {}; allowed is a LimiterSettings"),
        (lambda: MultibandSettings(output=None), "output = None; allowed is a LimiterSettings"),
        (lambda: MultibandSettings(bands=({},)), r"bands\[0\] = {}; allowed is a BandSettings"),
    ],
)
def test_parts_of_another_kind_are_refused(make, words):
    """In one line, where they are given, and not when sound comes."""
    with pytest.raises(BandwiseError, match=words):
        make()


@pytest.mark.parametrize("order", [np.int64(8), 8.0])
def test_an_order_is_a_whole_number(order):
    """However it came, it goes out to TOML as one."""
    assert "order = 8\n" in to_toml(MultibandSettings(order=order))


@pytest.mark.parametrize("link", [(0.7, 0.3), "pairs", "none", "all"])
def test_alone_a_channel_is_linked_with_none(link):
    """With mono() settings for two channels run on one, as any link does there."""
    x = 0.5 * np.random.default_rng(0).standard_normal(4_800)
    made = MultibandDynamics(MultibandSettings(cutoffs_hz=(500,), link=link).mono()).process(x)
    np.testing.assert_array_equal(made, MultibandDynamics(MultibandSettings(cutoffs_hz=(500,))).process(x))


def test_presets_are_listed_described_and_survive_toml():
    """Every preset loads, gives a reason, and is the same after a trip through TOML."""
    assert presets() == PRESETS
    for name in presets():
        preset = load_preset(name)
        assert len(preset.description) > 40
        assert from_toml(to_toml(preset)) == preset


def test_baseline_differs_in_what_its_description_says_alone():
    """`conventional` is `smart-speaker` without phase compensation and with clipped bands, nothing else."""
    ours = load_preset("smart-speaker")
    bands = tuple(replace(band, limiter=replace(band.limiter, mode="clip")) for band in ours.bands)
    baseline = load_preset("conventional")
    assert baseline == replace(ours, description=baseline.description, compensated=False, bands=bands)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_settings_survive_toml(data):
    """Settings with random values are the same after a trip through TOML."""
    number = lambda low, high: data.draw(st.floats(low, high))  # noqa: E731
    band = BandSettings(
        gain_db=number(-60, 40),
        mute=data.draw(st.booleans()),
        compressor=CompressorSettings(ratio=number(1, 1000), knee_db=number(0, 40)),
        limiter=LimiterSettings(hold_ms=data.draw(st.none() | st.floats(0, 100))),
    )
    some = MultibandSettings(
        description=data.draw(st.text(st.characters(blacklist_categories=["Cs"]))),
        bands=(band, BandSettings()),
        cutoffs_hz=(number(1, 20_000),),
        link=data.draw(st.sampled_from(["all", "none", (0.5, 1.0)])),
    )
    assert from_toml(to_toml(some)) == some


def test_numbers_of_numpy_are_numbers():
    """Settings that a program computed need no conversion."""
    band = BandSettings(compressor=CompressorSettings(ratio=np.int64(2), knee_db=np.float32(3)))
    some = MultibandSettings(bands=(band, band), cutoffs_hz=np.array([200.0]), link=(np.float64(1.0),))
    assert from_toml(to_toml(some)) == some


def test_unknown_preset_and_missing_file(tmp_path):
    """A preset that is not there gives the nearest name, a file that is not there its path."""
    with pytest.raises(BandwiseError, match="did you mean night"):
        load_settings("nigt")
    with pytest.raises(BandwiseError, match="cannot be read"):
        load_settings(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("mix = 2")
    with pytest.raises(BandwiseError, match=r"bad.toml: got mix = 2"):
        MultibandDynamics(tmp_path / "bad.toml")
    (tmp_path / "deep.toml").write_text("mix = " + "[" * 50_000)
    with pytest.raises(BandwiseError, match=r"deep.toml: got text that is not TOML"):
        load_settings(tmp_path / "deep.toml")


def test_what_names_no_settings_is_refused():
    """Nothing and numbers are no names of presets, nor paths."""
    for wrong in (None, 3, 0.5):
        with pytest.raises(BandwiseError, match="got settings"):
            MultibandDynamics(wrong)
        with pytest.raises(BandwiseError, match="got preset"):
            load_preset(wrong)


def test_a_mark_that_editors_leave_is_no_mistake(tmp_path):
    """Notepad begins UTF-8 with one."""
    path = tmp_path / "mine.toml"
    path.write_text("mix = 0.5", encoding="utf-8-sig")
    assert load_settings(path).mix == 0.5


def test_settings_that_do_not_fit_the_audio():
    """Cutoffs above Nyquist and link weights for other channels are refused when the processor is built."""
    with pytest.raises(BandwiseError, match="higher sample rate"):
        MultibandDynamics(MultibandSettings(cutoffs_hz=(5_000,)), 8_000)
    with pytest.raises(BandwiseError, match="2 link weights for 1 channels"):
        MultibandDynamics(MultibandSettings(link=(1.0, 1.0)))


def test_a_file_does_not_hide_a_preset(tmp_path, monkeypatch):
    """What lies in the folder by that name is not taken for settings, unless it is named as a file."""
    (tmp_path / "night").write_text("cutoffs_hz = [123]\n")
    monkeypatch.chdir(tmp_path)
    assert load_settings("night") == load_preset("night")
    assert load_settings("./night").cutoffs_hz == (123.0,)
