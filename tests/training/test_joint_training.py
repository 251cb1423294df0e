"""Bands and deep filter trained together, on mixtures that can be told apart."""

from dataclasses import asdict, replace
from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from runs import all_weights, train  # noqa: E402

from bandwise.errors import BandwiseError  # noqa: E402
from bandwise.training import fit as fitting  # noqa: E402
from bandwise.training.checkpoint import read_checkpoint, trained_network  # noqa: E402
from bandwise.training.curves import LOSSES  # noqa: E402
from bandwise.training.deep_filter import apply_weights  # noqa: E402
from bandwise.training.fit import fit  # noqa: E402
from bandwise.training.fit_config import FitConfig  # noqa: E402
from bandwise.training.listener import ListenerLosses  # noqa: E402
from bandwise.training.loss_config import LossConfig  # noqa: E402
from bandwise.training.milestones import means  # noqa: E402
from bandwise.training.model import PercepNet  # noqa: E402
from bandwise.training.network_config import SIZES  # noqa: E402
from bandwise.training.pictures import Exhibit  # noqa: E402
from bandwise.training.sources import Batch, LowSpectra  # noqa: E402
from bandwise.training.spectral_loss import spectral_loss  # noqa: E402
from bandwise.training.windows import Losses, losses_by_window  # noqa: E402

CPU = torch.device("cpu")


class ToneInNoise:
    """Clean: tones that turn steadily in every fourth bin.  Noisy: noise as loud added.

    Gains cannot part them, four bins to a tone; features and targets say nothing of it.
    """

    def batch(self, rng, sequences, frames):
        clean = np.zeros((sequences, frames, 100), np.complex64)
        angle = rng.uniform(-np.pi, np.pi, (sequences, 1, 25))
        clean[:, :, ::4] = 2 * np.exp(1j * angle)
        noise = rng.standard_normal((2, sequences, frames, 100)).astype(np.float32)
        noisy = (clean + 0.7 * (noise[0] + 1j * noise[1])).astype(np.complex64)
        spectra = (np.stack([x.real, x.imag], -1) for x in (noisy, clean))
        features = rng.standard_normal((sequences, frames, 70)).astype(np.float32)
        targets = np.full((sequences, frames, 68), 0.5, np.float32)
        low = LowSpectra(*spectra, np.full(sequences, 30, np.float32))
        return Batch(features, targets, np.full(sequences, 34), low)

    def sequences(self, frames, sequences):
        yield self.batch(np.random.default_rng(11), sequences, frames)


CONFIG = FitConfig(
    network=replace(SIZES["toy"], filter_units=16, filter_hints=2),
    updates=30,
    sequences=4,
    frames=40,
    window=20,
    warmup_updates=5,
    filter_learning_rate=1e-2,
    average_updates=10,
    validate_every=30,
    log_every=2,
    threads=1,
)


pytestmark = pytest.mark.usefixtures("no_pictures")
_train = partial(train, CONFIG, ToneInNoise())


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_the_filter_learns_what_gains_cannot(tmp_path, precision):
    """After 30 updates the spectral loss is less than half of what the best gain leaves."""
    _, records = _train(tmp_path, precision=precision)
    low = ToneInNoise().batch(np.random.default_rng(11), 4, 40).spectra
    noisy, clean = (torch.from_numpy(v) for v in low[:2])
    best = min(
        spectral_loss(gain * noisy, clean, CONFIG.loss.complex_weight).item()
        for gain in np.linspace(0, 1, 21)
    )
    last = [r for r in records if r["kind"] == "valid"][-1]
    assert last["spectral_loss"] < 0.5 * best


def test_every_record_has_all_losses(tmp_path):
    """Training and validation alike."""
    _, records = _train(tmp_path, updates=4)
    assert {r["kind"] for r in records} == {"train", "valid"}
    for record in records:
        assert {*LOSSES} <= record.keys()


def test_curves_show_all(tmp_path):
    """The picture has a panel for each of the six losses: three times as wide as that of bands alone."""
    image = pytest.importorskip("matplotlib.image")
    from bandwise.training.curves import plot_losses

    widths = []
    for sizes in (SIZES["toy"], CONFIG.network):
        folder = tmp_path / str(sizes.filter_units)
        _train(folder, updates=4, network=sizes)
        plot_losses(folder / "log.jsonl", folder / "losses.png")
        widths.append(image.imread(folder / "losses.png").shape[1])
    assert widths[1] == pytest.approx(3 * widths[0], rel=0.01)


