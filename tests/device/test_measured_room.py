"""Measured rooms: distances keep their law, reverberation its level, nonsense is refused."""

from dataclasses import asdict

import numpy as np
import pytest
import soundfile

from bandwise.device.measured_room import MeasuredRoom
from bandwise.errors import BandwiseError
from bandwise.lab.bench import Bench

RATE = 48_000
TAIL_FROM = round(0.02 * RATE)


@pytest.fixture
def recorded(tmp_path):
    """A file with 10 ms of silence, a click, and from 20 ms on noise that decays by 60 dB in 0.3 s."""
    rng, time = np.random.default_rng(0), np.arange(RATE // 2) / RATE
    response = 0.02 * rng.standard_normal(RATE // 2) * 10 ** (-3 * time / 0.3)
    response[:TAIL_FROM] = 0.0
    response[round(0.01 * RATE)] = 0.5
    soundfile.write(tmp_path / "room.wav", response, RATE, "FLOAT")
    return str(tmp_path / "room.wav")


def test_direct_sound_follows_distance(recorded):
    """The first arrival is 1 / distance high after distance / c, at both ends of the device."""
    room = MeasuredRoom(recorded)
    for response, distance in ((room.echo_path(RATE), 0.09), (room.listening_path(RATE), 2.0)):
        peak = int(np.argmax(np.abs(response)))
        assert abs(response[peak]) == pytest.approx(1 / distance, rel=0.01)
        assert peak == pytest.approx(distance / 343 * RATE, abs=0.0003 * RATE)


def test_reverberation_is_as_loud_everywhere(recorded):
    """What comes after the direct sound has the same energy near the loudspeaker and far from it."""
    room = MeasuredRoom(recorded)
    late = [np.square(path(RATE)[RATE // 50 :]).sum() for path in (room.echo_path, room.listening_path)]
    assert late[0] == pytest.approx(late[1], rel=0.3)
    assert 0 < late[0] < 1


def test_other_rates_hear_the_same_room(recorded):
    """At 16 kHz the response has the same energy below 7 kHz per second as at 48 kHz."""
    slow, fast = (MeasuredRoom(recorded).talker_path(rate) for rate in (16_000, RATE))
    energies = []
    for response, rate in ((slow, 16_000), (fast, RATE)):
        power, hz = np.square(np.abs(np.fft.rfft(response, rate))), np.fft.rfftfreq(rate, 1 / rate)
        energies.append(power[(hz > 300) & (hz < 7_000)].mean())
    assert energies[0] == pytest.approx(energies[1], rel=0.1)


def test_a_bench_takes_it(recorded):
    """A bench with a measured room says so in its settings."""
    assert asdict(Bench(room=MeasuredRoom(recorded)))["room"]["path"] == recorded


def test_bad_rooms_are_refused(tmp_path):
    """Missing, silent, unreadable, or nowhere near."""
    with pytest.raises(BandwiseError, match="not there"):
        MeasuredRoom("nothing.wav")
    soundfile.write(tmp_path / "zeros.wav", np.zeros(RATE), RATE)
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(BandwiseError, match="zeros"):
        MeasuredRoom(str(tmp_path / "zeros.wav")).echo_path(RATE)
    with pytest.raises(BandwiseError, match="no recording"):
        MeasuredRoom(str(tmp_path / "text.wav")).echo_path(RATE)
    with pytest.raises(BandwiseError, match="measured_m"):
        MeasuredRoom(str(tmp_path / "zeros.wav"), measured_m=0.0)
