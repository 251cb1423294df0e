"""Loudness, true peak, crest and bass level of tones against what standards and closed forms say of them."""

import numpy as np
import pytest

from bandwise.measure.loudness import bass_level_db, crest_factor_db, integrated_loudness, true_peak_db

RATE = 48_000


def tone(hz, level_db=0.0, seconds=1.0, phase=0.0):
    """A sine, (frames,), of this peak level and phase in radians."""
    time = np.arange(round(seconds * RATE)) / RATE
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * time + phase)


@pytest.mark.parametrize("lfe_dbfs", [None, 0.0])
def test_surround_channels_count_more_and_the_lfe_not_at_all(lfe_dbfs):
    """EBU Tech 3341, case 6: L, R at -28, C at -24, Ls, Rs at -30 dBFS is -23.0 LUFS, whatever the LFE."""
    channels = [tone(1_000, level, 5.0) for level in (-28, -28, -24, -30, -30)]
    if lfe_dbfs is not None:
        channels.insert(3, tone(1_000, lfe_dbfs, 5.0))
    assert integrated_loudness(np.stack(channels, axis=1), RATE) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize(("softer_db", "counts"), [(-11.7, True), (-13.7, False)])
def test_the_relative_gate_is_10_lu_below_the_mean(softer_db, counts):
    """Half of a tone is softer, the mean of both 2.8 LU below the loud half: 9 LU below it counts, 11 not."""
    x = np.concatenate([tone(997, -20, 20.0), tone(997, -20 + softer_db, 20.0)])
    mean_db = 10 * np.log10((1 + 10 ** (softer_db / 10)) / 2) if counts else 0.0
    assert integrated_loudness(x, RATE) == pytest.approx(-23.01 + mean_db, abs=0.1)


@pytest.mark.parametrize("degrees", [11.25, 22.5, 33.75, 45.0])
def test_a_peak_between_samples_is_found_wherever_it_lies(degrees):
    """The samples of a quarter-rate sine miss its peak by what their phase says; the true peak does not."""
    x = 0.5 * tone(RATE / 4, phase=np.radians(degrees)) * np.hanning(RATE)
    assert np.abs(x).max() == pytest.approx(0.5 * np.cos(np.radians(degrees)), abs=1e-3)
    assert true_peak_db(x, RATE) == pytest.approx(-6.02, abs=0.02)


def test_a_silent_channel_halves_the_power():
    """Beside silence a tone has its peak and half its mean square: 3.01 dB more crest, 3.01 dB less bass."""
    mono = tone(60, -6)
    stereo = np.stack([mono, np.zeros_like(mono)], axis=1)
    assert crest_factor_db(stereo) == pytest.approx(6.02, abs=0.01)
    assert bass_level_db(stereo, RATE) == pytest.approx(bass_level_db(mono, RATE) - 3.01, abs=0.01)


def test_channels_out_of_phase_do_not_cancel():
    """A tone and its inverse have the crest and the bass of the tone alone."""
    mono = tone(60, -6)
    stereo = np.stack([mono, -mono], axis=1)
    assert crest_factor_db(stereo) == pytest.approx(3.01, abs=0.01)
    assert bass_level_db(stereo, RATE) == pytest.approx(bass_level_db(mono, RATE))


@pytest.mark.parametrize(("hz", "counts"), [(15, False), (25, True), (115, True), (130, False)])
def test_bass_is_from_20_to_120_hz(hz, counts):
    """A second tone as strong doubles the power if it lies inside, and adds nothing if it lies outside."""
    alone, both = (bass_level_db(x, RATE) for x in (tone(60), tone(60) + tone(hz)))
    assert both - alone == pytest.approx(3.01 if counts else 0.0, abs=0.01)
