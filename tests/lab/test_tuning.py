"""The tuner: limits that a model and a table agree on, crossovers, ceilings, a comment per number."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import DRIVERS
from bandwise.device.loudspeaker import Loudspeaker
from bandwise.dynamics.store import from_toml
from bandwise.errors import BandwiseError
from bandwise.lab.bench import Bench
from bandwise.lab.deriving import Choice, cutoffs_of, derive
from bandwise.lab.limits import Limits, _limit, limits_of_table, measured_response, measured_table
from bandwise.lab.preset_text import preset_text
from bandwise.lab.programme import synthesised
from bandwise.lab.trial import (
    DISTORTION_WORTH,
    LEAST_PERCENT,
    WANTED_BASS_DB,
    Outcome,
    Reached,
    Targets,
    Trial,
    rail_sag_db,
)

HZ = np.array([30.0, 50.0, 80.0, 120.0, 150.0, 400.0])
STEEP = Limits(HZ, np.array([-20.0, -16.0, -10.0, -4.0, 0.0, 0.0]), ("distortion",) * 6)


def test_limits_rise_with_frequency():
    """A closed box takes more volts the higher the tone: distortion below its resonance, the rail above."""
    speaker = Loudspeaker(DRIVERS["nd65-4"], Amplifier(8.0, 8.0))
    found = [_limit(speaker, hz, 5.0) for hz in (40, 100, 400)]
    assert found[0][0] < found[1][0] < found[2][0]
    assert (found[0][1], found[2][1]) == ("distortion", "rail")


def test_excursion_is_a_limit_of_its_own():
    """Where the distortion target is lax, x_max forbids more."""
    speaker = Loudspeaker(DRIVERS["nd65-4"], Amplifier(30.0, 30.0))
    assert _limit(speaker, 80, 1000.0)[1] == "excursion"


def test_cutoffs_stand_where_limits_change():
    """The upper one is where the driver stops to be the limit, the lower one between."""
    deep, free = cutoffs_of(STEEP)
    assert 140 <= free <= 150
    assert 50 < deep < 100


def test_a_driver_without_limits_gets_low_cutoffs():
    """Limits of 0 dB everywhere still give ascending cutoffs and open ceilings."""
    free = Limits(HZ, np.zeros(6), ("rail",) * 6)
    settings = derive(free, Choice()).settings
    assert list(settings.cutoffs_hz) == sorted(settings.cutoffs_hz)
    assert settings.bands[1].limiter.ceiling_dbfs == 0.0


def test_ceilings_follow_limits():
    """6 dB less of limit, 6 dB less of ceiling, in both bass bands; the rail's sag lowers the output."""
    lower = Limits(HZ, STEEP.level_db - 6.0, STEEP.reasons)
    one, other = (derive(x, Choice(), rail_sag_db=0.5).settings for x in (STEEP, lower))
    assert other.bands[0].limiter.ceiling_dbfs == pytest.approx(
        one.bands[0].limiter.ceiling_dbfs - 6, abs=0.8
    )
    assert one.output.ceiling_dbfs == pytest.approx(-0.8)


def test_every_number_of_a_preset_has_a_reason():
    """Above each key stands a comment, and the text reads back as the same settings."""
    tuning = derive(STEEP, Choice(), rail_sag_db=0.7)
    text = preset_text(tuning, "A test.")
    lines = text.splitlines()
    bare = [
        line for before, line in pairwise(lines)
        if " = " in line and not line.startswith(("#", "description")) and not before.startswith("#")
    ]  # fmt: skip
    assert bare == []
    assert from_toml(text) == tuning.settings


def test_a_measured_response_is_evened_out_gently():
    """A band 10 dB down is raised by no more than 3 dB, one 4 dB up is lowered by 4."""
    hz = np.geomspace(20, 20_000, 200)
    level = np.where(hz < 60, -10.0, 0.0) + np.where(hz > 5_000, 4.0, 0.0)
    gains = [b.gain_db for b in derive(STEEP, Choice(), response_db=(hz, level)).settings.bands]
    assert 0 < gains[0] <= 3.0
    assert -4.5 < gains[-1] < -2.0
    assert gains[2] == pytest.approx(0.0, abs=0.1)


def test_a_table_says_where_distortion_passes():
    """A third of the factor, a third of the decibels; a target never reached leaves the loudest level."""
    limits = limits_of_table({100.0: [(-20, 1.0), (-8, 8.0)], 200.0: [(-20, 0.1), (-10, 0.2)]}, 2.0)
    assert limits.level_db == pytest.approx([-16.0, -10.0])
    assert limits.reasons == ("distortion", "loudest measured")


def test_what_distorts_at_the_softest_level_is_limited_below_it():
    """Four times the target: 12 dB less, as distortion of second order falls with the level."""
    limits = limits_of_table({100.0: [(-20, 8.0), (-10, 20.0)]}, 2.0)
    assert limits.level_db == pytest.approx([-32.04], abs=0.01)


