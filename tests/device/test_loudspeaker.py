"""The loudspeaker: its small signals are Thiele's and Small's, its large ones are what physics allows."""

from dataclasses import replace

import numpy as np
import pytest
import small_signal
from device_signals import RATE, amplitude_at, thd, tone

from bandwise.device.amplifier import Amplifier
from bandwise.device.driver_files import driver_of, load_driver
from bandwise.device.drivers import DRIVERS, Box, Driver, from_thiele_small
from bandwise.device.loudspeaker import OVERSAMPLING, Loudspeaker
from bandwise.device.motion import CURRENT, EXCURSION, RAIL_VOLTS, STOP_STIFFNESS, VOLTS
from bandwise.errors import BandwiseError

STIFF = Amplifier(rail_v=1000.0, gain_v=1.0)
NAMES = list(DRIVERS)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("hz", [40, 110, 300, 2000])
def test_small_signals_follow_the_closed_form(name, hz):
    """A hundredth of a volt comes out as the closed form says, in magnitude and phase."""
    played = Loudspeaker(DRIVERS[name], STIFF).play(tone(hz, 0.01, 2.0))
    got = amplitude_at(played.pressure_pa, hz) / amplitude_at(tone(hz, 0.01, 2.0), hz)
    assert got == pytest.approx(complex(small_signal.pressure(DRIVERS[name], hz)), rel=5e-3)


def test_closed_form_equals_solved_equations():
    """The formula of a vented box equals the solution of its linear equations of motion."""
    d, hz = DRIVERS["nd65-4-vented"], np.array([30.0, 58.6, 200.0])
    s, area, port = 2j * np.pi * hz, d.sd_cm2 * 1e-4, d.box.port_area_cm2 * 1e-4
    air = 1.2 * 343.0**2 / (d.box.volume_l * 1e-3)
    omega = 2 * np.pi * d.box.port_hz
    mass = air * port**2 / omega**2
    for k, sk in enumerate(s):
        # unknowns: current, cone speed, vent speed
        equations = np.array(
            [
                [d.re_ohm + sk * d.le_mh * 1e-3, d.bl_tm, 0],
                [-d.bl_tm, sk * d.mms_g * 1e-3 + d.rms_kg_per_s + 1e3 / d.cms_mm_per_n / sk
                 + air * area**2 / sk, air * area * port / sk],
                [0, air * area * port / sk, sk * mass + omega * mass / d.box.port_q + air * port**2 / sk],
            ]
        )  # fmt: skip
        current, cone, vent = np.linalg.solve(equations, [1, 0, 0])
        assert small_signal.speed(d, hz[k]) == pytest.approx(cone)
        assert small_signal.impedance(d, hz[k]) == pytest.approx(1 / current)
        flow = area * cone + port * vent
        assert small_signal.pressure(d, hz[k]) == pytest.approx(1.2 / (4 * np.pi) * sk * flow)


def test_closed_box_resonates_where_small_says():
    """The impedance of a closed box peaks at f_s sqrt(1 + V_as / V_b)."""
    driver = DRIVERS["nd65-4"]
    hz = np.geomspace(50, 300, 4000)
    peak = hz[np.argmax(np.abs(small_signal.impedance(driver, hz)))]
    assert peak == pytest.approx(driver.box_resonance_hz, rel=0.01)


@pytest.mark.parametrize("name", NAMES)
def test_distortion_rises_with_level(name):
    """Four times the voltage, more harmonics, in the bass."""
    speaker = Loudspeaker(DRIVERS[name], STIFF)
    low, high = (thd(speaker.play(tone(80, volts, 2.0)).pressure_pa, 80) for volts in (0.5, 2.0))
    assert high > 2 * low


@pytest.mark.parametrize("name", ["full-range-2in", "nd65-4", "hds-p830860", "sds-p830657"])
def test_distortion_falls_with_frequency(name):
    """At the same voltage a closed box distorts less the higher the tone: excursion is what bends."""
    speaker = Loudspeaker(DRIVERS[name], STIFF)
    distortion = [thd(speaker.play(tone(hz, 3.0, 2.0)).pressure_pa, hz) for hz in (50, 100, 200, 800)]
    assert distortion == sorted(distortion, reverse=True)


