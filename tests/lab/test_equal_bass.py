"""Distortion at equal bass: what a trim does, that the match is found, and what the interval says."""

from dataclasses import replace

import numpy as np
import pytest

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import DRIVERS
from bandwise.device.room import Room
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import CompressorSettings, LimiterSettings
from bandwise.dynamics.store import load_preset
from bandwise.lab.bench import Bench
from bandwise.lab.equal_bass import equal_bass_row, equal_distortion_row, ratio_interval
from bandwise.lab.gaps import GapEnergies
from bandwise.lab.matching import heard, levels, matched, trimmed
from bandwise.lab.measuring import settled_drive
from bandwise.lab.programme import SAMPLE_RATE, synthesised
from bandwise.measure.loudness import integrated_loudness
from bandwise.stream import whole

PRESET = load_preset("smart-speaker")
BENCH = Bench(DRIVERS["nd65-4"], Amplifier(8.0, 8.0), Room(rt60_s=0.15))
MUSIC = synthesised(1, 2.0, 3)[0].samples


def steady_level_db(settings, hz, level_db):
    """RMS in dB of the last half second of a tone behind a processor."""
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = 10 ** (level_db / 20) * np.sin(2.0 * np.pi * hz * time)
    tail = whole(MultibandDynamics(settings, SAMPLE_RATE), tone)[-SAMPLE_RATE // 2 :]
    return 10.0 * np.log10(np.mean(np.square(tail)))


@pytest.mark.parametrize(("hz", "level_db"), [(50, -50), (50, -25), (50, -3)])
def test_a_trim_is_a_gain_behind_the_bands(hz, level_db):
    """Bass rises by the trim, whether a band is idle, compresses or is limited."""
    change = steady_level_db(trimmed(PRESET, 2.0), hz, level_db) - steady_level_db(PRESET, hz, level_db)
    assert change == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("off", ["compressor", "bypass"])
def test_a_trim_needs_no_compressor(off):
    """Bass rises by the trim where the compressor is off, or the whole band is bypassed; by 0 dB nowhere."""
    quiet = CompressorSettings(enabled=False, makeup_db=9.0) if off == "compressor" else CompressorSettings()
    plain = PRESET.with_bands(compressor=quiet, gain_db=3.0, bypass=off == "bypass")
    before = steady_level_db(plain, 50, -40)
    for trim_db in (0.0, 2.0):
        change = steady_level_db(trimmed(plain, trim_db), 50, -40) - before
        assert change == pytest.approx(trim_db, abs=0.02)


def test_a_trim_leaves_the_rest_alone():
    """Nothing happens to 2 kHz, nor to any setting by a trim of nothing; no ceiling passes full scale."""
    assert steady_level_db(trimmed(PRESET, 3.0), 2_000, -30) == pytest.approx(
        steady_level_db(PRESET, 2_000, -30), abs=0.01
    )
    assert trimmed(PRESET, 0.0) == PRESET
    assert max(band.limiter.ceiling_dbfs for band in trimmed(PRESET, 12.0).bands) == 0.0


def test_a_trim_goes_as_far_as_settings_may():
    """A preset at the end of their range does not stop the search."""
    loud = PRESET.with_bands(compressor=CompressorSettings(makeup_db=38.0))
    assert trimmed(loud, 12.0).bands[0].compressor.makeup_db == 40.0
    low = PRESET.with_bands(limiter=LimiterSettings(ceiling_dbfs=-75.0))
    assert trimmed(low, -12.0).bands[0].limiter.ceiling_dbfs == -80.0


def on_bench(settings, drive_db):
    """Loudness and bass of the music."""
    return levels(BENCH, BENCH.played(MUSIC, settings, drive_db).pressure_pa)


def test_drive_and_trim_are_found_together():
    """Loudness and bass made by a known drive and trim lead back to both."""
    made = heard(BENCH, MUSIC, trimmed(PRESET, 1.5), -12.0, 1.0)
    match = matched(on_bench, PRESET, (made.loudness_lufs, made.bass_db), -15.0)
    assert match.drive_db == pytest.approx(-12.0, abs=0.15)
    assert match.trim_db == pytest.approx(1.5, abs=0.15)
    assert np.abs(match.errors_db).max() < 0.03


def test_what_cannot_be_reached_is_told():
    """A loudness beyond every drive leaves its error in the match."""
    match = matched(lambda _settings, drive_db: (min(drive_db, 0.0), 0.0), PRESET, (20.0, 0.0), 20.0)
    assert match.errors_db[0] == -20.0
    assert match.error_db == 20.0


def test_a_processor_distorts_as_much_as_itself():
    """Against itself the ratio is 1, the trim nothing, the interval a point and the bass the same."""
    own = heard(BENCH, MUSIC, PRESET, -9.0, 1.0)
    row = equal_bass_row(BENCH, MUSIC, PRESET, -9.0, own, 1.0)
    assert row["equal_bass_trim_db"] == 0.0
    assert equal_distortion_row(BENCH, MUSIC, PRESET, -9.0, own, 1.0)["equal_distortion_bass_db"] == 0.0
    assert [row[f"equal_bass_ratio{end}"] for end in ("", "_low", "_high")] == pytest.approx([1.0] * 3)


def test_bass_at_equal_distortion_is_over_that_of_the_other():
    """Against one that is as loud and distorts as much with 3 dB less bass, it is 3 dB more."""
    own = heard(BENCH, MUSIC, PRESET, -9.0, 1.0)
    row = equal_distortion_row(BENCH, MUSIC, PRESET, -9.0, replace(own, bass_db=own.bass_db - 3.0), 1.0)
    assert row["equal_distortion_bass_db"] == pytest.approx(3.0)


def test_the_interval_of_a_ratio_is_over_pieces():
    """A quarter of the energy everywhere is half for certain; pieces that differ leave doubt, fewer more."""
    rng = np.random.default_rng(0)
    whole_energy, fallen = np.ones((40, 6)), rng.uniform(0.5, 1.5, (40, 6))
    other = GapEnergies(fallen, whole_energy)
    assert ratio_interval(GapEnergies(fallen / 4.0, whole_energy), other) == pytest.approx((0.5, 0.5))
    unsure = GapEnergies(fallen * rng.uniform(0.02, 0.6, (40, 1)), whole_energy)
    low, high = ratio_interval(unsure, other)
    assert low < unsure.percent / other.percent < high
    few = slice(0, 40, 4)
    fewer = [GapEnergies(gaps.fallen[few], gaps.whole[few]) for gaps in (unsure, other)]
    fewer_low, fewer_high = ratio_interval(*fewer)
    assert fewer_high - fewer_low > high - low


def test_a_drive_is_made_exact():
    """On a linear loudspeaker 3 LU more are 3 dB more; from a wrong guess it is found, too."""
    linear = BENCH.twin()
    sound = linear.heard(linear.played(MUSIC, None, -6.0).pressure_pa)
    lufs = integrated_loudness(sound, SAMPLE_RATE)
    assert settled_drive(linear, MUSIC, None, lufs + 3.0, -8.0) == pytest.approx(-3.0, abs=0.05)


def _by_numbers(figure):
    """A measure by formula: loudness over drive and trim, and `figure(trim in dB, drive in dB)`."""

    def measure(settings, drive_db):
        trim_db = settings.bands[0].compressor.makeup_db - PRESET.bands[0].compressor.makeup_db
        return 0.5 * drive_db + 0.1 * trim_db, figure(trim_db, drive_db)

    return measure


def test_the_trim_ends_where_more_of_it_would_be_needed():
    """Distortion that grows by a fifth of the trim never comes to what is wanted: the most trim, as loud."""
    match = matched(_by_numbers(lambda trim, _: 0.2 * trim - 20.0), PRESET, (-5.0, -10.0), 0.0)
    assert match.trim_db == 12.0
    assert match.ends
    assert match.errors_db == pytest.approx((0.0, -7.6), abs=0.03)


def test_a_figure_that_turns_is_found_by_halves():
    """Flat up to 3 dB and steep from there: where slopes mislead, both figures are met all the same."""
    kinked = _by_numbers(lambda trim, drive: 3.0 * max(trim - 3.0, 0.0) + 0.01 * trim - 0.3 * drive)
    wanted = kinked(trimmed(PRESET, 5.0), 4.0)
    match = matched(kinked, PRESET, wanted, -10.0)
    assert not match.ends
    assert match.error_db < 0.2
    assert match.trim_db == pytest.approx(5.0, abs=0.1)


def test_the_closest_of_all_tries_counts():
    """Where the figure jumps over what is wanted, halving ends beside it: no try may have come closer."""
    errors = []

    def measure(settings, drive_db):
        trim_db = settings.bands[0].compressor.makeup_db - PRESET.bands[0].compressor.makeup_db
        figures = 0.5 * drive_db + 0.1 * trim_db, trim_db + (trim_db > 2.0)
        errors.append(np.hypot(figures[0], figures[1] - 2.3))
        return figures

    match = matched(measure, PRESET, (0.0, 2.3), 0.0)
    assert np.hypot(*match.errors_db) == pytest.approx(min(errors))
    assert not match.ends


def test_only_the_second_figure_can_end_a_trim():
    """A loudness that is not to be had is an error of the match, whatever the trim is."""
    match = matched(lambda s, drive: (min(drive, 5.0), _trim(s)), PRESET, (6.0, 12.0), 0.0)
    assert (match.trim_db, match.ends) == (pytest.approx(12.0, abs=0.05), False)
    assert match.error_db == pytest.approx(1.0)


def _trim(settings):
    return settings.bands[0].compressor.makeup_db - PRESET.bands[0].compressor.makeup_db
