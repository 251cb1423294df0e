"""Examples are what the configuration asks for: levels, ratios, truth, determinism."""

from dataclasses import replace

import numpy as np
import pytest

from bandwise.training import mixtures, noises, rooms
from bandwise.training.corpus import Corpus, Response
from bandwise.training.mixture_config import MixtureConfig
from bandwise.training.mixtures import Mixer
from bandwise.training.recordings import Clip, Recordings
from bandwise.training.signals import SAMPLE_RATE, active_rms
from bandwise.training.voices import Voices

PLAIN = MixtureConfig(
    seconds=2.0,
    clean_probability=0.0,
    noise_only_probability=0.0,
    room_probability=0.0,
    event_probability=0.0,
    low_pass_probability=0.0,
    narrow_voice_probability=0.0,
    clipping_probability=0.0,
    formant_probability=0.0,
    codec_probability=0.0,
    packet_loss_probability=0.0,
)


def recordings(seed, kind, bandwidths_hz, seconds=4.0):
    """Noise bursts that stand for clips; one group per clip."""
    rng = np.random.default_rng(seed)
    length = round(seconds * SAMPLE_RATE)
    samples, clips = [], []
    for index, bandwidth_hz in enumerate(bandwidths_hz):
        burst = 3_000 * rng.standard_normal(length) * (1 + np.sin(np.arange(length) / 5_000))
        samples.append(burst.astype(np.int16))
        level = active_rms(burst / 32_768)
        clips.append(Clip(str(index), str(index), kind, "", "", bandwidth_hz, index * length, length, level))
    return Recordings(np.concatenate(samples), clips)


@pytest.fixture(scope="module")
def corpus():
    """Three voices of 16 kHz, two noises and one measured room."""
    tail = np.random.default_rng(9).standard_normal(24_000) * np.exp(-np.arange(24_000) / 3_000)
    tail[0] = 12
    return Corpus(
        recordings(1, "speech", [16_000.0] * 3),
        recordings(2, "nonstationary", [20_000.0] * 2),
        [Response(tail.astype(np.float32), 0.4, "hall")],
    )


def examples(corpus, config, count=12):
    """The first examples of seed 5."""
    mixer = Mixer(corpus, config=config)
    return [mixer.example(np.random.default_rng([5, index])) for index in range(count)]


def told(example, name):
    """The number the description states as name=number."""
    return float(example.description.split(f"{name}=")[1].split()[0])


