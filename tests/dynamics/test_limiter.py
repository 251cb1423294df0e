"""The limiters: no sample above the ceiling, pure tones, true peaks, release."""

import numpy as np
import pytest
from dynamics_signals import IDLE, RATE, one_band, thd_percent, tone, true_peak_db
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import signal

from bandwise.door import LOUDEST
from bandwise.dynamics.limiter import attack_weights
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

CEILING = 10 ** (-1 / 20)
THREE = MultibandSettings(cutoffs_hz=(200, 2_000), output=LimiterSettings(ceiling_dbfs=-1))


def limited(**settings):
    """Settings with nothing but an output limiter."""
    return one_band(output=LimiterSettings(**{"ceiling_dbfs": -1, **settings}))


def overloads():
    """Signals that try a limiter: 40 dB over, silence to full scale, impulses, the largest numbers."""
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(12_000)
    impulses = np.where(rng.random(12_000) < 0.01, 30.0, 0.0)
    return {
        "40 dB over": noise * 100,
        "steps": np.where(np.arange(12_000) // 1_500 % 2, 1.0, 0.0),
        "impulses": impulses * np.sign(noise),
        "extremes": rng.choice([0.0, 1e-45, LOUDEST, -LOUDEST, 1.0], 12_000),
        "huge": np.full(12_000, LOUDEST),
    }


@pytest.mark.parametrize("lookahead", [0.0, 0.5, 3.0, 10.0])
@pytest.mark.parametrize("name", overloads())
def test_no_sample_above_the_ceiling(lookahead, name):
    """Whatever finite comes in, no sample leaves above the ceiling, with and without lookahead."""
    x = overloads()[name].astype(np.float32)
    three = MultibandSettings(cutoffs_hz=(200, 2_000), lookahead_ms=lookahead, output=THREE.output)
    for some in (three, one_band(lookahead_ms=lookahead, output=THREE.output)):
        y = MultibandDynamics(some).process(x)
        assert np.isfinite(y).all()
        assert np.abs(y).max() <= CEILING


@settings(max_examples=60, deadline=None)
@given(
    arrays.arrays(
        np.float32, st.integers(1, 400), elements=st.floats(-float(LOUDEST), float(LOUDEST), width=32)
    ),
    st.sampled_from([0.0, 1.0, 3.0]),
)
def test_no_sample_above_the_ceiling_for_any_input(x, lookahead):
    """Any finite float32 signal stays at or below the ceiling, tail included."""
    processor = MultibandDynamics(one_band(lookahead_ms=lookahead, output=THREE.output))
    y = np.concatenate([processor.process(x), processor.flush()])
    assert np.abs(y).max() <= CEILING


@pytest.mark.parametrize("attack", [1, 2, 9, 40])
def test_attack_weights_are_an_average(attack):
    """The weights are not negative and sum to 1: the smoothed gain cannot exceed the largest of its gains."""
    weights = attack_weights(attack)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("hz", [60.0, 61.3, 100.0, 1_000.0])
def test_limited_tone_stays_pure(hz):
    """A tone 6 dB over the ceiling of its band, or of the output, has less than 0.001 % distortion."""
    band = BandSettings(
        compressor=CompressorSettings(enabled=False), limiter=LimiterSettings(ceiling_dbfs=-6)
    )
    for some in (
        limited(ceiling_dbfs=-6),
        MultibandSettings(cutoffs_hz=(120, 400, 2_500), bands=(band,) * 4),
    ):
        y = MultibandDynamics(some).process(tone(hz, 3.0))
        assert thd_percent(y[-RATE:], hz) < 1e-3


def test_short_hold_distorts():
    """Without the hold of half a period the same tone is distorted: the hold is what keeps it pure."""
    y = MultibandDynamics(limited(ceiling_dbfs=-6, hold_ms=0.0, release_ms=20)).process(tone(60, 3.0))
    assert thd_percent(y[-RATE:], 60) > 0.1


@pytest.mark.parametrize("hz", [1_000.0, 6_000.0, 11_000.0, 12_000.0, 18_000.0, 20_000.0])
def test_true_peaks_stay_below_the_ceiling(hz):
    """Tones at 45 degrees, interpolated 32 times by the FFT, read at or below the ceiling and close to it."""
    x = np.sin(2 * np.pi * hz * np.arange(RATE) / RATE + np.pi / 4)
    y = MultibandDynamics(limited(ceiling_dbfs=-6, true_peak=True)).process(x)[9_600:-9_600]
    assert -6.11 < true_peak_db(y) <= -6.0


def noise_up_to(hz, seed):
    """A second of noise up to `hz`, its largest sample 6 dB over full scale."""
    spectrum = np.fft.rfft(np.random.default_rng(seed).standard_normal(RATE))
    spectrum[hz:] = 0.0
    x = np.fft.irfft(spectrum)
    return 2.0 * x / np.abs(x).max()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_true_peaks_of_noise_stay_below_the_ceiling(seed):
    """Noise up to 22 kHz, 12 dB over the ceiling, stays within 0.01 dB of it between the samples too."""
    settings = limited(ceiling_dbfs=-6, true_peak=True)
    y = MultibandDynamics(settings).process(np.tile(noise_up_to(22_000, seed), 2))[-RATE:]
    assert -6.6 < true_peak_db(y, edge=4_800) <= -5.99


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_true_peaks_of_white_noise_by_an_independent_meter(seed):
    """White noise up to Nyquist reads less than 0.15 dB over the ceiling by SciPy, 16 times finer."""
    x = np.random.default_rng(seed).standard_normal(2 * RATE) * 2.0
    y = MultibandDynamics(limited(ceiling_dbfs=-6, true_peak=True)).process(x)[RATE:]
    y *= np.minimum(1.0, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 4_800)
    finer = signal.resample_poly(y, 16, 1, window=("kaiser", 8.0))
    assert 20 * np.log10(np.abs(finer).max()) < -5.85


def test_sample_peaks_miss_the_true_peak():
    """Without the option the quarter-rate tone reads 3 dB above: what the option is for."""
    x = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4)
    y = MultibandDynamics(limited(ceiling_dbfs=-6)).process(x)[9_600:-9_600]
    assert true_peak_db(y) == pytest.approx(-3.0, abs=0.05)