def test_tables_are_checked(tmp_path):
    """A missing column, too few rows, a missing file: each is told."""
    path = tmp_path / "d.csv"
    path.write_text("frequency_hz,level_dbfs\n100,-3\n")
    with pytest.raises(BandwiseError, match="distortion_percent"):
        measured_table(path)
    path.write_text("frequency_hz,level_dbfs,distortion_percent\n100,-3,1\n")
    with pytest.raises(BandwiseError, match="3 or more"):
        measured_table(path)
    with pytest.raises(BandwiseError, match="cannot be used"):
        measured_response(tmp_path / "none.csv")


WANTED = Outcome(-20.0, -28.0, 9.0, 9.0)


def worth(volume_db=0.0, **changes):
    """The worth of a preset within all targets, but for these changes."""
    good = Outcome(-20.0, -30.0, 4.0, 0.8)
    return replace(good, **changes).worth(WANTED, Targets(5.0, 1.0), volume_db)


def test_worth_is_bass_within_targets():
    """Bass counts one to one; each target that is missed, and each unit of missing loudness, costs more."""
    assert worth(bass_db=-29.0) == pytest.approx(worth() + 1.0)
    assert worth(residual_percent=0.99) == worth()
    assert worth(distortion_percent=6.0) < worth() - 1.0
    assert worth(bass_db=-29.0, residual_percent=1.2) < worth()
    assert worth(loudness_lufs=-21.0) < worth()
    assert worth(loudness_lufs=-19.0) == pytest.approx(worth() - 1.0)


def test_less_distortion_is_worth_some_bass():
    """Half of it, 6 dB, is worth 3 dB of bass, within targets too; next to none is no better than little."""
    assert worth(distortion_percent=2.0) == pytest.approx(worth() + DISTORTION_WORTH * 6.02, abs=0.01)
    assert worth(distortion_percent=1e-9) == worth(distortion_percent=LEAST_PERCENT)


def test_bass_counts_where_nothing_is_held():
    """At a soft volume the programme's bass is wanted and a little more; less costs more than it gives."""
    least, most = WANTED.bass_db, WANTED.bass_db + WANTED_BASS_DB
    assert worth(-18.0, bass_db=most + 5.0) == worth(-18.0, bass_db=most)
    assert worth(-18.0, bass_db=most) == pytest.approx(worth(-18.0, bass_db=least) + WANTED_BASS_DB)
    assert worth(-18.0, bass_db=least - 1.0) < worth(-18.0, bass_db=least) - 2.0


def test_presets_are_tried_at_equal_loudness():
    """After some tries a preset plays as loud as the device without it, at every volume."""
    trial = Trial(Bench(), synthesised(1, 1.5, 1)[0].samples, Targets())
    settings = derive(STEEP, Choice()).settings
    trial.settle(settings, 5)
    for found, wanted in zip(trial.outcomes(settings), trial.wanted, strict=True):
        assert found.loudness_lufs == pytest.approx(wanted.loudness_lufs, abs=0.5)


def test_the_sag_is_that_of_what_is_played():
    """A processor that holds the bass spares the rail; the output stays below where it falls to."""
    bench, x = Bench(), synthesised(1, 1.5, 1)[0].samples
    trial = Trial(bench, x, Targets())
    settings = derive(STEEP, Choice()).settings
    trial.settle(settings, 5)
    sag_db = trial.sag_db(settings)
    assert 0.0 < sag_db < rail_sag_db(bench, 2.0 * x)
    safe = derive(STEEP, Choice(), rail_sag_db=sag_db).settings
    assert safe.output.ceiling_dbfs < -sag_db
    assert bench.played(x, safe, 6.0).clipped_share == 0.0


def test_upper_bands_are_held_together():
    """Their ceilings move by one number, none beyond full scale; the bass bands stay."""
    one, other = (derive(STEEP, Choice(upper_ceiling=db)).settings.bands for db in (0.0, -2.0))
    moved = [a.limiter.ceiling_dbfs - b.limiter.ceiling_dbfs for a, b in zip(one, other, strict=True)]
    assert moved == pytest.approx([0.0, 0.0, 2.0, 2.0, 2.0])
    assert derive(STEEP, Choice(upper_ceiling=9.0)).settings.bands[2].limiter.ceiling_dbfs == 0.0


def test_distortion_is_to_fall_with_volume():
    """At 6 dB less half of it is allowed; what the loudspeaker adds is a matter of the canceller alone."""
    softer = Targets(6.0, 1.4).at(-6.0)
    assert softer.distortion_percent == pytest.approx(3.0, abs=0.01)
    assert softer.residual_percent == 1.4


def test_what_a_preset_reached_stands_above_it():
    """And whether that is clearly beyond what was aimed at; `from_toml` reads the preset all the same."""
    targets = Targets(6.0, 1.5).at(-20.0)
    good, bad = (Reached(-20.0, Outcome(-30.0, -35.0, percent, 1.0), targets) for percent in (0.62, 0.7))
    assert (good.misses, bad.misses) == (False, True)
    tuning = replace(derive(STEEP, Choice()), reached=(good, bad))
    text = preset_text(tuning, "For a driver.")
    assert text.startswith("# For a driver.\n# Reached at -20 dB distortion 0.6 % (aimed at 0.6), ")
    assert from_toml(text) == tuning.settings