def test_same_seed_same_bytes(corpus):
    """Two mixers give identical examples for equal generators and different ones for others."""
    first, second = (examples(corpus, MixtureConfig(seconds=2.0)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert one.noisy.tobytes() == other.noisy.tobytes()
        assert one.clean.tobytes() == other.clean.tobytes()
        assert one.description == other.description
    assert first[0].noisy.tobytes() != first[1].noisy.tobytes()


def test_everything_is_finite_and_of_the_length_asked_for(corpus):
    """With all augmentations on: float32, finite, equal lengths, never above full scale, no DC."""
    for example in examples(corpus, MixtureConfig(seconds=2.0, room_probability=0.8), 40):
        for samples in (example.clean, example.noisy):
            assert samples.dtype == np.float32
            assert samples.shape == (96_000,)
            assert np.isfinite(samples).all()
        assert np.abs(example.noisy).max() <= 1.5  # a codec may overshoot
        assert abs(example.noisy.mean()) < 0.1 * example.noisy.std()


def test_snr_is_what_the_description_says(corpus, monkeypatch):
    """Behind a transparent microphone, speech active level over noise RMS is the SNR within 0.1 dB."""
    monkeypatch.setattr(mixtures.augment, "microphone", lambda rng: np.array([[1.0, 0, 0, 1, 0, 0]]))
    for example in examples(corpus, PLAIN):
        noise = example.noisy - example.clean
        rms = np.sqrt(np.mean(np.square(noise, dtype=np.float64)))
        assert 20 * np.log10(active_rms(example.clean) / rms) == pytest.approx(told(example, "snr"), abs=0.1)


def test_snr_stays_within_its_range(corpus):
    """No SNR outside the range, most within the usual one."""
    ratios = [told(example, "snr") for example in examples(corpus, replace(PLAIN, seconds=0.5), 80)]
    assert min(ratios) >= -5
    assert max(ratios) <= 45
    assert np.mean([-2 <= ratio <= 25 for ratio in ratios]) > 0.8


def test_clean_examples_are_clean(corpus):
    """Without noise and room, noisy is clean bit for bit."""
    for example in examples(corpus, replace(PLAIN, clean_probability=1.0)):
        np.testing.assert_array_equal(example.clean, example.noisy)


def test_noise_only_examples_want_silence(corpus):
    """The target is zero in all bands, and none is masked."""
    for example in examples(corpus, replace(PLAIN, noise_only_probability=1.0)):
        assert not example.clean.any()
        assert example.noisy.any()
        assert example.bandwidth_hz == 24_000


def test_throats_are_drawn_more_often_than_there_is_of_them(corpus):
    """Of two noises the dog's is the first of all mixtures where only throats are asked for, else of some."""
    dog, rain = (replace(c, group=g) for c, g in zip(corpus.noise.clips, ("dog", "rain"), strict=True))
    both = Corpus(corpus.speech, Recordings(corpus.noise.samples, [dog, rain]), corpus.responses)
    config = replace(PLAIN, babble_probability=0.0, synthetic_probability=0.0)
    for share, least, most in ((0.0, 5, 35), (1.0, 40, 40)):
        drawn = noises.Noises(both, replace(config, throat_probability=share))
        rng = np.random.default_rng(4)
        assert least <= sum("dog" in drawn.draw(rng, 4_800)[1][0] for _ in range(40)) <= most


def test_bandwidth_follows_speed(corpus):
    """A voice true to 16 kHz, played faster or slower by a known factor, is true to 16 kHz times it."""
    fast = replace(PLAIN, speech_speed=(1.1, 1.1))
    assert all(example.bandwidth_hz == pytest.approx(17_600) for example in examples(corpus, fast))


def test_low_pass_lowers_bandwidth_and_empties_the_top(corpus):
    """Above the cutoff nothing is left in either signal and nothing is claimed."""
    for example in examples(corpus, replace(PLAIN, low_pass_probability=1.0)):
        cutoff_hz = told(example, "low-pass")
        assert example.bandwidth_hz <= cutoff_hz + 1
        spectrum = np.square(np.abs(np.fft.rfft(example.noisy * np.hanning(96_000))))
        above = spectrum[round(1.2 * cutoff_hz * 2) :].sum()
        assert above < 1e-4 * spectrum.sum()


def test_narrow_voices_claim_the_empty_top(corpus):
    """A voice narrowed on purpose is known to be empty above: nothing is masked, the target has no treble."""
    for example in examples(corpus, replace(PLAIN, narrow_voice_probability=1.0)):
        assert example.bandwidth_hz == 24_000
        spectrum = np.square(np.abs(np.fft.rfft(example.clean * np.hanning(96_000))))
        assert spectrum[20_000:].sum() < 1e-4 * spectrum.sum()


def test_peaks_lie_in_the_range_asked_for(corpus):
    """Every noisy peak lies between -45 and 0 dBFS, and both ends are used."""
    peaks = [20 * np.log10(np.abs(e.noisy).max()) for e in examples(corpus, replace(PLAIN, seconds=0.5), 60)]
    assert -45.01 < min(peaks) < -35
    assert -10 < max(peaks) < 0.01


def test_room_target_is_aligned_and_drier(corpus):
    """In a room, clean and noisy correlate best at lag 0, and the wanted signal has less energy."""
    config = replace(PLAIN, room_probability=1.0, clean_probability=1.0)
    for example in examples(corpus, config):
        size = 2 * len(example.clean)
        spectra = np.fft.rfft(np.stack([example.clean, example.noisy]), size)
        assert np.argmax(np.fft.irfft(spectra[0].conj() * spectra[1])) == 0
        assert np.square(example.clean).sum() <= 1.02 * np.square(example.noisy).sum()


def test_clipping_touches_only_the_noisy_signal(corpus):
    """The clipped signal is flat at its peak; the target is not clipped with it."""
    config = replace(PLAIN, clean_probability=1.0, clipping_probability=1.0)
    for example in examples(corpus, config):
        peak = np.abs(example.noisy).max()
        assert (np.abs(example.noisy) == peak).sum() > 1
        assert np.abs(example.clean).max() > peak


def test_looping_has_no_seam():
    """A looped tone of whole periods stays below the slope a seam would have."""
    tone = np.sin(2 * np.pi * 100 * np.arange(9_600) / SAMPLE_RATE).astype(np.float32)
    looped = noises._loop(np.random.default_rng(1), tone, 100_000)
    assert looped.shape == (100_000,)
    assert np.abs(np.diff(looped)).max() < 3 * np.abs(np.diff(tone)).max()


def test_the_target_has_less_of_the_room(corpus):
    """In a measured hall of 0.4 s, what is wanted is never what is heard, though both begin alike."""
    config = replace(PLAIN, room_probability=1.0, clean_probability=1.0)
    mixer = Mixer(corpus, rooms.Rooms(corpus.responses, measured_probability=1.0), config)
    for index in range(4):
        example = mixer.example(np.random.default_rng([5, index]))
        tail = example.noisy - example.clean
        assert 1e-4 < np.square(tail).sum() / np.square(example.noisy).sum() < 1


def test_a_line_takes_from_truth_what_nobody_could_give_back(corpus):
    """Treble above a low-pass and lost packets are missing in both; a codec touches the noisy one alone."""
    clean = replace(PLAIN, clean_probability=1.0)
    for change in ({"low_pass_probability": 1.0}, {"packet_loss_probability": 1.0}):
        for example in examples(corpus, replace(clean, **change), 4):
            np.testing.assert_array_equal(example.clean, example.noisy)
    plain, coded = (examples(corpus, replace(clean, codec_probability=p), 4) for p in (0.0, 1.0))
    for before, after in zip(plain, coded, strict=True):
        np.testing.assert_array_equal(before.clean, after.clean)
        assert not np.array_equal(before.noisy, after.noisy)


def test_a_low_pass_above_a_recordings_reach_claims_no_more(corpus, monkeypatch):
    """A voice true to 16 kHz stays so behind a low-pass at 18 kHz."""
    monkeypatch.setattr(mixtures.augment, "draw_cutoff_hz", lambda rng: 18_000.0)
    config = replace(PLAIN, low_pass_probability=1.0, second_speaker_probability=0.0, speech_speed=(1, 1))
    assert {example.bandwidth_hz for example in examples(corpus, config, 4)} == {16_000}


@pytest.mark.parametrize(("factor", "reach_hz"), [(1.2, 16_000), (0.85, 13_600)])
def test_other_formants_claim_no_more_than_there_was(corpus, factor, reach_hz):
    """A stretched envelope makes no treble; a squeezed one takes it from the top."""
    config = replace(PLAIN, formant_probability=1.0, formant_factor=(factor, factor), speech_speed=(1, 1))
    for example in examples(corpus, config, 4):
        assert example.bandwidth_hz == pytest.approx(reach_hz)


def test_several_recordings_claim_what_all_of_them_know():
    """Of one speaker's clips, and of two speakers, the narrowest says up to where the whole is true."""
    clips = recordings(3, "speech", [16_000.0, 15_500.0, 15_000.0], seconds=1.0)
    wide, narrow, other = (replace(c, group=g) for c, g in zip(clips.clips, ("a", "a", "b"), strict=True))
    rng = np.random.default_rng(0)
    one = Voices(Recordings(clips.samples, [wide, narrow]), PLAIN)
    assert one._phrases(rng, wide, 20 * SAMPLE_RATE)[1] == 15_500
    config = replace(PLAIN, second_speaker_probability=1.0, speech_speed=(1, 1))
    two = Voices(Recordings(clips.samples, [wide, other]), config)
    drawn = iter([wide, other])
    two.recordings.draw = lambda rng: next(drawn)
    assert two.draw(rng, SAMPLE_RATE)[1] == 15_000


def test_events_are_as_loud_as_their_ratio_says(corpus):
    """One to three events, each 20 dB below speech of level 1, are between that and three times as much."""
    drawn = noises.Noises(corpus, replace(PLAIN, event_snr_db=(20.0, 20.0)))
    for seed in range(4):
        noise = np.zeros(5 * SAMPLE_RATE, np.float32)
        names = drawn.add_events(np.random.default_rng(seed), noise, 1.0)
        assert 0.05 < active_rms(noise) < 0.1 * len(names) + 0.05
        short = np.zeros(SAMPLE_RATE // 5, np.float32)
        drawn.add_events(np.random.default_rng(seed), short, 1.0)
        assert short.any()


def test_an_event_that_begins_as_its_piece_ends_is_not_blown_up(corpus):
    """A piece may hold silence but for its last milliseconds, which no whole block of 20 ms counts."""
    drawn = noises.Noises(corpus, replace(PLAIN, event_snr_db=(0.0, 0.0)))
    late = np.zeros(SAMPLE_RATE + 300, np.float32)
    late[-200:] = 1.0
    drawn._piece = lambda *_: late
    noise = np.zeros(5 * SAMPLE_RATE, np.float32)
    drawn.add_events(np.random.default_rng(0), noise, 0.1)
    assert 0.0 < np.abs(noise).max() < 10.0


def test_the_first_background_is_the_loudest(corpus):
    """Of backgrounds of one, the first stays one and each further is between 15 dB below and as loud."""
    drawn = noises.Noises(corpus, replace(PLAIN, onset_probability=0.0))
    drawn._background = lambda rng, length: (np.ones(length, np.float32), "one")
    rng = np.random.default_rng(0)
    for noise, names in (drawn.draw(rng, 10) for _ in range(40)):
        further = len(names) - 1
        assert 1 + 10 ** (-15 / 20) * further - 1e-6 <= noise[0] <= 1 + further + 1e-6
