"""The training run on a small problem that can be learnt."""

import json
from dataclasses import replace
from functools import partial
from itertools import count
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from runs import all_weights, train  # noqa: E402

from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.training import fit as fitting  # noqa: E402
from bandwise.training import schedule  # noqa: E402
from bandwise.training.checkpoint import Run, read_checkpoint, trained_network  # noqa: E402
from bandwise.training.fit import fit  # noqa: E402
from bandwise.training.fit_config import FitConfig  # noqa: E402
from bandwise.training.loss import band_weights, perceptual_loss  # noqa: E402
from bandwise.training.machine import flushed_denormals  # noqa: E402
from bandwise.training.milestones import means, validate  # noqa: E402
from bandwise.training.network_config import SIZES, PercepNetConfig  # noqa: E402
from bandwise.training.schedule import Clock, learning_rate, progress  # noqa: E402
from bandwise.training.sources import Batch  # noqa: E402
from bandwise.training.windows import current_levels, losses_by_window  # noqa: E402


class FollowTheLevel:
    """Gains follow one slow hidden level, strengths another; features are noisy views of both."""

    def __init__(self):
        rng = np.random.default_rng(7)
        self.views = rng.standard_normal((2, 70)).astype(np.float32)

    def batch(self, rng, sequences, frames):
        hidden = np.cumsum(rng.standard_normal((sequences, frames, 2)), axis=1).astype(np.float32) / 3
        features = 5 + hidden @ self.views + rng.standard_normal((sequences, frames, 70)).astype(np.float32)
        shares = 1 / (1 + np.exp(-2 * hidden))
        targets = np.repeat(shares, 34, axis=2).astype(np.float32)
        return Batch(features, targets, np.full(sequences, 30))

    def sequences(self, frames, sequences):
        yield self.batch(np.random.default_rng(11), sequences, frames)


CONFIG = FitConfig(
    network=SIZES["toy"],
    updates=80,
    sequences=16,
    frames=40,
    window=40,
    learning_rate=5e-3,
    warmup_updates=10,
    average_updates=20,
    validate_every=40,
    log_every=5,
    threads=1,
)


pytestmark = pytest.mark.usefixtures("no_pictures")
_train = partial(train, CONFIG, FollowTheLevel())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_loss_falls_on_a_learnable_problem(tmp_path, precision):
    """A toy network takes the validation loss to less than a third of what the best constant outputs cost."""
    _, records = _train(tmp_path, precision=precision, updates=150)
    validations = [r for r in records if r["kind"] == "valid"]
    data = FollowTheLevel()
    features, targets, bands_valid, _ = data.batch(np.random.default_rng(11), 16, 40)
    levels = current_levels(torch.from_numpy(features))
    truth = torch.from_numpy(targets)
    middle = truth.mean(dim=(0, 1)).expand_as(truth)
    weights = band_weights(levels, torch.from_numpy(bands_valid), CONFIG.loss)
    constant, _ = perceptual_loss(middle[..., :34], middle[..., 34:], truth, weights, CONFIG.loss)
    assert validations[-1]["gain_loss"] < constant.item() / 3
    assert validations[-1]["gain_loss"] < validations[0]["gain_loss"]


def test_same_seed_gives_the_same_weights(tmp_path):
    """Two runs agree in every bit; another seed differs."""
    first, second, other = (
        all_weights(_train(tmp_path / name, updates=6, seed=seed)[0])
        for name, seed in (("a", 1), ("b", 1), ("c", 2))
    )
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


class Interrupted(FollowTheLevel):
    """Somebody presses Ctrl-C after so many updates."""

    def __init__(self, updates):
        super().__init__()
        self.left = updates + 1  # one more, for the normalisation

    def batch(self, rng, sequences, frames):
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        return super().batch(rng, sequences, frames)


