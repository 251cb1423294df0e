"""What a loudspeaker does with small signals, in closed form: the model of Thiele and Small.

With electrical impedance Ze, mechanical impedance Zm of everything that moves, and U volts at the coil:
v = Bl U / (Ze Zm + Bl^2), and the pressure in the open at r metres is rho / (4 pi r) times the volume
acceleration. R. Small, JAES 20 (1972) for closed, JAES 21 (1973) for vented boxes.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bandwise.device.drivers import AIR_STIFFNESS_PA, Driver
from bandwise.device.loudspeaker import PRESSURE_PER_ACCELERATION

Complex = NDArray[Any]


def speed(driver: Driver, hz: ArrayLike) -> Complex:
    """Speed of the cone in m/s per volt."""
    s = 2j * np.pi * np.asarray(hz, dtype=np.float64)
    impedance = electrical_impedance(driver, s) * _mechanical(driver, s)
    return np.asarray(driver.bl_tm / (impedance + driver.bl_tm**2))


def excursion(driver: Driver, hz: ArrayLike) -> Complex:
    """Excursion of the cone in m per volt."""
    return np.asarray(speed(driver, hz) / (2j * np.pi * np.asarray(hz, dtype=np.float64)))


def pressure(driver: Driver, hz: ArrayLike) -> Complex:
    """Sound pressure at 1 m in the open, Pa per volt, cone and vent together."""
    s = 2j * np.pi * np.asarray(hz, dtype=np.float64)
    flow = driver.sd_cm2 * 1e-4 * speed(driver, hz) * (1.0 - _vent_share(driver, s))
    return np.asarray(PRESSURE_PER_ACCELERATION * s * flow)


def impedance(driver: Driver, hz: ArrayLike) -> Complex:
    """What the amplifier sees, in ohms: Ze + Bl^2 / Zm."""
    s = 2j * np.pi * np.asarray(hz, dtype=np.float64)
    return np.asarray(electrical_impedance(driver, s) + driver.bl_tm**2 / _mechanical(driver, s))


def electrical_impedance(driver: Driver, s: Complex) -> Complex:
    """Blocked coil: Re + s Le + (s L2 parallel to R2), ohms; s = j omega."""
    ze = driver.re_ohm + s * max(driver.le_mh, 0.01) * 1e-3
    if driver.l2_mh > 0.0 and driver.r2_ohm > 0.0:
        coil = s * driver.l2_mh * 1e-3
        ze = ze + coil * driver.r2_ohm / (coil + driver.r2_ohm)
    return np.asarray(ze)


def _mechanical(driver: Driver, s: Complex) -> Complex:
    """Mass, suspension and the air behind the cone, N s/m."""
    own = s * driver.mms_g * 1e-3 + driver.rms_kg_per_s + 1e3 / (driver.cms_mm_per_n * s)
    return np.asarray(own + (driver.sd_cm2 * 1e-4) ** 2 * _box(driver, s))


def _box(driver: Driver, s: Complex) -> Complex:
    """Acoustic impedance of the box: its air, parallel to the vent."""
    air = s * driver.box.volume_l * 1e-3 / AIR_STIFFNESS_PA
    return np.asarray(1.0 / (air + _vent_admittance(driver, s)))


def _vent_share(driver: Driver, s: Complex) -> Complex:
    """How much of the flow of the cone comes out of the vent again."""
    return np.asarray(_box(driver, s) * _vent_admittance(driver, s))


def _vent_admittance(driver: Driver, s: Complex) -> Complex:
    box = driver.box
    if box.port_hz is None:
        return np.zeros_like(s)
    omega = 2.0 * np.pi * box.port_hz
    mass = AIR_STIFFNESS_PA / (box.volume_l * 1e-3 * omega**2)
    return np.asarray(1.0 / (s * mass + omega * mass / box.port_q))
