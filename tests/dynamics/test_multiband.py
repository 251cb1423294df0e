"""The whole processor: response, streaming, switches, updates."""

from dataclasses import replace

import numpy as np
import pytest
from dynamics_signals import IDLE, RATE, level_db, one_band, tone
from scipy import signal

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings
from bandwise.dynamics.store import load_preset, presets
from bandwise.errors import BandwiseError
from bandwise.stream import whole

FLAT = MultibandSettings(cutoffs_hz=(120, 400, 1_500, 5_000), bands=(IDLE,) * 5, output=IDLE.limiter)


@pytest.mark.parametrize("rate", [8_000, 44_100, 48_000, 192_000])
@pytest.mark.parametrize("lookahead", [0.0, 3.0])
@pytest.mark.parametrize("compensated", [True, False])
def test_impulse_has_the_stated_response(rate, lookahead, compensated):
    """At unity the processor is its stated response, latency included, in magnitude and phase."""
    cutoffs = (120.0, 400.0, 1_500.0)
    some = replace(
        FLAT, cutoffs_hz=cutoffs, bands=(IDLE,) * 4, lookahead_ms=lookahead, compensated=compensated
    )
    processor = MultibandDynamics(some, rate)
    x = np.zeros(rate // 4, np.float32)
    x[0] = 1.0
    hz = np.geomspace(20, 0.45 * rate, 100)
    got = np.exp(-2j * np.pi * np.outer(hz, np.arange(len(x))) / rate) @ processor.process(x)
    np.testing.assert_allclose(got, processor.response(hz), atol=2e-5)
    if compensated:
        assert np.abs(20 * np.log10(np.abs(got))).max() < 1e-3


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("preset", presets())
def test_any_blocks_give_the_same_bits(preset, channels):
    """Blocks of 1, 17, 128, 480 and 4,799 samples give what one block gives, for every preset."""
    rng = np.random.default_rng(1)
    x = (rng.standard_normal((6_000, channels)) * np.linspace(0.01, 1.0, 6_000)[:, None]).astype(np.float32)
    processor = MultibandDynamics(preset, channels=channels)
    whole_piece = processor.process(x)
    for block in (1, 17, 128, 480, 4_799):
        processor.reset()
        pieces = [processor.process(x[i : i + block]) for i in range(0, len(x), block)]
        assert np.array_equal(np.concatenate(pieces), whole_piece)


def test_any_blocks_give_the_same_bits_across_an_update():
    """Also while bands come and go and parameters ramp, and without lookahead."""
    x = np.random.default_rng(2).standard_normal(70_000).astype(np.float32) * 0.3
    for lookahead in (0.0, 3.0):
        old = replace(load_preset("voice"), lookahead_ms=lookahead)
        new = replace(old, cutoffs_hz=(250.0, 3_000.0), bands=old.bands[1:], mix=0.5)

        def run(block, old=old, new=new):
            processor = MultibandDynamics(old)
            first = [processor.process(x[i : min(i + block, 1_000)]) for i in range(0, 1_000, block)]
            processor.update(new)
            rest = [processor.process(x[i : i + block]) for i in range(1_000, len(x), block)]
            assert len(processor._running.engine.state) == len(new.bands) + 1  # the change is over
            return np.concatenate([*first, *rest])

        for block in (17, 480, 4_799):
            assert np.array_equal(run(block), run(len(x)))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.int32])
def test_types_and_latency(dtype):
    """Every sample type comes back as it came, aligned, through a flat processor of one band."""
    x = (tone(440, 0.25, -6) * (1 if np.issubdtype(dtype, np.floating) else np.iinfo(dtype).max)).astype(
        dtype
    )
    y = whole(MultibandDynamics(replace(FLAT, cutoffs_hz=(), bands=(IDLE,))), x)
    assert y.dtype == dtype
    assert y.shape == x.shape
    np.testing.assert_allclose(
        y.astype(float), x.astype(float), rtol=1e-6, atol=2 if dtype == np.int16 else 512
    )