def test_linear_twin_has_no_distortion():
    """Without its nonlinearities the same loudspeaker makes no harmonics, however loud."""
    twin = Loudspeaker(DRIVERS["nd65-4"], Amplifier(5.0, 10.0, 0.5)).linear()
    assert thd(twin.play(tone(60, 1.0, 2.0)).pressure_pa, 60) < 1e-5


def energy(driver, traces):
    """What the cone, the springs and the coil hold in a closed box, J, at each step."""
    xi, x = traces[EXCURSION] / (driver.xmax_mm * 1e-3), traces[EXCURSION]
    stiffness = 1e3 / driver.cms_mm_per_n
    air = 1.2 * 343.0**2 / (driver.box.volume_l * 1e-3) * (driver.sd_cm2 * 1e-4) ** 2
    speed = np.gradient(x, 1 / (RATE * OVERSAMPLING))
    potential = stiffness * x**2 * (0.5 + driver.stiffening * xi**2 / 4 + driver.asymmetry * xi / 3)
    beyond = np.maximum(np.abs(x) - driver.stop_mm * 1e-3, 0)
    potential += 0.5 * air * x**2 + 0.5 * STOP_STIFFNESS * stiffness * beyond**2
    kinetic = 0.5 * driver.mms_g * 1e-3 * speed**2
    return potential + kinetic + 0.5 * driver.le_mh * 1e-3 * traces[CURRENT] ** 2, speed


