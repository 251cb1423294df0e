"""What a listener loses: against the standards' own programs, and in limits that need none."""

import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from bandwise.bands.erb import BAND_WEIGHTS  # noqa: E402
from bandwise.bench.systems import speechlike  # noqa: E402
from bandwise.measure import quality  # noqa: E402
from bandwise.suppress.ideal import features_and_targets  # noqa: E402
from bandwise.suppress.stft import SCALE  # noqa: E402
from bandwise.training.disturbance import disturbance  # noqa: E402
from bandwise.training.intelligibility import unintelligibility  # noqa: E402
from bandwise.training.listener import LISTENING_POWER, Listener, error_db, listening_volume  # noqa: E402
from bandwise.training.loudness import THRESHOLDS, WIDTHS, band_powers, loudness  # noqa: E402
from bandwise.training.records import low_spectra  # noqa: E402

RATE = 48_000
SECONDS = 8
SNRS_DB = (-5, 0, 5, 10, 15, 20, 30)


def spectra_of(x):
    """As a batch of one with a mean square of one: [1, T, 100, 2]."""
    z = torch.view_as_real(torch.from_numpy(low_spectra(x.astype(np.float32))))[None]
    return z / z.square().sum(-1).mean().sqrt()


def powers_at_ear(x, volume=None):
    """[1, T, 48] below 5 kHz at the listening level, and the factor that did it."""
    power = spectra_of(x).square().sum(-1)
    volume = listening_volume(power)[0] if volume is None else volume
    return band_powers(power, torch.zeros(*power.shape[:2], 8)) * volume[:, None, None], volume


@pytest.fixture(scope="module")
def voice():
    """A synthetic voice without a top, which the low bins do not see."""
    x = speechlike(SECONDS, RATE)
    spectrum = np.fft.rfft(x)
    spectrum[int(4_900 * SECONDS) :] = 0
    return np.fft.irfft(spectrum, len(x)).astype(np.float32)


@pytest.fixture(scope="module")
def mixtures(voice):
    """The voice in noise below 5 kHz, at several SNR."""
    spectrum = np.fft.rfft(np.random.default_rng(1).standard_normal(len(voice)))
    spectrum[int(4_900 * SECONDS) :] = 0
    spectrum /= 1 + np.arange(len(spectrum)) / (500 * SECONDS)
    noise = np.fft.irfft(spectrum, len(voice))
    noise *= np.sqrt(np.mean(voice**2) / np.mean(noise**2))
    return [(voice + 10 ** (-snr / 20) * noise).astype(np.float32) for snr in SNRS_DB]


def test_intelligibility_is_that_of_its_authors(voice, mixtures):
    """Within 0.03 of pystoi at every SNR, on other frames."""
    pytest.importorskip("pystoi")
    wanted = spectra_of(voice).square().sum(-1)
    for mixture in mixtures:
        power = spectra_of(mixture).square().sum(-1)
        found = 1 - unintelligibility(power, wanted, torch.ones(1)).item()
        assert found == pytest.approx(quality.stoi(voice, mixture, RATE), abs=0.03)


def test_points_lost_go_with_the_standard(voice, mixtures):
    """Raw PESQ falls as the disturbance rises, in the same order, and nearly in a line."""
    pytest.importorskip("pesq")
    wanted, volume = powers_at_ear(voice)
    lost = [disturbance(powers_at_ear(x, volume)[0], wanted).item() for x in mixtures]
    scores = np.array([quality.pesq_wb(voice, x, RATE) for x in mixtures])
    raw = (4.6607 - np.log(4 / (scores - 0.999) - 1)) / 1.3669  # the mapping of P.862.2, undone
    assert np.all(np.diff(lost) < 0)
    assert np.all(np.diff(raw) > 0)
    assert np.corrcoef(lost, raw)[0, 1] < -0.9


def test_the_truth_costs_next_to_nothing(voice):
    """Zero but for what keeps roots smooth, with finite gradients, where there is silence too."""
    spectra = spectra_of(voice)
    spectra[:, :100] = 0
    wanted = spectra.square().sum(-1)
    same = wanted.clone().requires_grad_()
    at_ear = [band_powers(v, torch.zeros(*v.shape[:2], 8)) for v in (same, wanted)]
    points, words = disturbance(*at_ear), unintelligibility(same, wanted, torch.ones(1))
    (points + words).sum().backward()
    assert points.item() < 0.01
    assert words.item() < 0.01
    assert torch.isfinite(same.grad).all()


def test_added_sound_costs_more_than_lost_sound(voice):
    """10 dB up in a few bands, or 10 dB down: the standard counts additions twice."""
    wanted, _ = powers_at_ear(voice)
    step = torch.ones(wanted.shape[-1])
    step[30:36] = 10
    assert disturbance(wanted * step, wanted) > 1.5 * disturbance(wanted / step, wanted)