def test_resumed_run_equals_an_uninterrupted_one(tmp_path):
    """Stopped at update 7 of 20 and started again, the run ends with the same bits."""
    whole, _ = _train(tmp_path / "whole", updates=20)

    with pytest.raises(KeyboardInterrupt):
        fit(replace(CONFIG, updates=20), Interrupted(7), None, tmp_path / "parts")
    saved = read_checkpoint(tmp_path / "parts" / "checkpoint.pt")
    assert saved["counters"]["update"] == 7
    resumed, records = _train(tmp_path / "parts", updates=20)
    assert torch.equal(all_weights(whole), all_weights(resumed))
    assert records[-1]["update"] == 20


def test_a_fresh_run_can_start_from_other_weights(tmp_path):
    """With `initial` the first loss is about the last one of that checkpoint; the count starts at zero."""
    _, before = _train(tmp_path / "a", updates=100)
    _, after = _train(tmp_path / "b", updates=5, initial=str(tmp_path / "a" / "checkpoint.pt"))
    assert after[0]["update"] == 5
    assert after[0]["gain_loss"] < 2 * before[-1]["gain_loss"] < before[0]["gain_loss"]


def test_time_budget_ends_the_run(tmp_path, monkeypatch):
    """With a budget of minutes in place of updates the run ends by the clock; the time left falls."""
    seconds = count(0.0, 0.5)
    monkeypatch.setattr(schedule, "time", SimpleNamespace(monotonic=lambda: next(seconds)))
    _, records = _train(tmp_path, updates=None, minutes=0.02, log_every=1)
    left = [r["remaining_s"] for r in records if r["kind"] == "train"]
    assert left == pytest.approx([0.7, 0.2, -0.3])
    assert records[-1]["elapsed_s"] == pytest.approx(1.5)


def test_checkpoint_gives_back_network_and_configuration(tmp_path):
    """What `fit` returned is what `trained_network` reads, with the configuration that made it."""
    network, _ = _train(tmp_path, updates=5)
    read, config = trained_network(tmp_path / "checkpoint.pt")
    assert torch.equal(all_weights(network), all_weights(read))
    assert torch.equal(network.feature_mean, read.feature_mean)
    assert config == replace(CONFIG, updates=5)
    saved = read_checkpoint(tmp_path / "checkpoint.pt")
    for part in ("config", "average"):
        torch.save({key: value for key, value in saved.items() if key != part}, tmp_path / "less.pt")
        with pytest.raises(BandwiseError, match=f"lacks a part.*{part}"):
            trained_network(tmp_path / "less.pt")


def test_log_has_one_record_per_line(tmp_path):
    """log.jsonl holds the records that were reported, training and validation."""
    _, records = _train(tmp_path, updates=40)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert lines == records
    assert {r["kind"] for r in lines} == {"train", "valid"}


def test_curves_are_drawn(tmp_path):
    """The picture of a log is a PNG file."""
    pytest.importorskip("matplotlib")
    from bandwise.training.curves import plot_losses

    _train(tmp_path, updates=10)
    plot_losses(tmp_path / "log.jsonl", tmp_path / "losses.png")
    assert (tmp_path / "losses.png").read_bytes().startswith(b"\x89PNG")


def test_learning_rate_warms_up_and_decays():
    """It starts near zero, peaks after the warm-up, and ends at the final rate."""
    config = FitConfig(learning_rate=1e-3, final_learning_rate=1e-5, warmup_updates=100)
    assert learning_rate(config, 0, 0.0) < 2e-5
    assert learning_rate(config, 100, 0.0) == pytest.approx(1e-3)
    assert learning_rate(config, 5000, 0.5) == pytest.approx(5e-4, rel=0.02)
    assert learning_rate(config, 9000, 1.0) == pytest.approx(1e-5)


def test_weight_limit_holds_while_training(tmp_path):
    """With a limit no weight of a matrix is beyond it at the end."""
    _train(tmp_path, updates=10, network=replace(SIZES["toy"], weight_limit=0.1))
    saved = read_checkpoint(tmp_path / "checkpoint.pt")["network"]
    assert max(v.abs().max() for k, v in saved.items() if v.ndim > 1) <= 0.1


