"""The equations of a moving-coil loudspeaker behind an amplifier, integrated sample by sample.

Heuchel et al., "A quantitative comparison of linear and nonlinear loudspeaker models", ICA 2022, with the
usual box. State and symbols: coil current i, current i2 of the lossy inductance, excursion x (outward) and
speed v of the cone, excursion and speed of the air in the vent, voltage of the supply rail.

    Le di/dt  = u - Re i - R2 (i - i2) - Bl(x) v          u = the command, cut at the rail
    L2 di2/dt = R2 (i - i2)
    M dv/dt   = Bl(x) i - K(x) x - R v + Sd p - stop(x)   p = -(rho c^2 / V)(Sd x + Sp xp)
    Mp dvp/dt = Sp p - Rp vp
    C dV/dt   = (V0 - V) / Rs - u i / V

Bl(x) = Bl / (1 + a xi^2 + b xi), K(x) = K (1 + s xi^2 + b xi), xi = x / x_max. A rational Bl equals
the usual polynomial near the middle, and falls off, never below 0, where the coil leaves the gap.
Every element stores or loses energy, none makes any. Method: classical Runge-Kutta of order 4.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bandwise.device.amplifier import Amplifier
from bandwise.device.drivers import AIR_STIFFNESS_PA, Driver
from bandwise.kernels import kernel

Doubles = NDArray[np.float64]
State = tuple[float, float, float, float, float, float, float]

STATES = 7
I, I2, X, V, XP, VP, RAIL = range(STATES)
STOP_STIFFNESS = 100.0  # against the suspension's, ours: it ends the motion within a tenth of x_max
STABLE = 2.6  # RK4 holds up to 2.785 steps over the time constant; less inductance would need shorter ones

# Rows of what `integrate` writes.
TRACES = 5
VOLUME_ACCELERATION, EXCURSION, CURRENT, VOLTS, RAIL_VOLTS = range(TRACES)

PARAMETERS = 21
(
    RE, INV_LE, R2, INV_L2, BL, BL_A, BL_B, INV_XMAX, K, K_S, K_B, R, INV_M, SD, STOP, K_STOP,
    AIR, SP, INV_MP, RP, VENTED,
) = range(PARAMETERS)  # fmt: skip


class Motion(NamedTuple):
    """What the kernel needs: driver in SI units; supply in V, 1 / ohm, 1 / F; state; seconds per step."""

    parameters: Doubles  # (PARAMETERS,)
    supply: Doubles  # (3,)
    state: Doubles  # (STATES,)
    step_s: float


def make_motion(driver: Driver, amplifier: Amplifier, rate_hz: float) -> Motion:
    """The motion at rest."""
    p, box = np.zeros(PARAMETERS), driver.box
    xmax, drop = driver.xmax_mm * 1e-3, driver.bl_drop
    p[R2] = driver.r2_ohm if driver.l2_mh > 0.0 else 0.0
    fastest = STABLE * rate_hz / (2.0 if p[R2] else 1.0)  # of two coils the rates add at worst
    p[INV_L2] = 1.0 / max(driver.l2_mh * 1e-3, p[R2] / fastest) if p[R2] else 0.0
    p[RE], p[INV_LE] = driver.re_ohm, 1.0 / max(driver.le_mh * 1e-3, (driver.re_ohm + p[R2]) / fastest)
    p[BL], p[BL_A], p[BL_B] = driver.bl_tm, 1.0 / (1.0 - drop) - 1.0, driver.asymmetry
    p[INV_XMAX] = 1.0 / xmax
    p[K], p[K_S], p[K_B] = 1e3 / driver.cms_mm_per_n, driver.stiffening, driver.asymmetry
    p[R], p[INV_M], p[SD] = driver.rms_kg_per_s, 1e3 / driver.mms_g, driver.sd_cm2 * 1e-4
    p[STOP], p[K_STOP] = driver.stop_mm * 1e-3, STOP_STIFFNESS * p[K]
    p[AIR] = AIR_STIFFNESS_PA / (box.volume_l * 1e-3)
    if box.port_hz is not None:
        # The vent resonates with the air of the box: M_p = rho c^2 S_p^2 / (V omega_b^2).
        p[SP], omega = box.port_area_cm2 * 1e-4, 2.0 * math.pi * box.port_hz
        mass = p[AIR] * p[SP] ** 2 / omega**2
        p[INV_MP], p[RP], p[VENTED] = 1.0 / mass, omega * mass / box.port_q, 1.0
    conductance = 1.0 / amplifier.supply_ohm if amplifier.supply_ohm > 0.0 else 0.0
    supply = np.array([amplifier.rail_v, conductance, 1e3 / amplifier.reservoir_mf])
    state = np.zeros(STATES)
    state[RAIL] = amplifier.rail_v
    return Motion(p, supply, state, 1.0 / rate_hz)


@kernel
def clipped(command_v: float, rail_v: float) -> float:
    """The voltage that comes out: the command, cut at the rail."""
    return min(max(command_v, -rail_v), rail_v)


@kernel
def stop_force(x: float, at: float, stiffness: float) -> float:
    """Force of the stop beyond +-`at`, a stiff spring."""
    if x > at:
        return stiffness * (x - at)
    if x < -at:
        return stiffness * (x + at)
    return 0.0


@kernel
def derivative(s: State, command_v: float, p: Doubles, supply: Doubles) -> State:
    """Slope of the state: the five equations above."""
    i, i2, x, v, xp, vp, rail = s
    xi = x * p[INV_XMAX]
    bl = p[BL] / (1.0 + p[BL_A] * xi * xi + p[BL_B] * xi)
    u = clipped(command_v, rail)
    lossy = p[R2] * (i - i2)
    pressure = -p[AIR] * (p[SD] * x + p[SP] * xp)
    spring = p[K] * (1.0 + p[K_S] * xi * xi + p[K_B] * xi) * x + stop_force(x, p[STOP], p[K_STOP])
    charge = 0.0
    if supply[1] > 0.0:
        charge = ((supply[0] - rail) * supply[1] - u * i / max(rail, 0.1)) * supply[2]
    return (
        (u - p[RE] * i - lossy - bl * v) * p[INV_LE],
        lossy * p[INV_L2],
        v,
        (bl * i - spring - p[R] * v + p[SD] * pressure) * p[INV_M],
        vp,
        (p[SP] * pressure - p[RP] * vp) * p[INV_MP],
        charge,
    )


@kernel
def moved(s: State, d: State, dt: float) -> State:
    """Go on from s along the slope d for dt."""
    return (
        s[0] + dt * d[0], s[1] + dt * d[1], s[2] + dt * d[2], s[3] + dt * d[3],
        s[4] + dt * d[4], s[5] + dt * d[5], s[6] + dt * d[6],
    )  # fmt: skip


@kernel
def integrate(
    command_v: Doubles, last_v: float, p: Doubles, supply: Doubles, state: Doubles, dt: float, out: Doubles
) -> None:
    """Follow `command_v` (n,) from `state`, which moves on; write the traces of each step, (TRACES, n).

    Runge-Kutta 4 with the command running in straight lines; the slope at the end of a step is the first
    one of the next.
    """
    s = (state[0], state[1], state[2], state[3], state[4], state[5], state[6])
    before = last_v
    k1 = derivative(s, before, p, supply)
    for n in range(command_v.shape[0]):
        after = command_v[n]
        middle = 0.5 * (before + after)
        k2 = derivative(moved(s, k1, 0.5 * dt), middle, p, supply)
        k3 = derivative(moved(s, k2, 0.5 * dt), middle, p, supply)
        k4 = derivative(moved(s, k3, dt), after, p, supply)
        s = moved(moved(moved(moved(s, k1, dt / 6.0), k2, dt / 3.0), k3, dt / 3.0), k4, dt / 6.0)
        k1, before = derivative(s, after, p, supply), after
        out[VOLUME_ACCELERATION, n] = p[SD] * k1[V] + p[SP] * k1[VP]
        out[EXCURSION, n], out[CURRENT, n] = s[X], s[I]
        out[VOLTS, n], out[RAIL_VOLTS, n] = clipped(after, s[RAIL]), s[RAIL]
    for j in range(STATES):
        state[j] = s[j]