def test_what_cannot_be_heard_costs_nothing(voice):
    """Errors below the threshold of hearing."""
    wanted, _ = powers_at_ear(voice)
    quiet = 0.5 * THRESHOLDS.expand_as(wanted)
    assert disturbance(quiet, 0.1 * quiet).item() < 0.01
    assert loudness(quiet).max() == 0


def test_loudness_grows_by_its_law():
    """Far above the threshold ten times the power is 10^0.23 = 1.7 times as loud at 1 kHz."""
    one, ten = (loudness(torch.full((48,), power)) for power in (1e6, 1e7))
    middle = (ten / one)[15]
    assert middle.item() == pytest.approx(10**0.23, rel=0.02)


def test_bands_share_out_all_power():
    """Flat power from 75 Hz to 4950 Hz arrives whole; the high bands' too, each over its width."""
    low, high = torch.ones(100), torch.arange(1.0, 9.0)
    powers = band_powers(low, high)
    assert powers[:40].sum().item() == pytest.approx((4_950 - 75) / 50, rel=1e-4)
    assert torch.allclose(powers[40:] * WIDTHS[40:], high)


@pytest.mark.parametrize("error", [0.5, 0.1, 0.03])
def test_error_in_decibels(voice, error):
    """An error of a tenth is 20 dB below; the loss is that ratio, and a turn by 180 degrees is +6 dB."""
    truth = spectra_of(voice)
    assert error_db((1 + error) * truth, truth).item() == pytest.approx(20 * np.log10(error), abs=0.5)
    assert error_db(-truth, truth).item() == pytest.approx(20 * np.log10(2), abs=0.01)
    assert error_db(truth, 0 * truth).item() == 0


def test_bands_above_are_those_of_the_gains(voice):
    """With the ideal gains and the voice itself nothing is lost; noise left above 5 kHz costs points."""
    clean = spectra_of(voice)
    scale = torch.ones(1)
    levels = torch.full((1, clean.shape[1], 34), float(np.log10(SCALE**2 * 30)))
    targets = torch.zeros(1, clean.shape[1], 68)
    listener = Listener(clean, scale, levels, targets, torch.tensor([34]))
    everything, gains = slice(0, clean.shape[1]), torch.zeros(1, clean.shape[1], 34)
    assert listener.losses(clean, gains, everything).disturbance.item() < 0.01
    gains[..., :24] = 1  # decide below 5 kHz, where spectra count
    assert listener.losses(clean, gains, everything).disturbance.item() < 0.01
    gains[..., 24:] = 1
    assert listener.losses(clean, gains, everything).disturbance.item() > 0.3
    unknown = Listener(clean, scale, levels, targets, torch.tensor([24]))
    assert unknown.losses(clean, gains, everything).disturbance.item() < 0.01


def test_levels_of_bands_and_spectra_have_one_scale(voice):
    """A band's level, undone as the listener does it, is the sum of the spectra's powers in it."""
    bare = torch.view_as_real(torch.from_numpy(low_spectra(voice)))
    power = bare.square().sum(-1).numpy()
    levels = features_and_targets(voice, voice)[0][2:, :34]
    band = power[: len(levels)] @ BAND_WEIGHTS[:, :100].T
    loud = levels[:, 10] > levels[:, 10].max() - 3
    assert np.median(np.log10(band[loud, 10] * SCALE**2) - levels[loud, 10]) == pytest.approx(0, abs=0.02)


def _listener(clean, level, target, scale=1.0):
    """Of a voice in noise with one level (log10 of energy, per unit of scale) and one ideal gain for all."""
    frames = clean.shape[:2]
    levels = torch.full((*frames, 34), float(np.log10((SCALE * scale) ** 2) + level))
    targets = torch.full((*frames, 68), target)
    return Listener(clean, torch.full(frames[:1], scale), levels, targets, torch.full(frames[:1], 34))


def test_gains_above_are_factors_of_amplitude(voice):
    """A band at a gain is a band whose energy is less by the gain's square, as wanted and as heard alike."""
    clean = spectra_of(voice)
    everything, gains = slice(0, clean.shape[1]), torch.full((1, clean.shape[1], 34), 0.2)
    at_gain = _listener(clean, 2.0, 0.5).losses(clean, gains, everything)
    softer = _listener(clean, 2.0 + 2 * np.log10(0.5), 1.0).losses(clean, gains / 0.5, everything)
    assert at_gain.disturbance.item() > 0.05
    assert at_gain.disturbance.item() == pytest.approx(softer.disturbance.item(), rel=1e-4)


