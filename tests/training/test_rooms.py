"""Room responses: where they start, how they decay, what of them is wanted."""

import numpy as np
import pytest
from scipy import signal

from bandwise.training import rooms, shoebox
from bandwise.training.corpus import Response
from bandwise.training.signals import SAMPLE_RATE


def decay_time_s(response, from_db=-5.0, to_db=-25.0):
    """RT60 from the backward-integrated energy (Schroeder) between two levels."""
    energy = np.cumsum(np.square(response[::-1], dtype=np.float64))[::-1]
    level = 10 * np.log10(energy / energy[0])
    first, last = np.argmax(level < from_db), np.argmax(level < to_db)
    return 60 / (from_db - to_db) * (last - first) / SAMPLE_RATE


@pytest.fixture
def hall():
    """A room of known decay: white noise falling by 60 dB in 0.8 s."""
    rng = np.random.default_rng(3)
    seconds = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tail = 0.1 * rng.standard_normal(SAMPLE_RATE) * 10 ** (-3 * seconds / 0.8)
    tail[0] = 1
    return Response(np.concatenate([np.zeros(777), tail]).astype(np.float32), 0.8, "hall")


def test_direct_path_is_one_at_the_lead(hall):
    """However late and loud the peak came, it is 1 at LEAD_SAMPLES afterwards."""
    aligned = rooms.align(-3 * hall.samples)
    assert aligned[shoebox.LEAD_SAMPLES] == 1
    assert np.abs(aligned).max() == 1


def test_wanted_response_decays_in_200_ms(hall):
    """The tail of 0.8 s becomes one of 0.2 s, to the accuracy a decay of noise can be read."""
    wanted = rooms.shorten(rooms.align(hall.samples), hall.rt60_s)
    late = wanted[shoebox.LEAD_SAMPLES + round(rooms.EARLY_S * SAMPLE_RATE) :]
    assert decay_time_s(late) == pytest.approx(0.2, rel=0.1)


def test_early_part_is_untouched(hall):
    """The first 20 ms after the direct path are the same in both responses."""
    aligned = rooms.align(hall.samples)
    end = shoebox.LEAD_SAMPLES + round(rooms.EARLY_S * SAMPLE_RATE)
    wanted = rooms.shorten(aligned, hall.rt60_s)
    np.testing.assert_array_equal(wanted[:end], aligned[:end])
    assert (np.abs(wanted) <= np.abs(aligned)).all()


def test_dry_rooms_stay_as_they_are(hall):
    """A room that decays faster than 200 ms needs no change."""
    np.testing.assert_array_equal(rooms.shorten(hall.samples, 0.15), hall.samples)


@pytest.mark.parametrize("rt60_s", [0.2, 0.5, 1.0])
def test_simulated_room_decays_as_designed(rt60_s):
    """Schroeder decay of a far source lies within a quarter of the designed RT60."""
    room = shoebox.Shoebox(np.array([5.0, 4.0, 2.6]), rt60_s, rt60_s, np.array([2.0, 1.5, 1.3]))
    times = [decay_time_s(room.response(np.random.default_rng(seed), 2.5)) for seed in range(4)]
    assert np.mean(times) == pytest.approx(rt60_s, rel=0.25)


def test_nearer_is_drier():
    """The direct-to-reverberant ratio falls by about 6 dB per doubling of the distance."""
    room = shoebox.Shoebox(np.array([8.0, 7.0, 3.0]), 0.6, 0.4, np.array([4.0, 3.5, 1.5]))
    ratios = []
    for distance_m in (0.4, 0.8, 1.6):
        tails = [room.response(np.random.default_rng(seed), distance_m) for seed in range(8)]
        energies = [np.square(tail[shoebox.LEAD_SAMPLES + 1 :]).sum() for tail in tails]
        ratios.append(-10 * np.log10(np.mean(energies)))
    assert np.diff(ratios) == pytest.approx([-6, -6], abs=1.5)


def test_first_images_are_the_six_walls():
    """First-order images mirror the source at each wall, and second order has 18 of them."""
    source, size = np.array([1.0, 2.0, 1.5]), np.array([5.0, 4.0, 3.0])
    images, bounces = shoebox._image_positions(source, size)
    np.testing.assert_allclose(images[0], source)
    first = {tuple(image) for image in images[bounces == 1]}
    walls = {(-1, 2, 1.5), (9, 2, 1.5), (1, -2, 1.5), (1, 6, 1.5), (1, 2, -1.5), (1, 2, 4.5)}
    assert first == walls
    assert (bounces == 2).sum() == 18


def test_convolution_agrees_with_scipy(hall):
    """Same as scipy's, less the lead, cut to the dry length."""
    dry = np.random.default_rng(0).standard_normal(20_000).astype(np.float32)
    (wet,) = rooms.convolve(dry, [hall.samples])
    reference = signal.fftconvolve(dry.astype(np.float64), hall.samples)
    reference = reference[shoebox.LEAD_SAMPLES : shoebox.LEAD_SAMPLES + len(dry)]
    np.testing.assert_allclose(wet, reference, atol=1e-4)


def test_wet_speech_is_not_delayed(hall):
    """The direct path stays where the dry sound was."""
    dry = np.zeros(9_600, np.float32)
    dry[1_000] = 1
    heard, wanted = rooms.convolve(dry, [rooms.align(hall.samples), rooms.align(hall.samples)])
    assert np.argmax(np.abs(heard)) == np.argmax(np.abs(wanted)) == 1_000


def test_rooms_draw_measured_ones_only_if_there_are_any(hall):
    """Without measured responses every room is simulated; with probability 1 none is."""
    rng = np.random.default_rng(5)
    assert all(isinstance(rooms.Rooms([]).draw(rng), shoebox.Shoebox) for _ in range(20))
    assert all(isinstance(rooms.Rooms([hall], 1.0).draw(rng), rooms.MeasuredRoom) for _ in range(20))


def test_sources_in_measured_rooms_are_heard_and_wanted(hall):
    """Direct path of height 1 in both, whatever the early part weighs; the wanted tail is the shorter one."""
    room = rooms.MeasuredRoom([hall])
    for seed in range(4):
        source = rooms.place_source(room, np.random.default_rng(seed), (1.0, 2.0))
        lead, late = shoebox.LEAD_SAMPLES, SAMPLE_RATE // 5
        assert source.heard[lead] == pytest.approx(1)
        assert source.wanted[lead] == pytest.approx(1)
        energies = [np.square(response[late:]).sum() for response in (source.wanted, source.heard)]
        assert energies[0] < 0.1 * energies[1]
