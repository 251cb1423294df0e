"""The commands `train` and `export`, from shards to a file that runs."""

import csv
import json
import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytest.importorskip("torch")
pytest.importorskip("onnx")

from bandwise.apps import shard_maker
from bandwise.apps.export import export
from bandwise.apps.train import FILTER_SIZES, train
from bandwise.errors import BandwiseError
from bandwise.measure import voices
from bandwise.suppress.network import Network
from bandwise.training.checkpoint import trained_network
from bandwise.training.network_config import SIZES
from bandwise.training.records import record_type
from bandwise.training.shards import shard_name
from bandwise.training.trained import trained


@pytest.fixture
def shards(tmp_path):
    """A folder of two random shards, one for validation."""
    rng = np.random.default_rng(0)
    for split in ("train", "valid"):
        records = np.zeros(6, record_type(50))
        records["features"] = rng.standard_normal(records["features"].shape)
        records["targets"] = rng.random(records["targets"].shape)
        records["bands_valid"] = 34
        (tmp_path / "shards" / split).mkdir(parents=True)
        np.save(tmp_path / "shards" / split / shard_name(0), records)
    return tmp_path / "shards"


def test_from_shards_to_a_network_that_runs(shards, tmp_path, capsys):
    """`train` leaves a checkpoint and a log; `export` makes a file of it that knows its data; it runs."""
    run, model = tmp_path / "run", tmp_path / "models" / "mine.onnx"
    train(shards=shards, out=run, size="toy", updates=20, sequences=4, frames=30)
    assert {p.name for p in run.iterdir()} >= {"checkpoint.pt", "log.jsonl", "data.json"}
    export([run], out=model, checksum=True)
    said = capsys.readouterr().out
    assert "min left" in said
    assert "valid" in said
    assert "largest difference" in said
    gains, strengths = Network(model).step(np.zeros(70, np.float32))
    assert gains.shape == strengths.shape == (34,)
    assert list(json.loads((model.parent / "checksums.json").read_text())) == ["mine"]


@pytest.fixture
def recordings(tmp_path):
    """A synthetic voice, a noise and a room for either split."""
    rng = np.random.default_rng(3)
    known = {"source_repo": "here", "licence": "CC0", "bandwidth_hz": 24_000}
    kinds = {
        "speech": ({"speaker": "a"}, lambda seed: voices.synthesise(seed, 6.0)[0]),
        "noise": ({"class": "fan", "kind": "stationary"}, lambda _: 0.1 * rng.standard_normal(288_000)),
        "rir": ({"room": "none", "rt60_s": 0.1}, lambda _: np.eye(1, 4800)[0]),
    }
    for kind, (more, make) in kinds.items():
        folder = tmp_path / "data" / kind
        folder.mkdir(parents=True)
        rows = [{"path": f"{s}.wav", "split": s, **known, **more} for s in ("train", "valid")]
        for seed, row in enumerate(rows):
            soundfile.write(folder / row["path"], make(seed), 48_000)
        with (folder / "MANIFEST.csv").open("w", newline="", encoding="utf-8") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return tmp_path / "data"


def test_one_command_puts_a_deep_filter_behind_a_trained_network(shards, recordings, tmp_path, capsys):
    """From recordings: shards with spectra are mixed, bands and filter trained on from a checkpoint.

    The filter can be made wider, and stays so.
    """
    toy = {"size": "toy", "sequences": 2, "threads": 1}
    train(shards=shards, out=tmp_path / "bands", updates=1, frames=30, **toy)
    run = tmp_path / "run"
    initial = str(tmp_path / "bands" / "checkpoint.pt")
    train(recordings, out=run, deep_filter=True, initial=initial, updates=4, hours=0.003, **toy)
    assert "spectra 0." in capsys.readouterr().out
    network, _ = trained_network(run / "checkpoint.pt")
    assert network.filter.units == 64
    last = json.loads((run / "log.jsonl").read_text().splitlines()[-1])
    assert last["kind"] == "valid"
    assert 0 < last["spectral_loss"] < 1
    on = {"shards": run / "shards", "deep_filter": True, "updates": 1, "frames": 125, **toy}
    train(out=tmp_path / "wide", initial=str(run / "checkpoint.pt"), filter_units=72, **on)
    train(out=tmp_path / "on", initial=str(tmp_path / "wide" / "checkpoint.pt"), **on)
    (tmp_path / "wide" / "checkpoint.pt").unlink()
    train(out=tmp_path / "on", **on | {"updates": 2})
    assert trained_network(tmp_path / "on" / "checkpoint.pt")[0].filter.units == 72