def test_how_loud_a_recording_is_costs_nothing(voice):
    """Ten times the scale and 2 more in the levels are the same sound, louder: the same losses."""
    clean = spectra_of(voice)
    everything, gains = slice(0, clean.shape[1]), torch.full((1, clean.shape[1], 34), 0.9)
    soft, loud = (
        _listener(clean, 1.5, 0.1, scale).losses(0.5 * clean, gains, everything) for scale in (1.0, 10.0)
    )
    assert soft.disturbance.item() > 0.05
    assert [v.item() for v in soft] == pytest.approx([v.item() for v in loud], rel=1e-4)


def test_a_span_is_heard_by_itself(voice):
    """Levels of bands outside the frames asked for change no loss; those inside do."""
    clean = spectra_of(voice)
    span, gains = slice(300, 400), torch.ones(1, 100, 34)
    found = []
    for louder in (slice(0, 0), slice(0, 300), slice(400, None), span):
        listener = _listener(clean, 1.0, 0.1)
        listener._noisy_high[:, louder] *= 10
        found.append(listener.losses(clean[:, span], gains, span).disturbance.item())
    assert found[0] == found[1] == found[2] != found[3]


def test_the_listening_level_is_that_of_speech():
    """Pauses do not change the volume, nor does who says nothing: his own volume, and no speech, are his."""
    power = torch.rand(1, 50, 100)
    volume, speaks = listening_volume(power)
    assert (volume * power.sum(-1).mean()).item() == pytest.approx(LISTENING_POWER, rel=1e-5)
    with_pause, _ = listening_volume(torch.cat([power, torch.zeros_like(power)], 1))
    assert torch.allclose(volume, with_pause)
    assert speaks.tolist() == [1]
    assert listening_volume(torch.zeros_like(power))[1].tolist() == [0]


def test_where_nobody_speaks_nothing_is_lost(voice):
    """Whatever comes out of a sequence without a voice costs nothing here; beside one, no word is missed."""
    clean = spectra_of(voice)
    silence, noise = torch.zeros_like(clean), torch.randn_like(clean)
    everything, gains = slice(0, clean.shape[1]), torch.ones(1, clean.shape[1], 34)
    assert [v.item() for v in _listener(silence, 2.0, 0.0).losses(noise, gains, everything)] == [0, 0, 0]
    alone = _listener(clean, -9.0, 1.0).losses(clean + noise, gains, everything)
    both = _listener(torch.cat([clean, silence]), -9.0, 1.0).losses(
        torch.cat([clean + noise, noise]), gains.expand(2, -1, -1), everything
    )
    assert both.unintelligibility.item() == pytest.approx(alone.unintelligibility.item(), rel=1e-4)


def test_what_changes_all_bands_alike_is_forgiven(voice):
    """Three times the power of everything audible costs next to nothing; as a gradient it is no way out."""
    wanted, _ = powers_at_ear(voice)
    wanted = wanted[..., :40].clamp_min(1e6)
    wanted = torch.nn.functional.pad(wanted, (0, 8))
    assert disturbance(3 * wanted, wanted).item() < 0.02
    bands = torch.ones(48)
    bands[10:20] = 5
    factor = torch.tensor(1.0, requires_grad=True)
    disturbance(factor * bands * wanted, wanted).backward()
    assert factor.grad.item() > 0.05


def test_small_errors_are_not_heard_and_bursts_are(voice):
    """A tenth of the loudness is in the dead zone; one bad frame of 25 costs 25^(-1/6) of what all would."""
    wanted = torch.full((1, 100, 48), 1e6)
    bands = torch.ones(48)
    bands[::2] = 1.2
    assert disturbance(bands * wanted, wanted).item() < 0.02
    bands[::2] = 30.0
    burst = torch.where((torch.arange(100) % 25 == 7)[:, None], bands, torch.ones(48))
    always, seldom = (disturbance(v * wanted, wanted).item() for v in (bands, burst))
    assert seldom == pytest.approx(always * 25 ** (-1 / 6), rel=0.05)


def test_weights_of_what_was_added_are_taken_as_given(monkeypatch):
    """The gradient is the one that fixed numbers in their place would give."""
    wanted = torch.full((1, 50, 48), 1e6)
    bands = torch.ones(48)
    bands[::8] = 8.0

    def slope():
        factors = bands.clone().requires_grad_()
        disturbance(factors * wanted, wanted).backward()
        return factors.grad

    own, module = slope(), sys.modules[disturbance.__module__]
    gain = module._forgiving_gain(bands * wanted, wanted, WIDTHS)
    given = module._added(bands * wanted * gain[..., None], wanted).clone()
    assert given.max() > 3
    monkeypatch.setattr(module, "_added", lambda powers, wanted: given)
    assert torch.allclose(own, slope(), rtol=1e-5)
