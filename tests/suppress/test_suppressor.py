"""The suppressor keeps the contract of a stream, with the network that ships and with known answers."""

import json
import warnings
from math import gcd

import numpy as np
import pytest
from networks import constant_network
from scipy.signal import resample_poly
from suppress_signals import lag_of, noise, periodic

import bandwise
from bandwise import BandwiseError, NoiseSuppressor, enhance
from bandwise.measure import voices
from bandwise.suppress import network as network_module
from bandwise.suppress.postfilter import sharpen

BLOCKS = [1, 17, 128, 480, 4_799]
VOICE = voices.synthesise(1, 1.0)[0]
NOISY = (VOICE + noise(len(VOICE), level=0.02))[:20_000]


def streamed(suppressor, x, block=None):
    """Process x in pieces of `block` frames (all at once for None), then the tail."""
    step = block or len(x)
    pieces = [suppressor.process(x[start : start + step]) for start in range(0, len(x), step)]
    return np.concatenate([*pieces, suppressor.flush()])


def stereo(x):
    """Two channels that have little in common."""
    return np.stack([x, np.roll(x[::-1], 777)], axis=1)


@pytest.fixture
def answering(tmp_path):
    """Make networks: `answering(gain, strength)` is the path of one that says so in every band."""
    pytest.importorskip("onnx")
    return lambda gain, strength: constant_network(tmp_path / f"{gain}-{strength}.onnx", gain, strength)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("block", BLOCKS)
def test_any_cut_gives_the_same_bits(block, channels):
    """Blocks of 1, 17, 128, 480 and 4,799 samples equal one piece exactly, mono and stereo."""
    x = NOISY if channels == 1 else stereo(NOISY)
    one = streamed(NoiseSuppressor(channels=channels), x)
    assert np.array_equal(streamed(NoiseSuppressor(channels=channels), x, block), one)
    assert np.ptp(one) > 0.01


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 96_000])
def test_any_cut_gives_the_same_bits_at_other_rates(rate):
    """Resampling on the way in and out does not see the cuts either."""
    whole = streamed(NoiseSuppressor(rate), NOISY)
    for block in (17, 4_799):
        assert np.array_equal(streamed(NoiseSuppressor(rate), NOISY, block), whole)


@pytest.mark.parametrize("dtype", ["float64", "int16", "int32"])
def test_other_sample_types_are_the_same_sound(dtype):
    """Integers and doubles come back as they came, equal to float32 to half a step of 16 bits."""
    scale = {"int16": 2**15, "int32": 2**31}.get(dtype, 1)
    x = np.round(NOISY.astype(np.float64) * 2**15) / 2**15
    expected = enhance(x.astype(np.float32), 48_000)
    y = enhance((x * scale).astype(dtype), 48_000)
    assert y.dtype == dtype
    assert np.max(np.abs(y / scale - expected)) <= 0.5001 / 2**15