@pytest.mark.slow
def test_the_recipe_of_what_ships_goes_through(recordings, tmp_path):
    """Few updates of each of its runs end in two networks with a filter, the larger one pruned."""
    recipe = runpy.run_path(str(Path(__file__).parents[2] / "docs" / "recipe.py"))
    recipe["cook"](recordings, tmp_path / "out", recipe["TRIAL"])
    small, base = (trained(tmp_path / "out" / f"{name}.onnx").network for name in ("small", "base"))
    assert small.config == replace(SIZES["small"], **FILTER_SIZES)
    assert base.config == replace(SIZES["base"], **FILTER_SIZES | {"filter_units": 128})
    assert (base.gru2.weight_hh_l0 == 0).float().mean() >= 0.83


def test_a_deep_filter_wants_shards_with_spectra(shards, tmp_path):
    """Shards made without --deep-filter are refused in one line."""
    with pytest.raises(BandwiseError, match="--deep-filter"):
        train(shards=shards, out=tmp_path / "run", size="toy", updates=1, frames=30, deep_filter=True)


def test_training_goes_on_where_it_stopped(shards, tmp_path, capsys):
    """The same command with more updates trains the rest only."""
    for updates in (20, 40):
        train(shards=shards, out=tmp_path / "run", size="toy", updates=updates, sequences=4, frames=30)
    counts = [
        json.loads(line)["update"] for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()
    ]
    assert counts == [20, 20, 40, 40]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"size": "huge"}, "huge.*base"),
        ({"loss": "l2"}, "l2.*sones"),
        ({"precision": "int4"}, "int4.*bfloat16"),
        ({"shards": None}, "recordings"),
        ({"data": Path()}, "--shards"),
        ({"minutes": 1.0}, "--minutes and --updates"),
        ({"sones_epsilon": 0.2}, "--loss sones"),
        ({"device": "abacus"}, "abacus"),
        ({"critic_share": 0.1}, "--critic-share without a deep filter"),
        ({"filter_units": 128}, "--filter-units without a deep filter"),
    ],
)
def test_wrong_choices_are_told(shards, tmp_path, wrong, message):
    """A choice that is not there is a one-line error with those that are."""
    with pytest.raises(BandwiseError, match=message):
        train(**{"shards": shards, "out": tmp_path / "run", "updates": 1, **wrong})


def test_folder_without_recordings_ends_the_command(tmp_path, capfd):
    """If the process that mixes shards cannot, training does not wait for it forever."""
    (tmp_path / "empty").mkdir()
    with pytest.raises(BandwiseError, match="no mixtures"):
        train(tmp_path / "empty", out=tmp_path / "run", updates=1)


def test_a_try_that_fails_does_not_bind_the_next(shards, tmp_path):
    """What learnt nothing leaves no checkpoint behind that the next command would go on from."""
    toy = {"shards": shards, "out": tmp_path / "run", "size": "toy", "sequences": 2, "updates": 1}
    with pytest.raises(BandwiseError, match="frames"):
        train(frames=2_000, **toy)
    assert not (tmp_path / "run" / "checkpoint.pt").exists()
    train(frames=30, **toy)


def test_runs_of_other_seeds_and_splits_get_other_mixtures(recordings, tmp_path):
    """No training shard has the seed of another run's, or of one for validation."""
    toy = {"size": "toy", "sequences": 2, "threads": 1, "updates": 1, "frames": 30, "hours": 0.002}
    names = []
    for seed in (0, 1):
        train(recordings, out=tmp_path / str(seed), seed=seed, **toy)
        names += [path.name for path in (tmp_path / str(seed) / "shards").rglob("shard-*.npy")]
    assert len(names) >= 4
    assert len(set(names)) == len(names) - 1  # the shard for validation is the same


@pytest.mark.parametrize(
    ("kind", "old", "new", "says"),
    [
        ("speech", "speaker", "voice", "column speaker"),
        ("noise", "bandwidth_hz", "reach", "column bandwidth_hz"),
        ("rir", ".wav", ".none", "train.none, which does not exist"),
    ],
)
def test_a_faulty_manifest_is_told(recordings, kind, old, new, says):
    """By the line that must be mended, not by a traceback."""
    from bandwise.training.corpus import load_corpus

    manifest = recordings / kind / "MANIFEST.csv"
    manifest.write_text(manifest.read_text().replace(old, new))
    with pytest.raises(BandwiseError, match=says):
        load_corpus(recordings, "train")


