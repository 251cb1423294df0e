"""What the corpus reads, and what it refuses to read."""

import csv

import numpy as np
import pytest
import soundfile

from bandwise.errors import BandwiseError
from bandwise.training.corpus import load_corpus
from bandwise.training.reserved import is_reserved
from bandwise.training.signals import SAMPLE_RATE, active_rms

SPEECH_COLUMNS = ["path", "source", "licence", "speaker", "split", "bandwidth_hz"]
NOISE_COLUMNS = ["path", "source_repo", "licence", "class", "kind", "split", "bandwidth_hz"]
RIR_COLUMNS = ["path", "source_repo", "licence", "room", "rt60_s", "split"]


def write_manifest(folder, columns, rows):
    """A MANIFEST.csv with these rows."""
    with (folder / "MANIFEST.csv").open("w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([columns, *rows])


@pytest.fixture
def data_dir(tmp_path):
    """Two speakers, one noise, one response for training; one file of each for validation."""
    for name in ("speech", "noise", "rir"):
        (tmp_path / name).mkdir()
        for split, level in (("train", 0.5), ("other", 0.25), ("valid", 0.125)):
            tone = level * np.sin(2 * np.pi * 440 * np.arange(24_000) / SAMPLE_RATE)
            soundfile.write(tmp_path / name / f"{split}.flac", tone, SAMPLE_RATE)
    write_manifest(
        tmp_path / "speech",
        SPEECH_COLUMNS,
        [
            ["train.flac", "somewhere", "CC0", "a", "train", 16_000],
            ["other.flac", "elsewhere", "MIT", "b", "train", 8_000],
            ["valid.flac", "somewhere", "CC0", "c", "valid", 20_000],
        ],
    )
    noise = ["somewhere", "CC0", "fan", "stationary"]
    write_manifest(
        tmp_path / "noise",
        NOISE_COLUMNS,
        [["train.flac", *noise, "train", 20_000], ["valid.flac", *noise, "valid", 20_000]],
    )
    write_manifest(
        tmp_path / "rir",
        RIR_COLUMNS,
        [["train.flac", "h", "BSD", "hall", 0.5, "train"], ["valid.flac", "h", "BSD", "hall", 0.5, "valid"]],
    )
    return tmp_path


def test_split_is_obeyed(data_dir):
    """No clip of another split is ever in a corpus."""
    corpus = load_corpus(data_dir, "train")
    assert {clip.name for clip in corpus.speech.clips} == {"train.flac", "other.flac"}
    assert [clip.name for clip in load_corpus(data_dir, "valid").speech.clips] == ["valid.flac"]


def test_cache_holds_the_same_samples(data_dir, tmp_path):
    """Samples from the cache file equal those decoded into memory, on the first and on the second load."""
    decoded = load_corpus(data_dir).speech
    for _ in range(2):
        cached = load_corpus(data_dir, cache_dir=tmp_path / "cache").speech
        assert cached.clips == decoded.clips
        np.testing.assert_array_equal(cached.samples, decoded.samples)


def test_changed_manifest_is_read_again(data_dir, tmp_path):
    """A cache made from another manifest is not used."""
    load_corpus(data_dir, cache_dir=tmp_path / "cache")
    write_manifest(
        data_dir / "speech", SPEECH_COLUMNS, [["other.flac", "elsewhere", "MIT", "b", "train", 8_000]]
    )
    assert len(load_corpus(data_dir, cache_dir=tmp_path / "cache").speech.clips) == 1


def test_clips_are_read_at_unit_active_level(data_dir):
    """Whatever level a file had, `read` gives active RMS 1."""
    speech = load_corpus(data_dir).speech
    for clip in speech.clips:
        assert active_rms(speech.read(clip, 0, clip.length)) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize(
    "row",
    [
        {"source": "someone", "speaker": "vctk:p232"},
        {"source": "someone", "speaker": "vctk:p365"},
        {"source": "someone", "speaker": "librispeech:1089"},
        {"source_repo": "iver56/audiomentations"},
    ],
)
def test_test_material_is_reserved(row):
    """Test voices and rooms are recognised whoever passes them on."""
    assert is_reserved(row)


@pytest.mark.parametrize("speaker", ["vctk:p225", "librispeech:26", "other:1089", "p232"])
def test_other_voices_are_not_reserved(speaker):
    """A name is only reserved within its own corpus."""
    assert not is_reserved({"source": "someone", "speaker": speaker})


def test_reserved_rows_are_not_loaded(data_dir):
    """A reserved speaker listed for training stays out of the corpus; the others stay in."""
    rows = [
        ["train.flac", "x", "MIT", "vctk:p257", "train", 16_000],
        ["other.flac", "x", "MIT", "b", "train", 8_000],
    ]
    write_manifest(data_dir / "speech", SPEECH_COLUMNS, rows)
    assert [clip.name for clip in load_corpus(data_dir).speech.clips] == ["other.flac"]


def test_missing_folder_says_what_to_do(tmp_path):
    """A folder without manifests is refused in one line."""
    with pytest.raises(BandwiseError, match=r"MANIFEST\.csv"):
        load_corpus(tmp_path)


def test_unknown_split_is_refused(data_dir):
    """A split no row has is an error, not an empty corpus."""
    with pytest.raises(BandwiseError, match="'test'"):
        load_corpus(data_dir, "test")


def test_active_level_ignores_pauses():
    """Half a signal of silence lowers the RMS by 3 dB and the active level not at all."""
    noise = np.random.default_rng(1).standard_normal(SAMPLE_RATE).astype(np.float32)
    halved = np.concatenate([noise, np.zeros_like(noise)])
    assert active_rms(halved) == pytest.approx(active_rms(noise), rel=1e-2)
    assert active_rms(np.zeros(SAMPLE_RATE, np.float32)) == 0


def test_clips_lie_one_behind_the_other(data_dir):
    """Files of other pitches and lengths: each clip reads as its own file does."""
    for name, hz, length in (("train", 300, 36_000), ("other", 700, 12_000)):
        tone = 0.5 * np.sin(2 * np.pi * hz * np.arange(length) / SAMPLE_RATE)
        soundfile.write(data_dir / "speech" / f"{name}.flac", tone, SAMPLE_RATE)
    speech = load_corpus(data_dir).speech
    assert [clip.length for clip in speech.clips] == [36_000, 12_000]
    for clip, hz in zip(speech.clips, (300, 700), strict=True):
        sound = speech.read(clip, 0, clip.length)
        assert np.argmax(np.abs(np.fft.rfft(sound))) * SAMPLE_RATE / len(sound) == pytest.approx(hz, abs=2)


def test_a_recording_that_was_replaced_is_read_again(data_dir, tmp_path):
    """Though the list says the same."""
    before = load_corpus(data_dir, cache_dir=tmp_path / "cache").noise
    assert before.clips[0].length == 24_000
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(12_000) / SAMPLE_RATE)
    soundfile.write(data_dir / "noise" / "train.flac", tone, SAMPLE_RATE)
    assert load_corpus(data_dir, cache_dir=tmp_path / "cache").noise.clips[0].length == 12_000


def test_a_recording_without_a_level_is_left_out(data_dir):
    """All its sound lies in the last 20 ms, which are not whole: none of it can be brought to level 1."""
    click = np.zeros(1_900)
    click[-3:] = 0.5, -1.0, 0.5
    soundfile.write(data_dir / "speech" / "other.flac", click, SAMPLE_RATE)
    assert [clip.name for clip in load_corpus(data_dir).speech.clips] == ["train.flac"]


@pytest.mark.parametrize(("kind", "told"), [("noise", "nothing but silence"), ("rir", "is silent")])
def test_silence_is_told(data_dir, kind, told):
    """Of a folder in which nothing sounds, and of a response that never does."""
    soundfile.write(data_dir / kind / "train.flac", np.zeros(4_800), SAMPLE_RATE)
    with pytest.raises(BandwiseError, match=told):
        load_corpus(data_dir)
