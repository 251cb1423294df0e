"""The room: image sources against an independent implementation and what acoustics says."""

import numpy as np
import pytest

from bandwise.device.room import Room, through
from bandwise.errors import BandwiseError

RATE = 16_000


def test_direct_sound_comes_first_and_falls_with_distance():
    """The first arrival is at distance / c, and 1 / distance high."""
    room = Room(rt60_s=0.1)
    response = room.response((2.0, 2.0, 1.3), (3.0, 2.0, 1.3), 96_000)
    peak = int(np.argmax(np.abs(response)))
    assert peak == pytest.approx(96_000 / 343.0, abs=1)
    assert response[peak] == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize("axis", range(3))
def test_echoes_between_two_walls_are_those_of_mirrors(axis):
    """Walls 8 m apart: an image after n bounces, d metres away, is r^n / d high, r by Eyring's formula."""

    def turned(*metres):
        return tuple(np.roll(metres, axis).tolist())

    room, per_metre = Room(turned(8.0, 60.0, 60.0), 0.5, *[turned(2.0, 30.0, 30.0)] * 4), 100
    response = room.response(turned(2.0, 30.0, 30.0), turned(3.0, 30.0, 30.0), 343 * per_metre)
    volume, surface = 8 * 60 * 60, 2 * (8 * 60 + 60 * 60 + 60 * 8)
    absorbed = 1 - np.exp(-0.161 * volume / (surface * 0.5))
    for metres, bounces in ((1, 0), (5, 1), (11, 1), (15, 2), (17, 2), (21, 3), (27, 3)):
        expected = (1 - absorbed) ** (bounces / 2) / metres
        assert response[metres * per_metre] == pytest.approx(expected, abs=0.03 / metres)


def test_agrees_with_pyroomacoustics():
    """The same shoebox in pyroomacoustics has the same response above the bass, up to its scale."""
    acoustics = pytest.importorskip("pyroomacoustics")
    room = Room()
    material = acoustics.Material(1 - room._reflection() ** 2)
    other = acoustics.ShoeBox(room.size_m, fs=RATE, materials=material, max_order=40)
    other.add_source(room.loudspeaker_m)
    other.add_microphone(room.talker_m)
    other.compute_rir()
    theirs = other.rir[0][0][40 : 40 + 3000]
    ours = room.response(room.loudspeaker_m, room.talker_m, RATE)[:3000]
    hz = np.fft.rfftfreq(3000, 1 / RATE)
    a, b = (np.fft.rfft(x)[hz > 200] for x in (theirs, ours))
    assert abs(np.vdot(a, b)) / np.linalg.norm(a) / np.linalg.norm(b) > 0.999


def test_longer_decay_leaves_more_sound():
    """Twice the decay time, more energy after 50 ms, the direct sound as before."""
    dry, wet = (Room(rt60_s=s).talker_path(RATE) for s in (0.2, 0.4))
    assert np.square(wet[800:]).sum() > 3 * np.square(dry[800:]).sum()
    assert np.abs(wet[:100]).max() == pytest.approx(np.abs(dry[:100]).max(), rel=0.01)


def test_through_is_convolution():
    """`through` equals numpy's convolution, cut."""
    rng = np.random.default_rng(0)
    x, h = rng.standard_normal(500), rng.standard_normal(60)
    assert through(x, h) == pytest.approx(np.convolve(x, h)[:500])


def test_places_outside_are_refused():
    """Nobody stands in a wall."""
    with pytest.raises(BandwiseError, match="talker_m"):
        Room(talker_m=(9.0, 1.0, 1.0))