@pytest.mark.parametrize("block_multiple", [1, 128, 160, 441, 480, 960])
def test_latency_is_what_is_declared(block_multiple):
    """1440 + 480 - gcd(block_multiple, 480), as measured by cross-correlation of a voice with the network."""
    suppressor = NoiseSuppressor(block_multiple=block_multiple)
    assert suppressor.latency_samples == 1440 + 480 - gcd(block_multiple, 480)
    x = VOICE[: len(VOICE) // block_multiple * block_multiple]
    late = streamed(suppressor, x, block_multiple * 4)
    assert lag_of(late, x) == suppressor.latency_samples
    assert len(late) == len(x) + suppressor.latency_samples


def test_blocks_of_10_ms_wait_30_ms():
    """A click comes out 1440 samples after it went in, not one sooner or later."""
    suppressor = NoiseSuppressor(block_multiple=480, attenuation_limit_db=0)
    click = np.zeros(9_600, np.float32)
    click[5_000] = 0.9
    late = streamed(suppressor, click, 480)
    assert suppressor.latency_samples == 1440
    assert np.argmax(np.abs(late)) == 6_440


@pytest.mark.parametrize("block_multiple", [1, 480])
def test_limit_of_0_db_changes_nothing(block_multiple):
    """The output is the delayed input, to 1e-5, comb filter included."""
    suppressor = NoiseSuppressor(attenuation_limit_db=0, block_multiple=block_multiple)
    x = NOISY[:19_200]
    late = streamed(suppressor, x)
    assert np.max(np.abs(late[suppressor.latency_samples :] - x)) < 1e-5
    assert np.max(np.abs(late[: suppressor.latency_samples])) < 1e-5


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("shape", [(), (1,), (2,)])
def test_enhance_aligns(rate, shape):
    """The result has the input's length, shape and type and no lag, whatever the rate."""
    voice = resample_poly(VOICE, rate // 100, 480).astype(np.float32)
    x = np.broadcast_to(voice.reshape(-1, *(1 for _ in shape)), (len(voice), *shape))
    y = enhance(x, rate)
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert lag_of(y.reshape(len(voice), -1)[:, -1], voice) == 0


@pytest.mark.parametrize("samples", [0, 1, 479, 1_441])
def test_short_recordings_keep_their_length(samples):
    """Shorter than the latency, or nothing at all."""
    assert enhance(NOISY[:samples], 48_000).shape == (samples,)


def test_channels_do_not_hear_each_other():
    """Each column of a stereo signal is what it would be alone."""
    x = stereo(NOISY)
    y = enhance(x, 48_000)
    for channel in range(2):
        assert np.array_equal(y[:, channel], enhance(x[:, channel], 48_000))


def test_reset_and_flush_start_afresh():
    """After either, the same signal gives the same bits as the first time."""
    suppressor = NoiseSuppressor()
    first = suppressor.process(NOISY)
    suppressor.reset()
    assert np.array_equal(suppressor.process(NOISY), first)
    assert np.array_equal(suppressor.process(NOISY, reset=True), first)
    suppressor.flush()
    assert np.array_equal(suppressor.process(NOISY), first)


def test_later_sound_never_changes_earlier_sound():
    """Samples from 10,080 on are others; the output up to there is the same."""
    other = NOISY.copy()
    other[10_080:] = noise(len(other) - 10_080, seed=9)
    one, two = (NoiseSuppressor(block_multiple=480).process(x[:19_200]) for x in (NOISY, other))
    assert np.array_equal(one[:10_080], two[:10_080])
    assert not np.array_equal(one, two)


def test_bad_samples_are_silence_and_told():
    """NaN and Inf count as zeros, in a warning and in `nonfinite_samples`."""
    bad, silent = NOISY.copy(), NOISY.copy()
    bad[[3, 4_000, 4_001]] = np.nan, np.inf, -np.inf
    silent[[3, 4_000, 4_001]] = 0
    suppressor = NoiseSuppressor()
    with pytest.warns(UserWarning, match="NaN, Inf"):
        out = suppressor.process(bad)
    assert suppressor.nonfinite_samples == 3
    assert np.array_equal(out, NoiseSuppressor().process(silent))


@pytest.mark.parametrize("signal", ["silence", "loud noise", "clipped", "constant"])
def test_any_sound_stays_finite_and_no_louder(signal):
    """Nothing divides by silence or runs away; no sound gains more than 0.8 dB, the comb's ripple."""
    x = {
        "silence": np.zeros(24_000, np.float32),
        "loud noise": noise(24_000, level=1.0),
        "clipped": np.sign(noise(24_000)),
        "constant": np.full(24_000, 0.5, np.float32),
    }[signal]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = enhance(x, 48_000)
    assert np.isfinite(y).all()
    assert np.sum(y.astype(float) ** 2) <= 1.2 * np.sum(x.astype(float) ** 2)


def test_gain_of_the_network_reaches_the_sound(answering):
    """Gain 0.5 in all bands without a comb is half the sound, delayed."""
    y = enhance(NOISY, 48_000, model=answering(0.5, 0.0))
    assert np.allclose(y, 0.5 * NOISY, atol=1e-5)


def test_postfilter_deepens_the_gain(answering):
    """Gain 0.3 in all bands comes out as its warped and compensated value."""
    expected = np.empty(34, np.float32)
    sharpen(np.full(34, 0.3, np.float32), np.ones(34, np.float32), expected)
    assert expected[0] < 0.29
    y = enhance(NOISY, 48_000, model=answering(0.3, 0.0), postfilter=True)
    assert np.allclose(y, expected[0] * NOISY, atol=1e-4)


@pytest.mark.parametrize("limit_db", [3.0, 12.0, 40.0])
def test_limit_is_the_most_a_band_is_turned_down(answering, limit_db):
    """A network that mutes everything leaves 10^(-limit / 20) of it."""
    least = 10 ** (-limit_db / 20)
    y = enhance(NOISY, 48_000, model=answering(0.0, 1.0), attenuation_limit_db=limit_db)
    loudness = np.sqrt(np.sum(y.astype(float) ** 2) / np.sum(NOISY.astype(float) ** 2))
    assert loudness == pytest.approx(least, rel=0.15)
    suppressor = NoiseSuppressor(attenuation_limit_db=limit_db)
    for start in range(0, 19_200, 480):
        suppressor.process(noise(480, seed=start))
        assert suppressor.gains.min() >= least - 1e-6
        assert suppressor.strengths.max() <= 1 - least + 1e-6


def test_muting_network_mutes(answering):
    """Without a limit nothing is left."""
    assert np.max(np.abs(enhance(NOISY, 48_000, model=answering(0.0, 0.0)))) < 1e-7


def test_full_comb_keeps_what_is_periodic_and_lowers_noise(answering):
    """Strength 1 leaves a periodic signal alone, and takes the noise between its harmonics away."""
    model = answering(1.0, 1.0)
    voiced = periodic(48_000, 240)
    settled = slice(9_600, 40_000)
    assert np.allclose(enhance(voiced, 48_000, model=model)[settled], voiced[settled], atol=1e-3)
    noisy = voiced + noise(48_000, seed=5, level=0.03)
    left = enhance(noisy, 48_000, model=model)[settled] - voiced[settled]
    added = noisy[settled] - voiced[settled]
    assert np.mean(left**2) < 0.35 * np.mean(added**2)


def test_meters_show_the_last_frame(answering):
    """Gains and strengths (channels, 34): untouched before, the network's after, untouched when reset."""
    suppressor = NoiseSuppressor(channels=2, model=answering(0.5, 0.25), postfilter=False)
    assert np.array_equal(suppressor.gains, np.ones((2, 34)))
    assert np.array_equal(suppressor.strengths, np.zeros((2, 34)))
    suppressor.process(stereo(NOISY))
    assert np.allclose(suppressor.gains, 0.5)
    assert np.allclose(suppressor.strengths, 0.25)
    assert suppressor.gains.shape == suppressor.strengths.shape == (2, 34)
    suppressor.reset()
    assert np.array_equal(suppressor.gains, np.ones((2, 34)))


@pytest.mark.parametrize("model", ["base", "small"])
def test_networks_that_ship_tell_noise_from_voice(model):
    """White noise loses 20 dB or more, a clean synthetic voice 6 dB at most."""
    hiss = noise(96_000, level=0.05)
    voice = voices.synthesise(2, 2.0)[0]
    kept_db = [
        10 * np.log10(np.mean(enhance(x, 48_000, model=model)[48_000:] ** 2) / np.mean(x[48_000:] ** 2))
        for x in (hiss, voice)
    ]
    assert kept_db[0] < -20
    assert kept_db[1] > -6


def test_unknown_model_names_those_that_are_known():
    """What came, what is allowed, what to do."""
    with pytest.raises(BandwiseError, match=r"'bass'.*base.*pass"):
        NoiseSuppressor(model="bass")


def test_damaged_model_is_refused(tmp_path, monkeypatch):
    """One flipped bit in the network that ships."""
    content = bytearray((network_module.resources.files("bandwise.models") / "base.onnx").read_bytes())
    checksums = (network_module.resources.files("bandwise.models") / "checksums.json").read_text()
    assert "base" in json.loads(checksums)
    content[len(content) // 3] ^= 1
    (tmp_path / "base.onnx").write_bytes(content)
    (tmp_path / "checksums.json").write_text(checksums)
    monkeypatch.setattr(network_module.resources, "files", lambda package: tmp_path)
    with pytest.raises(BandwiseError, match=r"damaged.*install"):
        enhance(NOISY, 48_000)


@pytest.mark.parametrize("limit_db", [-1, -0.001, float("nan")])
def test_bad_limit_is_refused(limit_db):
    """A limit below 0 dB would be an amplification."""
    with pytest.raises(BandwiseError, match=r"attenuation_limit_db=.*0 or more"):
        enhance(NOISY, 48_000, attenuation_limit_db=limit_db)


def test_package_exports_them():
    """The two public names are these."""
    assert bandwise.enhance is enhance
    assert bandwise.NoiseSuppressor is NoiseSuppressor