def test_an_infinite_batch_is_skipped(tmp_path):
    """A gradient that is not finite leaves the weights as they were."""
    data = FollowTheLevel()
    run = fitting.start(CONFIG, data, tmp_path, torch.device("cpu"))
    before = all_weights(run.network).clone()

    class Broken(FollowTheLevel):
        def batch(self, rng, sequences, frames):
            batch = super().batch(rng, sequences, frames)
            return batch._replace(features=batch.features * np.float32("inf"))

    fitting.learn_batch(CONFIG, run, Broken(), torch.device("cpu"), torch.float32)
    assert torch.equal(before, all_weights(run.network))


def test_states_are_carried_from_window_to_window(tmp_path):
    """Untrained, the losses of four windows average to that of the whole, for the network hears it all."""
    data = FollowTheLevel()
    run = fitting.start(CONFIG, data, tmp_path, torch.device("cpu"))
    batch = data.batch(np.random.default_rng(3), 4, 40)
    cpu = torch.device("cpu")
    (whole,) = losses_by_window(CONFIG, run.network, batch, cpu, torch.float32)
    parts = list(losses_by_window(replace(CONFIG, window=10), run.network, batch, cpu, torch.float32))
    assert len(parts) == 4
    assert means([losses.named() for losses in parts]) == pytest.approx(whole.named(), rel=1e-5)


def test_every_window_is_an_update(tmp_path):
    """Two batches cut in four windows are eight updates, of a quarter of the audio each."""
    _, records = _train(tmp_path, window=10, updates=8, log_every=4)
    assert [r["update"] for r in records if r["kind"] == "train"] == [4, 8]
    saved = read_checkpoint(tmp_path / "checkpoint.pt")["counters"]
    assert saved["audio_s"] == pytest.approx(2 * 16 * 0.4)


def test_bad_requests_say_what_to_do(tmp_path):
    """No budget, a damaged checkpoint and one of another size are one-line errors."""
    with pytest.raises(BandwiseError, match="minutes"):
        _train(tmp_path / "a", updates=None)
    _train(tmp_path / "c", updates=1)
    with pytest.raises(BandwiseError, match="another folder"):
        _train(tmp_path / "c", updates=2, network=SIZES["small"])
    (tmp_path / "c" / "checkpoint.pt").write_bytes(b"not a checkpoint")
    with pytest.raises(BandwiseError, match="checkpoint"):
        _train(tmp_path / "c")


def test_run_holds_what_a_checkpoint_holds(tmp_path):
    """Every counter of a run is among those that are saved."""
    _train(tmp_path, updates=1)
    counters = {name for name, kind in Run.__annotations__.items() if kind in (int, float)}
    assert counters == read_checkpoint(tmp_path / "checkpoint.pt")["counters"].keys()


def test_current_levels_are_those_of_the_frame_decided_on():
    """The inputs run two frames ahead: the level of frame l stands in the record of frame l - 2."""
    features = torch.zeros(1, 6, 70)
    features[0, :, :34] = torch.arange(6.0)[:, None]
    assert current_levels(features)[0, :, 0].tolist() == [0, 0, 0, 1, 2, 3]


def test_denormals_are_flushed_while_training_only():
    """Half of the smallest normal number is zero within the block, and itself after it."""
    smallest = torch.tensor(float(np.finfo(np.float32).tiny))
    with flushed_denormals():
        assert (smallest / 2).item() == 0
    assert (smallest / 2).item() > 0


CPU = torch.device("cpu")


def _started(folder, **changes):
    """A fresh run, and the configuration of it."""
    config = replace(CONFIG, **changes)
    return config, fitting.start(config, FollowTheLevel(), folder, CPU)