def test_energy_is_never_created():
    """What came in through the terminals is stored or lost in Re and Rms, in the stop, too."""
    driver = replace(DRIVERS["nd65-4"], stop_mm=4.0)
    rng = np.random.default_rng(1)
    x = np.convolve(rng.standard_normal(RATE // 2), np.ones(60) / 60, "same") * 60
    traces = Loudspeaker(driver, Amplifier(12.0, 1.0)).traces(x)
    stored, speed = energy(driver, traces)
    dt = 1 / (RATE * OVERSAMPLING)
    given = np.cumsum(traces[VOLTS] * traces[CURRENT]) * dt
    lost = np.cumsum(driver.re_ohm * traces[CURRENT] ** 2 + driver.rms_kg_per_s * speed**2) * dt
    assert np.abs(traces[EXCURSION]).max() > 4.0e-3
    assert np.abs(given - lost - stored).max() < 2e-3 * given[-1]


def test_a_loudspeaker_left_alone_calms_down():
    """After the music its energy only falls."""
    driver = DRIVERS["nd65-4"]
    x = np.concatenate([tone(80, 8.0, 0.2), np.zeros(RATE // 5)])
    stored, _ = energy(driver, Loudspeaker(driver, STIFF).traces(x))
    after = stored[round(0.205 * RATE * OVERSAMPLING) :]
    assert np.all(np.diff(after[::50]) <= 1e-12)
    assert after[-1] < 0.01 * after[0]


def test_the_rail_is_never_exceeded():
    """No output voltage beyond the rail, and none of it below while signals are small."""
    traces = Loudspeaker(DRIVERS["nd65-4"], Amplifier(6.0, 12.0, 0.4)).traces(tone(200, 1.0, 0.2))
    assert np.all(np.abs(traces[VOLTS]) <= traces[RAIL_VOLTS] + 1e-12)
    played = Loudspeaker(DRIVERS["nd65-4"], Amplifier(6.0, 12.0)).play(tone(200, 0.4, 0.2))
    assert played.clipped_share == 0.0


def test_the_rail_sags_with_current():
    """A supply with resistance falls by R I under load, and a stiff one stays."""
    loud = tone(300, 0.9, 0.3)
    soft, stiff = (
        Loudspeaker(DRIVERS["nd65-4"], Amplifier(10.0, 10.0, ohm)).play(loud).lowest_rail_v
        for ohm in (1.0, 0.0)
    )
    assert stiff == 10.0
    assert 6.0 < soft < 9.5


def test_extreme_input_stays_finite():
    """Ten times beyond the rail at the resonance, and full-scale steps, leave finite sound and excursion."""
    for x in (tone(110, 10.0, 0.5), np.sign(tone(20, 1.0, 0.5)) * 10):
        played = Loudspeaker(DRIVERS["nd65-4"], Amplifier(30.0, 10.0)).play(x)
        assert np.all(np.isfinite(played.pressure_pa))
        assert played.peak_excursion_mm < 3 * DRIVERS["nd65-4"].stop_mm


def test_thiele_small_parameters_come_back():
    """fs, Qes, Qms and Vas in, a driver out that has them."""
    d = from_thiele_small(
        "d", fs_hz=80.0, qes=0.5, qms=4.0, vas_l=2.0, re_ohm=6.0, sd_cm2=50.0,
        le_mh=0.2, xmax_mm=4.0, stop_mm=8.0, box=Box(3.0),
    )  # fmt: skip
    omega = 2 * np.pi * 80.0
    assert d.resonance_hz == pytest.approx(80.0)
    assert d.vas_l == pytest.approx(2.0)
    assert omega * d.mms_g * 1e-3 / d.rms_kg_per_s == pytest.approx(4.0)
    assert omega * d.mms_g * 1e-3 * d.re_ohm / d.bl_tm**2 == pytest.approx(0.5)


def test_every_driver_names_its_source():
    """A number without a source is not a number; assumptions are called so."""
    for driver in DRIVERS.values():
        assert isinstance(driver, Driver)
        assert len(driver.source) > 20


def test_driver_files_are_read_and_checked(tmp_path):
    """A TOML file makes a driver; what is wrong in one is told with its name."""
    text = "re_ohm=3.5\nfs_hz=90\nqes=0.7\nqms=5\nvas_l=0.5\nsd_cm2=15\nle_mh=0.1\nxmax_mm=3\n"
    text += "[box]\nvolume_l=1\n"
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert load_driver(path).resonance_hz == pytest.approx(90.0)
    for broken, word in (
        ("re_om=1\n" + text, "re_om"),
        (text.replace("3.5", "-3.5"), "re_ohm"),
        ("bl_tm=2\n" + text, "unknown key bl_tm"),
        (text.replace("fs_hz=90\n", ""), "fs_hz"),
        ("a=", "TOML"),
    ):
        path.write_text(broken)
        with pytest.raises(BandwiseError, match=word):
            load_driver(path)
    with pytest.raises(BandwiseError, match=r"nothing\.toml"):
        load_driver(tmp_path / "nothing.toml")
    with pytest.raises(BandwiseError, match="box"):
        driver_of({"box": 3}, "x")


@pytest.mark.parametrize("coil", [{"le_mh": 0.0}, {"le_mh": 0.01}, {"l2_mh": 0.1, "r2_ohm": 30.0}])
def test_coils_of_little_inductance_stay_stable(coil):
    """The steps follow; a low tone is within a decibel of that of a coil large enough to be exact."""
    driver = DRIVERS["nd65-4"]
    time = np.arange(RATE // 4) / RATE
    x = 0.02 * np.sin(2 * np.pi * 200 * time)
    played = [
        Loudspeaker(replace(driver, **some), Amplifier(), RATE).play(x) for some in (coil, {"le_mh": 0.03})
    ]
    levels = [np.sqrt(np.mean(one.pressure_pa[RATE // 8 :] ** 2)) for one in played]
    assert 20 * np.log10(levels[0] / levels[1]) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize(("name", "value"), [("bl_drop", 1.0), ("asymmetry", 3.0), ("sd_cm2", 0.0)])
def test_drivers_that_cannot_be_are_refused(name, value):
    """Forces that turn round, and cones without a surface; one nonlinearity may well be missing."""
    with pytest.raises(BandwiseError, match=name):
        replace(DRIVERS["nd65-4"], **{name: value})
    for switched_off in ("bl_drop", "stiffening", "asymmetry"):
        replace(DRIVERS["nd65-4"], **{switched_off: 0.0})
