"""Shards hold what the mixer makes, appear whole, and are read at random."""

import numpy as np
import pytest

from bandwise.errors import BandwiseError
from bandwise.suppress.ideal import features_and_targets
from bandwise.suppress.stft import SCALE, WINDOW, analyse
from bandwise.training import shard_reader, shards
from bandwise.training.mixture_config import MixtureConfig
from bandwise.training.mixtures import Example


def describe(clean, noisy):
    """A stand-in oracle: frame number, frame level and the clean level, repeated over the columns."""
    frames = len(noisy) // 480
    level = np.abs(noisy[: frames * 480]).reshape(frames, 480).mean(axis=1)
    features = np.repeat(level[:, None], 70, axis=1)
    features[:, 0] = np.arange(frames)
    targets = np.repeat(np.abs(clean[: frames * 480]).reshape(frames, 480).mean(axis=1)[:, None], 68, axis=1)
    return features.astype(np.float32), targets.astype(np.float32)


class StandInMixer:
    """White noise whose bandwidth is drawn from the generator."""

    config = MixtureConfig(seconds=1.0)

    def example(self, rng):
        """Noise as both signals."""
        noise = rng.standard_normal(48_000).astype(np.float32)
        return Example(noise, noise, float(rng.choice([8_000.0, 24_000.0])), "")


def put_shard(folder, seed, examples=4, *, spectra=False):
    """A finished shard in `folder`."""
    records = shards.make_shard(StandInMixer(), seed, examples, describe, spectra=spectra)
    np.save(folder / shards.shard_name(seed), records)
    return records