def test_the_average_is_a_mean_first_and_then_forgets(tmp_path):
    """Up to the span of three all weights count alike; from then on each new one counts a third."""
    config, run = _started(tmp_path, average_updates=3)
    seen = []
    for _ in range(4):
        fitting.learn_batch(config, run, FollowTheLevel(), CPU, torch.float32)
        seen.append(all_weights(run.network).detach().clone())
        if len(seen) < 4:
            assert torch.allclose(all_weights(run.average), sum(seen) / len(seen), atol=1e-6)
    expected = sum(seen[:3]) / 3 * (2 / 3) + seen[3] / 3
    assert torch.allclose(all_weights(run.average), expected, atol=1e-6)


def test_gradients_are_held_to_their_limit(tmp_path):
    """What the optimisers see has the norm of the limit; the log has the norm that was found."""
    config, run = _started(tmp_path, gradient_limit=1e-3)
    found = fitting.learn_batch(config, run, FollowTheLevel(), CPU, torch.float32)["gradient_norm"]
    seen = torch.stack([p.grad.norm() for p in run.network.parameters()]).norm()
    assert found > 2e-3
    assert seen.item() == pytest.approx(1e-3, rel=1e-3)


def test_every_batch_is_heard_through_other_microphones(tmp_path, monkeypatch):
    """The levels that the network learns from are coloured, unless the spread is 0."""
    before = FollowTheLevel().batch(np.random.default_rng(5), 16, 40).features
    for colour in (0.0, 0.2):
        config, run = _started(tmp_path, colour=colour)
        run.rng = np.random.default_rng(5)
        seen = []
        monkeypatch.setattr(
            fitting,
            "losses_by_window",
            lambda c, network, batch, *rest, seen=seen: (
                seen.append(batch) or losses_by_window(c, network, batch, *rest)
            ),
        )
        fitting.learn_batch(config, run, FollowTheLevel(), CPU, torch.float32)
        moved = np.abs(seen[0].features - before).max(axis=(0, 1))
        assert (moved[:34] > 0.01).all() == (moved[:34] > 0).any() == (colour > 0)
        assert not moved[34:].any()


def test_pruning_begins_with_nearly_everything(tmp_path):
    """After one update of eighty hardly a tile of the update gates is gone, however few are asked for."""
    sizes = PercepNetConfig(dense=16, convolution=32, gru=32, strength_gru=16)
    with pytest.raises(KeyboardInterrupt):
        fit(replace(CONFIG, network=sizes, density=0.3), Interrupted(1), None, tmp_path)
    kept = read_checkpoint(tmp_path / "checkpoint.pt")["kept"]["gru2.weight_hh_l0"]
    assert kept.chunk(3)[1].float().mean() > 0.85


def test_a_budget_of_minutes_goes_on_where_a_run_stopped(tmp_path):
    """What had elapsed before counts; a checkpoint is due each time its minutes have passed."""
    config, run = _started(tmp_path, minutes=60.0, updates=None, checkpoint_minutes=1.0)
    run.elapsed_s = 1_800.0
    clock = Clock(config, run)
    clock.tick()
    assert 0.5 <= progress(config, run) < 1
    due = []
    for run.elapsed_s in (1_830.0, 1_900.0, 1_930.0, 1_999.0):
        due.append(clock.save_is_due())
    assert due == [False, True, False, True]


def test_validation_is_of_the_average_over_the_minutes_asked_for(tmp_path):
    """Whatever the network of the moment does; batches are read until their audio is that long."""
    config, run = _started(tmp_path, validation_minutes=10 / 60)  # a batch is 16 sequences of 0.4 s
    with torch.no_grad():
        run.network.gains_head.bias += float("nan")

    class Endless(FollowTheLevel):
        read = 0

        def sequences(self, frames, sequences):
            while True:
                self.read += 1
                yield self.batch(np.random.default_rng(11), sequences, frames)

    data = Endless()
    record = validate(config, run, data, CPU, torch.float32)
    assert np.isfinite(record["gain_loss"])
    assert data.read == 2