def test_windows_lose_what_the_whole_loses(tmp_path):
    """Untrained, the losses of two windows average to that of one, look-ahead across the border included."""
    run = fitting.start(CONFIG, ToneInNoise(), tmp_path, CPU)
    torch.nn.init.normal_(run.network.filter.taps.weight, std=0.3)
    batch = ToneInNoise().batch(np.random.default_rng(3), 4, 40)
    parts, (whole,) = (
        [
            v.named()
            for v in losses_by_window(replace(CONFIG, window=n), run.network, batch, CPU, torch.float32)
        ]
        for n in (10, 40)
    )
    assert len(parts) == 4
    additive = ("gain_loss", "strength_loss", "spectral_loss")
    for name in additive:
        assert means(parts)[name] == pytest.approx(whole[name], rel=1e-4)


def test_the_loss_is_that_of_the_filtered_spectra(tmp_path):
    """What a window costs is the loss of gains, then filter, applied to its spectra."""
    run = fitting.start(CONFIG, ToneInNoise(), tmp_path, CPU)
    network, batch = run.network, ToneInNoise().batch(np.random.default_rng(3), 2, 40)
    features, noisy, clean, scale = (torch.from_numpy(v) for v in (batch.features, *batch.spectra))
    gains, strengths, hints, _ = network(features)
    inputs = network.filter.inputs_of(noisy, scale, features, torch.float32)
    weights, _ = network.filter(inputs, gains, strengths, hints)
    filtered = apply_weights(weights, network.filter.apply_gains(gains, noisy), noisy)
    expected = spectral_loss(filtered, clean, CONFIG.loss.complex_weight).item()
    (losses,) = losses_by_window(replace(CONFIG, window=40), network, batch, CPU, torch.float32)
    assert losses.spectral.item() == pytest.approx(expected, rel=1e-5)


def test_the_total_weighs_bands_by_their_share():
    """Without a filter gains and strengths are everything."""
    one, two, three = (torch.tensor(v) for v in (1.0, 2.0, 3.0))
    assert Losses(one, two).total(CONFIG.loss) == 3
    config = LossConfig(
        bands_share=0.2, disturbance_weight=0.1, unintelligibility_weight=0.5, error_weight=0.01
    )
    assert Losses(one, two, three).total(config).item() == pytest.approx(3.6)
    listener = ListenerLosses(one, two, -three)
    assert Losses(one, two, three, listener).total(config).item() == pytest.approx(3.6 + 0.1 + 1 - 0.03)


@pytest.mark.parametrize("critic_share", [0.0, 0.5])
def test_resumed_run_equals_an_uninterrupted_one(tmp_path, critic_share):
    """Stopped after update 6 of 12 and started again, bands and filter end with the same bits.

    With a critic, too, which goes on from what it had learnt.
    """
    loss = LossConfig(critic_share=critic_share)
    whole, records = _train(tmp_path / "whole", updates=12, loss=loss)
    assert ("critic_gap" in records[0]) == (critic_share > 0)

    class Interrupted(ToneInNoise):
        calls = 0

        def batch(self, rng, sequences, frames):
            self.calls += 1
            if self.calls == 5:  # one for the normalisation, three batches of two updates done
                raise KeyboardInterrupt
            return super().batch(rng, sequences, frames)

    with pytest.raises(KeyboardInterrupt):
        fit(replace(CONFIG, updates=12, loss=loss), Interrupted(), None, tmp_path / "parts")
    assert read_checkpoint(tmp_path / "parts" / "checkpoint.pt")["counters"]["update"] == 6
    resumed, _ = _train(tmp_path / "parts", updates=12, loss=loss)
    assert torch.equal(all_weights(whole), all_weights(resumed))


def test_checkpoint_gives_back_the_filter(tmp_path):
    """The averaged network is read with its filter, its normalisation too."""
    network, _ = _train(tmp_path, updates=4)
    read, config = trained_network(tmp_path / "checkpoint.pt")
    assert config.network.filter_units == 16
    before, after = network.state_dict(), read.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert any(name.startswith("filter.gru1") for name in after)
    assert not torch.equal(after["filter.feature_mean"], torch.zeros(70))