def test_same_seed_same_shard(tmp_path):
    """Two shards of one seed are equal byte for byte, those of two seeds are not."""
    first, again, other = (shards.make_shard(StandInMixer(), seed, 2, describe) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_examples_do_not_depend_on_the_shard_length():
    """Example i is the same in a long and in a short shard."""
    short, long = (shards.make_shard(StandInMixer(), 3, count, describe) for count in (1, 3))
    assert short[0].tobytes() == long[0].tobytes()


def test_batches_have_the_promised_shapes(tmp_path):
    """float32 features and targets, one number of bands per sequence, consecutive frames."""
    put_shard(tmp_path, 0)
    batch = shard_reader.ShardReader(tmp_path).batch(np.random.default_rng(0), 6, 40)
    features, targets, bands_valid, spectra = batch
    assert spectra is None
    assert features.shape == (6, 40, 70)
    assert targets.shape == (6, 40, 68)
    assert features.dtype == targets.dtype == np.float32
    assert set(bands_valid) <= {shards.bands_below(8_000), 34}
    np.testing.assert_array_equal(np.diff(features[:, :, 0], axis=1), 1)


def test_features_and_targets_stay_together(tmp_path):
    """The stand-in's level is in both, so a sequence cut at different places would differ."""
    put_shard(tmp_path, 0)
    features, targets, *_ = shard_reader.ShardReader(tmp_path).batch(np.random.default_rng(1), 8, 30)
    np.testing.assert_array_equal(features[:, :, 1], targets[:, :, 0])


def test_batches_follow_the_generator(tmp_path):
    """Equal generators, equal batches."""
    put_shard(tmp_path, 0)
    readers = [shard_reader.ShardReader(tmp_path) for _ in range(2)]
    one, two = (reader.batch(np.random.default_rng(7), 3, 20)[0] for reader in readers)
    np.testing.assert_array_equal(one, two)


def heard(batch, records):
    """Which of the records [any, 100 frames] each sequence of a batch was cut from, told by its levels."""
    levels = records["features"][:, :, 1]
    found = []
    for features in batch.features:
        start = int(features[0, 0])
        same = (levels[:, start : start + len(features)] == features[:, 1]).all(axis=1)
        found += np.flatnonzero(same).tolist()
    return found


def test_every_mixture_is_heard_once_before_any_again(tmp_path):
    """Rounds of two shards of 4: each holds all 8, in another order; batches need not fit a round."""
    records = np.concatenate([put_shard(tmp_path, seed) for seed in (0, 1)])
    reader, rng = shard_reader.ShardReader(tmp_path), np.random.default_rng(3)
    turns = [turn for _ in range(8) for turn in heard(reader.batch(rng, 3, 20), records)]
    rounds = [turns[k : k + 8] for k in (0, 8, 16)]
    assert [sorted(r) for r in rounds] == [list(range(8))] * 3
    assert len({tuple(r) for r in rounds}) == 3


def test_new_mixtures_are_heard_first(tmp_path):
    """A shard that joins in the midst of a round is heard at once; then the round goes on."""
    old = put_shard(tmp_path, 0)
    reader, rng = shard_reader.ShardReader(tmp_path, rescan_batches=2), np.random.default_rng(0)
    begun = heard(reader.batch(rng, 2, 20), old)
    new = put_shard(tmp_path, 1)
    assert sorted(heard(reader.batch(rng, 4, 20), new)) == [0, 1, 2, 3]
    assert sorted([*begun, *heard(reader.batch(rng, 2, 20), old)]) == [0, 1, 2, 3]


def test_new_shards_join_while_reading(tmp_path):
    """A shard finished after the reader opened is found at the next look; unfinished files never are."""
    put_shard(tmp_path, 0)
    reader = shard_reader.ShardReader(tmp_path, rescan_batches=2)
    assert reader.minutes == pytest.approx(4 / 60)
    put_shard(tmp_path, 1)
    (tmp_path / ".shard-000002.1.part").write_bytes(b"half")
    for _ in range(2):
        reader.batch(np.random.default_rng(0), 1, 10)
    assert reader.minutes == pytest.approx(8 / 60)


def test_validation_reads_every_frame_once(tmp_path):
    """In order, all of both shards, the last batch shorter."""
    records = [put_shard(tmp_path, seed, examples=3) for seed in (0, 1)]
    batches = list(shard_reader.ShardReader(tmp_path).sequences(frames=50, sequences=5))
    assert [len(features) for features, *_ in batches] == [5, 5, 2]
    together = np.concatenate([features for features, *_ in batches]).reshape(6, 100, 70)
    np.testing.assert_array_equal(together, np.concatenate([record["features"] for record in records]))


def test_empty_folder_is_refused(tmp_path):
    """No shards is an error that says so."""
    with pytest.raises(BandwiseError, match="no shards"):
        shard_reader.ShardReader(tmp_path)


def test_too_long_sequences_are_refused(tmp_path):
    """More frames than an example holds cannot be had."""
    put_shard(tmp_path, 0)
    with pytest.raises(BandwiseError, match="101 frames"):
        shard_reader.ShardReader(tmp_path).batch(np.random.default_rng(0), 1, 101)


@pytest.mark.parametrize(
    ("bandwidth_hz", "bands"),
    [(0.0, 0), (25.0, 1), (1_000.0, 12), (8_000.0, 26), (19_499.0, 33), (24_000.0, 34)],
)
def test_bands_below(bandwidth_hz, bands):
    """A band counts when the middle between it and the next lies below; 20 kHz material counts as full."""
    assert shards.bands_below(bandwidth_hz) == bands


def test_values_beyond_float16_are_refused():
    """Features that overflow float16 would poison training: no shard is made of them."""

    def huge(clean, noisy):
        return np.full((100, 70), 1e6, np.float32), np.zeros((100, 68), np.float32)

    with np.errstate(over="ignore"), pytest.raises(BandwiseError, match="float16"):
        shards.make_shard(StandInMixer(), 0, 1, huge)


def test_written_shards_are_left_alone(tmp_path, monkeypatch):
    """A seed that is there is not made again; missing ones are, and reported in order."""
    monkeypatch.setattr(shards, "_load_mixer", lambda job: StandInMixer())
    job = shards.ShardJob(tmp_path, tmp_path, minutes=0.05, config=StandInMixer.config, describe=describe)
    (tmp_path / shards.shard_name(1)).write_bytes(b"kept")
    seen = []
    paths = shards.write_shards(job, 0, 3, on_shard=seen.append)
    assert paths == seen == [tmp_path / shards.shard_name(seed) for seed in range(3)]
    assert (tmp_path / shards.shard_name(1)).read_bytes() == b"kept"
    assert len(np.load(paths[2])) == 3


def test_spectra_are_those_of_the_same_audio():
    """Times scale, frame l is the transform of samples 480 l to 480 l + 960 under the window; so for both."""

    class Two(StandInMixer):
        def example(self, rng):
            clean, noise = 0.1 * rng.standard_normal((2, 48_000)).astype(np.float32)
            return Example(clean, clean + noise, 24_000.0, "")

    record = shards.make_shard(Two(), 5, 1, describe, spectra=True)[0]
    example = Two().example(np.random.default_rng([5, 0]))
    for name, signal in (("noisy", example.noisy), ("clean", example.clean)):
        stored = record[name].astype(np.float32) * record["scale"] @ np.array([1, 1j])
        padded = np.append(signal, np.zeros(480, np.float32))
        for l in (0, 1, 50, 99):
            frame = padded[480 * l : 480 * l + 960]
            expected = np.fft.rfft(frame.astype(np.float64) * WINDOW)[:100]
            assert np.abs(stored[l] - expected).max() < 1e-3 * np.abs(expected).max()
            assert np.allclose(stored[l] * SCALE, analyse(frame)[:100], atol=2e-3 * SCALE * record["scale"])
    noisy = record["noisy"].astype(np.float64)
    assert (noisy**2).sum(-1).mean() == pytest.approx(1, rel=1e-3)


def test_spectra_are_of_the_frames_that_features_describe():
    """A click in frame 30 shows in the spectra of frames 29 and 30, and two frames earlier in the levels."""
    noisy = np.full(48_000, 1e-6, np.float32)
    noisy[480 * 30 + 240] = 1
    record = np.zeros(1, shards.record_type(100, spectra=True))[0]
    shards.put_spectra(record, noisy, noisy)
    features, _ = features_and_targets(noisy, noisy)
    energy = (record["noisy"].astype(np.float32) ** 2).sum(axis=(1, 2))
    assert set(np.flatnonzero(energy > 1e-3)) == {29, 30}
    assert set(np.flatnonzero(features[:, :28].mean(axis=1) > -8)) == {27, 28}


def test_silence_has_spectra_of_zeros():
    """Digital silence is stored as such and divided by nothing."""
    record = np.zeros(1, shards.record_type(10, spectra=True))[0]
    shards.put_spectra(record, np.zeros(4800, np.float32), np.zeros(4800, np.float32))
    assert not record["noisy"].any()
    assert record["scale"] > 0


def test_spectra_stay_with_their_features(tmp_path):
    """A batch cut at random places holds the spectra of the frames it holds the features of."""
    records = put_shard(tmp_path, 0, spectra=True)
    reader = shard_reader.ShardReader(tmp_path)
    assert reader.spectra
    batch = reader.batch(np.random.default_rng(1), 8, 30)
    assert batch.spectra.noisy.shape == batch.spectra.clean.shape == (8, 30, 100, 2)
    for row, features in enumerate(batch.features):
        start = int(features[0, 0])
        (source,) = [r for r in records if (r["features"][start : start + 30] == features).all()]
        assert (batch.spectra.noisy[row] == source["noisy"][start : start + 30]).all()
        assert batch.spectra.scale[row] == source["scale"]


def test_a_folder_with_some_spectra_has_none(tmp_path):
    """They are handed on only if every shard has them."""
    put_shard(tmp_path, 0, spectra=True)
    put_shard(tmp_path, 1)
    reader = shard_reader.ShardReader(tmp_path)
    assert not reader.spectra
    assert reader.batch(np.random.default_rng(0), 2, 10).spectra is None


def test_spectra_are_written_only_when_asked():
    """Without, records are what they were; with, four times as large."""
    plain, full = (shards.record_type(500, spectra=spectra) for spectra in (False, True))
    assert plain.names == ("features", "targets", "bands_valid")
    assert 3.5 < full.itemsize / plain.itemsize < 4.5


class Muffled(StandInMixer):
    """Noise whose clean half is another signal."""

    def example(self, rng):
        """Two signals, and a bandwidth drawn from the generator."""
        clean, noise = 0.1 * rng.standard_normal((2, 48_000)).astype(np.float32)
        return Example(clean, clean + noise, float(rng.choice([8_000.0, 24_000.0])), "")


def test_bandwidth_and_truth_stay_with_their_example(tmp_path):
    """From example to batch: how many bands count, and the clean spectra of the same frames."""
    records = shards.make_shard(Muffled(), 0, 6, describe, spectra=True)
    drawn = [Muffled().example(np.random.default_rng([0, i])).bandwidth_hz for i in range(6)]
    assert records["bands_valid"].tolist() == [shards.bands_below(hz) for hz in drawn]
    assert len(set(drawn)) == 2
    np.save(tmp_path / shards.shard_name(0), records)
    batch = shard_reader.ShardReader(tmp_path).batch(np.random.default_rng(1), 6, 30)
    for row, source in enumerate(heard(batch, records)):
        start = int(batch.features[row, 0, 0])
        assert batch.bands_valid[row] == records["bands_valid"][source]
        assert (batch.spectra.clean[row] == records["clean"][source][start : start + 30]).all()
        assert not (batch.spectra.clean[row] == batch.spectra.noisy[row]).all()


def test_sequences_start_anywhere(tmp_path):
    """Of 100 frames, a sequence of 98 starts at 0, 1 or 2, the last included."""
    put_shard(tmp_path, 0)
    batch = shard_reader.ShardReader(tmp_path).batch(np.random.default_rng(0), 60, 98)
    assert set(batch.features[:, 0, 0]) == {0, 1, 2}


def test_mixtures_are_of_the_split_and_the_kind_asked_for(tmp_path, monkeypatch):
    """A job for validation reads recordings for validation, and mixes as its configuration says."""
    read = []
    monkeypatch.setattr(shards, "load_corpus", lambda *args: read.append(args))
    monkeypatch.setattr(shards, "Mixer", lambda corpus, config: config)
    config = MixtureConfig(seconds=1.0)
    job = shards.ShardJob(tmp_path / "data", tmp_path, split="valid", cache_dir=tmp_path, config=config)
    assert shards._load_mixer.__wrapped__(job) is config
    assert read == [(tmp_path / "data", "valid", tmp_path)]