def test_release_adapts_to_the_programme():
    """Half the reduction is back soon after a short peak, much later after a second of limiting."""

    def recovery_ms(loud_ms):
        x = tone(1_000, 3.0, -40.0)
        x[RATE : RATE + 48 * loud_ms] *= 200.0
        processor = MultibandDynamics(limited(hold_ms=1.0, release_ms=50, sustained_release_ms=500))
        curve = [
            processor.process(b) is None or processor.gain_reduction_db["output"] for b in x.reshape(-1, 48)
        ]
        after = np.array(curve[1_000 + loud_ms + 10 :])
        return np.argmax(after < 1.0)

    assert recovery_ms(5) < 200
    assert recovery_ms(1_000) > 500


def test_zero_lookahead_has_no_latency():
    """Without lookahead the latency is 0: an impulse below the ceiling leaves with the sample it came."""
    processor = MultibandDynamics(one_band(lookahead_ms=0.0))
    y = processor.process(np.array([0.5, 0.0, 0.25], np.float32))
    assert processor.latency_samples == 0
    np.testing.assert_allclose(y, [0.5, 0.0, 0.25], atol=1e-7)


def test_clip_mode_cuts():
    """The baseline cuts peaks: a tone 6 dB over comes out flat-topped at the ceiling."""
    band = BandSettings(
        compressor=CompressorSettings(enabled=False), limiter=LimiterSettings(mode="clip", ceiling_dbfs=-6)
    )
    y = MultibandDynamics(MultibandSettings(bands=(band,))).process(tone(100, 1.0))[4_800:]
    ceiling = 10 ** (-6 / 20)
    assert y.max() == pytest.approx(ceiling, rel=1e-6)
    assert np.mean(np.isclose(np.abs(y), ceiling)) > 0.5


def test_idle_bands_leave_the_output_alone():
    """Bands that are switched off and an output below its ceiling report no reduction at all."""
    processor = MultibandDynamics(MultibandSettings(cutoffs_hz=(300,), bands=(IDLE, IDLE)))
    processor.process(tone(300, 0.2, -6))
    assert processor.gain_reduction_db["output"] == 0.0
    assert not processor.gain_reduction_db["bands"].any()