def test_a_filter_is_put_behind_a_trained_network(tmp_path):
    """`initial` without a filter: its gains, and a filter normalised on the data.  With one: that filter.

    But for the layer that meets the features, which follows their normalisation.
    """
    _train(tmp_path / "bands", updates=4, network=SIZES["toy"])
    config = replace(CONFIG, initial=str(tmp_path / "bands" / "checkpoint.pt"))
    run = fitting.start(config, ToneInNoise(), tmp_path / "both", CPU)
    known, _ = trained_network(tmp_path / "bands" / "checkpoint.pt")
    assert torch.equal(known.gru2.weight_hh_l0, run.network.gru2.weight_hh_l0)
    assert torch.equal(run.network.filter.feature_mean, run.network.feature_mean)
    trained, _ = _train(tmp_path / "both", updates=4)
    config = replace(CONFIG, initial=str(tmp_path / "both" / "checkpoint.pt"), seed=5)
    again = fitting.start(config, ToneInNoise(), tmp_path / "again", CPU).network.filter
    known, found = (dict(each.named_parameters()) for each in (trained.filter, again))
    assert all(torch.equal(v, found[name]) for name, v in known.items() if not name.startswith("globe."))
    x = 5 * torch.randn(50, 70)
    was, now = (p.globe((x - p.feature_mean) * p.feature_scale) for p in (trained.filter, again))
    assert torch.allclose(was, now, rtol=1e-3, atol=1e-3)


def test_configurations_of_before_have_no_filter():
    """What a checkpoint of an earlier version holds is read as a network without."""
    values = asdict(FitConfig(network=SIZES["toy"]))
    for name in ("filter_learning_rate", "filter_weight_decay"):
        del values[name]
    listener = ("disturbance_weight", "unintelligibility_weight", "error_weight")
    for name in ("bands_share", "complex_weight", "critic_share", *listener):
        del values["loss"][name]
    del values["network"]["filter_units"], values["network"]["filter_hints"]
    config = FitConfig.from_dict(values)
    assert config == FitConfig(network=SIZES["toy"])
    assert PercepNet(config.network).filter is None


def test_pruning_spares_the_filter(tmp_path):
    """At a low density the bands' GRUs are mostly zeros, those of the filter are not."""
    sizes = replace(CONFIG.network, convolution=32, gru=32, strength_gru=16)
    network, _ = _train(tmp_path, updates=8, network=sizes, density=0.3)
    assert (network.gru1.weight_hh_l0 == 0).float().mean() > 0.5
    assert (network.filter.gru1.weight_hh_l0 == 0).float().mean() < 0.01


def test_shards_without_spectra_are_refused(tmp_path):
    """A filter has nothing to learn from there; the message says how to make such as it needs."""

    class Without(ToneInNoise):
        def batch(self, rng, sequences, frames):
            return super().batch(rng, sequences, frames)._replace(spectra=None)

    with pytest.raises(BandwiseError, match="--deep-filter"):
        fit(CONFIG, Without(), None, tmp_path)


def test_the_filter_learns_at_its_own_rate_and_decay(tmp_path):
    """At next to no rate it stays where it began while the bands learn; each has the decay asked for."""
    changes = {"filter_learning_rate": 1e-9, "weight_decay": 0.03, "filter_weight_decay": 0.2}
    config = replace(CONFIG, updates=2, **changes)
    run = fitting.start(config, ToneInNoise(), tmp_path / "fresh", CPU)
    optimisers = run.optimisers
    for parts, decay in ((optimisers.for_bands, 0.03), (optimisers.for_filter, 0.2)):
        assert {group["weight_decay"] for part in parts for group in part.param_groups} == {decay, 0.0}
    before = dict(run.network.named_parameters())
    after, _ = _train(tmp_path / "run", updates=2, **changes)
    for name, parameter in after.named_parameters():
        same = torch.allclose(parameter, before[name], atol=1e-6)
        assert same == name.startswith("filter."), name


def test_criticism_is_learnt_from():
    """What the adversary objects to is added to the total; without one the total is all there is."""

    class Critical:
        last_gap = 0.25

        def objection(self, others, exhibit):
            assert others == 3
            return 2 * exhibit.originals[0].sum()

    one = torch.ones(2)
    losses = Losses(one, one, one, None, Exhibit((one, one, one), (one, one), (one, one)))
    total, said = fitting.with_criticism(Critical(), losses, torch.tensor(3.0))
    assert total.item() == 7
    assert said == {"critic_gap": 0.25}
    assert fitting.with_criticism(None, losses, torch.tensor(3.0)) == (3, {})