def test_later_input_never_changes_earlier_output():
    """Output up to sample n - latency depends on input up to sample n only."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal(9_600).astype(np.float32)
    z = x.copy()
    z[4_800:] = rng.standard_normal(4_800) * 3
    processor = MultibandDynamics("small-speaker")
    a, b = processor.process(x, reset=True), processor.process(z, reset=True)
    assert np.array_equal(a[:4_800], b[:4_800])


def test_silence_in_silence_out():
    """Silence stays silence, for every preset; and a tail of silence falls to exact zero."""
    for name in presets():
        assert not MultibandDynamics(name).process(np.zeros(2_000, np.float32)).any()
    processor = MultibandDynamics("voice", 8_000)
    processor.process(np.random.default_rng(4).standard_normal(800).astype(np.float32))
    assert not processor.process(np.zeros(24_000, np.float32))[-800:].any()


def test_bad_samples_are_silence():
    """NaN and infinity are treated as silence, counted and told once."""
    x = np.array([0.1, np.nan, np.inf, 0.1], np.float32)
    processor = MultibandDynamics("voice")
    with pytest.warns(UserWarning, match="NaN, Inf"):
        y = processor.process(x)
    assert np.isfinite(y).all()
    assert processor.nonfinite_samples == 2


def test_mute_solo_and_mix():
    """A muted band is gone, a soloed one alone is left, and mix 0 is the all-passed input, aligned."""
    x = tone(60, 1.0, -6) + tone(1_000, 1.0, -6) + tone(9_000, 1.0, -6)
    reference = MultibandDynamics(FLAT).process(x)
    for name, hz in (("mute", 1_000), ("solo", 60)):
        band = 2 if name == "mute" else 0
        bands = tuple(replace(IDLE, **{name: True}) if i == band else IDLE for i in range(5))
        y = MultibandDynamics(replace(FLAT, bands=bands)).process(x)
        spectrum = np.abs(np.fft.rfft(y[-4_800:] * np.hanning(4_800)))
        kept = spectrum[round(hz / 10)] / 600
        assert (kept < 0.3) if name == "mute" else (kept > 0.9 and spectrum[900] < 1)
    squashed = load_preset("night")
    dry = MultibandDynamics(replace(squashed, mix=0.0, output=IDLE.limiter)).process(x)
    flat = replace(
        FLAT, cutoffs_hz=squashed.cutoffs_hz, bands=(IDLE,) * 4, lookahead_ms=squashed.lookahead_ms
    )
    np.testing.assert_allclose(dry, MultibandDynamics(flat).process(x), atol=1e-6)
    assert level_db(reference[-4_800:]) == pytest.approx(level_db(x[-4_800:]), abs=0.05)


def test_gain_reduction_is_what_the_sound_lost():
    """The readout equals the level difference of a steady tone, and 0 where nothing is reduced."""
    settings = one_band(CompressorSettings(threshold_db=-20, ratio=4, knee_db=0), cutoffs_hz=())
    processor = MultibandDynamics(settings)
    x = tone(1_000, 1.0)
    y = processor.process(x)
    y = processor.process(x)
    lost = level_db(x) - level_db(y)
    assert processor.gain_reduction_db["bands"] == pytest.approx([lost], abs=0.02)
    assert processor.gain_reduction_db["output"] == 0.0


@pytest.mark.parametrize("block", [1, 16, 33, 480])
def test_gain_reduction_can_be_read_after_any_block(block):
    """Of a steady tone it is steady, also where blocks are shorter than what the gains are computed for."""
    settings = one_band(CompressorSettings(threshold_db=-20, ratio=4, knee_db=0), cutoffs_hz=())
    processor = MultibandDynamics(settings)
    processor.process(tone(1_000, 1.0))
    x, readings = tone(1_000, 0.02), []
    for start in range(0, len(x), block):
        processor.process(x[start : start + block])
        readings.append(processor.gain_reduction_db["bands"][0])
    assert readings == pytest.approx([readings[0]] * len(readings), abs=0.1)
    assert readings[0] > 10.0


def test_update_refuses_what_needs_other_delay_lines():
    """Another lookahead, order or linking needs a new processor, and the message says so."""
    processor = MultibandDynamics("voice", channels=2)
    for change in ({"lookahead_ms": 1.0}, {"order": 8}, {"link": "none"}):
        with pytest.raises(BandwiseError, match="make a new MultibandDynamics"):
            processor.update(replace(load_preset("voice"), **change))


def test_updates_at_unity_stay_flat():
    """While bands come and go with idle dynamics, a tone keeps its level within 0.05 dB at every sample."""
    phase = 2 * np.pi * 97 * np.arange(6 * RATE) / RATE
    x = 0.5 * np.stack([np.cos(phase), np.sin(phase)], axis=1)
    processor = MultibandDynamics(FLAT, channels=2)
    pieces = [processor.process(x[:48_000])]
    for i, cutoffs in enumerate([(300.0,), (60.0, 300.0, 3_000.0), (), (120.0, 5_000.0)]):
        processor.update(replace(FLAT, cutoffs_hz=cutoffs, bands=(IDLE,) * (len(cutoffs) + 1)))
        pieces.append(processor.process(x[48_000 * (i + 1) : 48_000 * (i + 2)]))
    y = np.concatenate(pieces)[9_600:]
    level = 20 * np.log10(2 * np.hypot(y[:, 0], y[:, 1]))
    assert 0.005 < np.abs(level).max() < 0.05
    assert np.abs(np.diff(y, axis=0)).max() < 1.02 * np.abs(np.diff(x, axis=0)).max()


def test_updated_processor_becomes_the_new_one():
    """After the ramps a processor that was updated equals one that was built with the new settings."""
    x = np.random.default_rng(5).standard_normal(6 * RATE).astype(np.float32) * 0.05
    old = load_preset("small-speaker")
    new = replace(old, cutoffs_hz=(150.0, 900.0), bands=old.bands[:3], mix=0.8, output_gain_db=-2.0)
    processor = MultibandDynamics(old)
    processor.process(x[:RATE])
    processor.update(new)
    got = processor.process(x[RATE:])
    want = MultibandDynamics(new).process(x)[RATE:]
    np.testing.assert_allclose(got[-RATE:], want[-RATE:], atol=2e-5)


def test_limiter_output_default_is_full_scale():
    """Default settings never exceed full scale."""
    y = MultibandDynamics(MultibandSettings()).process(tone(50, 0.5, 20))
    assert np.abs(y).max() <= 1.0
    assert LimiterSettings().ceiling_dbfs == 0.0


def keyed(settings):
    """A processor whose bands say which of them heard the key."""
    band = BandSettings(compressor=CompressorSettings(threshold_db=-40, ratio=10, attack_ms=0, release_ms=10))
    return replace(settings, bands=(band, band))


def test_a_side_chain_that_comes_late_hears_the_cutoffs_of_now():
    """A cutoff that moved while nobody listened beside is where it was sent when somebody does."""
    low, high = (keyed(MultibandSettings(cutoffs_hz=(hz,))) for hz in (200.0, 5_000.0))
    moved, fresh = MultibandDynamics(low), MultibandDynamics(high)
    moved.process(np.zeros(100, np.float32))
    moved.update(high)
    moved.process(np.zeros(RATE, np.float32))
    key = 0.5 * tone(1_000, 0.5)
    for processor in (moved, fresh):
        processor.process(np.zeros_like(key), sidechain=key)
    expected = fresh.gain_reduction_db["bands"]
    assert expected[0] > 10 + expected[1]
    assert moved.gain_reduction_db["bands"] == pytest.approx(expected, abs=0.5)


def test_a_side_chain_that_ended_is_forgotten():
    """Half a frame of a loud key, long silence, and a silent key for the other half: nothing is reduced."""
    processor = MultibandDynamics(keyed(MultibandSettings(cutoffs_hz=(200.0,))))
    silence, loud = np.zeros(16, np.float32), np.full(16, 0.9, np.float32)
    processor.process(silence, sidechain=loud)
    processor.process(silence, sidechain=silence)
    processor.process(np.zeros(2 * RATE, np.float32))
    processor.process(silence)
    processor.process(silence, sidechain=silence)
    assert processor.gain_reduction_db["bands"] == pytest.approx([0.0, 0.0], abs=1e-3)


def test_a_compressor_that_was_off_remembers_nothing():
    """Switched on again in silence it has nothing to reduce, however slow its detector."""
    compressor = CompressorSettings(threshold_db=-40, ratio=10, detector="rms", rms_ms=1_000)
    on = one_band(compressor, cutoffs_hz=())
    processor = MultibandDynamics(on)
    processor.process(tone(1_000, 2.0))
    processor.update(one_band(replace(compressor, enabled=False), cutoffs_hz=()))
    processor.process(np.zeros(20 * RATE, np.float32))
    processor.update(on)
    processor.process(np.zeros(RATE // 10, np.float32))
    assert processor.gain_reduction_db["bands"] == pytest.approx([0.0], abs=0.1)


@pytest.mark.parametrize("name", presets())
def test_presets_run_at_every_rate(name):
    """What a rate has no room for is left out: its bands below half the rate are those of the preset."""
    whole = load_preset(name)
    for rate in (8_000, 11_025, 48_000):
        settings = MultibandDynamics(name, rate).settings
        count = len(settings.cutoffs_hz)
        assert (
            settings.cutoffs_hz
            == whole.cutoffs_hz[:count]
            == tuple(hz for hz in whole.cutoffs_hz if hz <= 0.49 * rate)
        )
        assert settings.bands == whole.bands[: count + 1]


def test_cutoffs_of_a_file_are_never_left_out(tmp_path):
    """Who writes them means them."""
    path = tmp_path / "own.toml"
    path.write_text("cutoffs_hz = [5000]\n")
    with pytest.raises(BandwiseError, match="5000"):
        MultibandDynamics(path, 8_000)


def banded(cutoffs, *gains_db):
    """Bands of these gains with nothing else switched on; None is muted."""
    bands = tuple(replace(IDLE, mute=db is None, gain_db=db or 0.0) for db in gains_db)
    return replace(one_band(), cutoffs_hz=cutoffs, bands=bands)


def tone_db(y, hz):
    """Level of one tone among others in whole periods of it, in dB."""
    turning = np.exp(-2j * np.pi * hz * np.arange(len(y)) / RATE)
    return 20 * np.log10(2 * abs(np.mean(y * turning)))


@pytest.mark.parametrize("cutoffs", [(80.0,), (80.0, 300.0)])
def test_a_new_split_takes_nothing_with_it(cutoffs):
    """All below 80 Hz is to go: a tone at 2 kHz never notices, while the split comes down from above it."""
    processor, x = MultibandDynamics(banded((), 0.0)), tone(2_000.0, 1.0) + tone(20.0, 1.0)
    processor.process(x)
    processor.update(banded(cutoffs, None, *[0.0] * len(cutoffs)))
    y = np.concatenate([processor.process(x) for _ in range(4)])
    high = signal.sosfilt(signal.butter(8, 700, "high", fs=RATE, output="sos"), y)[2_400:]
    levels = [level_db(high[k : k + 2_400]) for k in range(0, len(high) - 2_400, 2_400)]
    assert max(levels) - min(levels) < 0.3
    assert tone_db(y[-RATE:], 20.0) < tone_db(y[: RATE // 20 * 2], 20.0) - 40


@pytest.mark.parametrize("then", [(210.0,), (200.0, 8_000.0)])
def test_changes_in_a_row_take_nothing_with_them(then):
    """A slider that moves on while the new split comes down does not let the mute run ahead of it."""
    processor, x = MultibandDynamics(banded((), 0.0)), tone(3_000.0, 1.0)
    processor.process(x)
    for cutoffs in ((200.0, 8_000.0)[: len(then)], then, (220.0,)):
        processor.update(banded(cutoffs, None, *[0.0] * len(cutoffs)))
        y = processor.process(x[:480])
        assert level_db(y) > -3
    for _ in range(100):
        assert level_db(processor.process(x[:480])) > -3


def test_what_is_told_while_a_split_comes_arrives_with_it():
    """Gains of bands that were there wait for the edges; where no band comes nothing is held back."""
    processor, x = MultibandDynamics(banded((), 0.0)), tone(20.0, 1.0)
    processor.process(x)
    processor.update(banded((80.0,), 0.0, 0.0))
    processor.process(x[:4_800])
    processor.update(banded((80.0,), -20.0, 0.0))
    assert tone_db(processor.process(x[:4_800]), 20.0) == pytest.approx(0.0, abs=0.5)
    for _ in range(3):
        y = processor.process(x)
    assert tone_db(y, 20.0) == pytest.approx(-20.0, abs=0.5)
    processor.update(banded((80.0,), -6.0, 0.0))
    assert tone_db(processor.process(x)[4_800:], 20.0) == pytest.approx(-6.0, abs=0.5)


def test_presets_of_a_loudspeaker_can_be_exchanged_while_it_plays():
    """From one driver's to another's, and to that for the night, in any order."""
    processor = MultibandDynamics("small-speaker", RATE)
    for name in ("smart-speaker", "night", "small-speaker", "night", "smart-speaker"):
        processor.update(name)
        processor.process(tone(100.0, 0.1, -6.0))
        assert processor.settings == load_preset(name)