def test_validation_hears_recordings_of_its_own(tmp_path, monkeypatch):
    """The shard for validation is of the split for validation, those for training of the other."""
    jobs = []
    monkeypatch.setattr("bandwise.training.shards.write_shards", lambda job, *_, **__: jobs.append(job))
    monkeypatch.setattr(shard_maker.signal, "signal", lambda *_: None)
    monkeypatch.setattr(shard_maker, "end_when_told", lambda: None)
    shard_maker._make_shards(tmp_path, tmp_path / "train", tmp_path / "valid", 1.0, spectra=True, seed=3)
    assert [(job.split, job.out_dir.name, job.spectra) for job in jobs] == [
        ("valid", "valid", True),
        ("train", "train", True),
    ]


def test_options_reach_the_run(shards, tmp_path, monkeypatch):
    """Every one that was given is in what is trained with; a run without an end takes two hours."""
    configs = []

    def note(config, _reader, _valid, out, _tell):
        configs.append(config)
        out.mkdir()

    monkeypatch.setattr("bandwise.training.fit.fit", note)
    run = {"colour": 0.25, "density": 0.5, "seed": 7, "threads": 3, "sequences": 5, "window": 9}
    run |= {"learning_rate": 3e-4, "frames": 40, "initial": "small", "updates": 8}
    loss = {"loudness_share": 0.75, "error_weight": 0.5}
    train(
        shards=shards, out=tmp_path / "a", size="toy", fourth_power=3.0, weight_limit=0.5, deep_filter=True,
        filter_units=16, **run, **loss,
    )  # fmt: skip
    train(shards=shards, out=tmp_path / "b", size="toy")
    asked, usual = configs
    assert {name: getattr(asked, name) for name in run} == run
    assert {name: getattr(asked.loss, name) for name in loss} == loss
    assert (asked.loss.fourth_power_weight, asked.network.weight_limit) == (3.0, 0.5)
    assert (asked.minutes, usual.minutes, usual.updates) == (None, 120.0, None)


@pytest.mark.parametrize(("hours", "minutes", "count"), [(40.0, 10.0, 240), (0.1, 6.0, 1)])
def test_as_many_shards_as_the_hours_hold(tmp_path, monkeypatch, hours, minutes, count):
    """Of ten minutes each, or one that is shorter; one for validation first."""
    made = []
    monkeypatch.setattr(shard_maker.signal, "signal", lambda *_: None)
    monkeypatch.setattr(shard_maker, "end_when_told", lambda: None)
    monkeypatch.setattr(
        "bandwise.training.shards.write_shards",
        lambda job, _seed, shards, **_: made.append((job.split, job.minutes, shards)),
    )
    shard_maker._make_shards(tmp_path, tmp_path / "train", tmp_path / "valid", hours, False, 0)
    assert made == [("valid", minutes, 1), ("train", minutes, count)]


def test_options_reach_the_export(tmp_path, monkeypatch):
    """What is kept as it was trained, and what is decided, is as asked for."""
    asked = []
    monkeypatch.setattr(
        "bandwise.training.export.export_run", lambda *_, **options: asked.append(options) or 0.0
    )
    (tmp_path / "x.onnx").touch()
    export([tmp_path], out=tmp_path / "x.onnx")
    export([tmp_path], out=tmp_path / "x.onnx", float32=True, decided_treble=True)
    assert asked == [{"int8": True, "decided_treble": False}, {"int8": False, "decided_treble": True}]


def test_hours_are_of_mixtures_that_are_made(shards, tmp_path):
    """Shards that are there are as long as they are."""
    with pytest.raises(BandwiseError, match="got --hours, which is for mixtures that are made"):
        train(shards=shards, out=tmp_path / "run", size="toy", updates=1, hours=3.0)


def test_a_line_of_the_log_that_was_cut_short_is_left_out(shards, tmp_path):
    """Where a run was killed while it wrote; it goes on."""
    run = tmp_path / "run"
    config = {"shards": shards, "out": run, "size": "toy", "sequences": 4, "frames": 30}
    train(updates=20, **config)
    with (run / "log.jsonl").open("a") as log:
        log.write('{"kind": "tr')
    before = len((run / "log.jsonl").read_text().splitlines())
    train(updates=40, **config)
    after = (run / "log.jsonl").read_text().splitlines()[before:]
    assert after
    assert all(json.loads(line)["kind"] for line in after)


def test_a_run_does_not_go_into_a_file(tmp_path):
    """It is refused before anything is mixed."""
    (tmp_path / "song.wav").write_bytes(b"precious")
    with pytest.raises(BandwiseError, match="goes into a folder"):
        train(tmp_path, out=tmp_path / "song.wav")
