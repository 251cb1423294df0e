"""Loudspeaker drivers by their Thiele-Small parameters, their boxes, and where the numbers are from."""

import math
from dataclasses import dataclass, fields, replace
from typing import Any

from bandwise.errors import BandwiseError

AIR_DENSITY = 1.20  # kg/m3
SPEED_OF_SOUND = 343.0  # m/s
AIR_STIFFNESS_PA = AIR_DENSITY * SPEED_OF_SOUND**2  # adiabatic bulk modulus

# IEC 62458 and Klippel (JAES 54, 2006) call x_max the excursion where about 10 % of distortion is due to
# Bl(x) fallen to 82 % or C(x) fallen to 75 %. Read backwards: a driver whose data sheet states x_max has
# Bl(x_max) = 0.82 Bl(0) and K(x_max) = K(0) / 0.75.
BL_DROP_AT_XMAX = 0.18
STIFFENING_AT_XMAX = 1.0 / 0.75 - 1.0
ASYMMETRY_AT_XMAX = 0.03  # ours: the coil rests a little off centre, so even harmonics are there, too


def _check_positive(settings: Any, where: str) -> None:
    """Refuse numbers that are not: all are positive, those that default to 0 may be 0."""
    for item in fields(settings):
        value = getattr(settings, item.name)
        if value is None or item.name in {"name", "source", "box"}:
            continue
        least_ok = item.name in {"l2_mh", "r2_ohm", "le_mh", "bl_drop", "stiffening", "asymmetry"}
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        if not good or value < 0.0 or (value == 0.0 and not least_ok):
            raise BandwiseError(
                f"got {item.name} = {value!r} in {where}; allowed are positive numbers; correct it"
            )


MOST_DROP = 0.9


@dataclass(frozen=True)
class Box:
    """What the driver is mounted in. `port_hz` None: closed; else vented, tuned there, with `port_q`.

    `volume_l` litres of air; `port_area_cm2` is the cross-section of the vent.
    """

    volume_l: float = 1.0
    port_hz: float | None = None
    port_area_cm2: float = 3.0
    port_q: float = 30.0

    def __post_init__(self) -> None:
        _check_positive(self, "a box")


@dataclass(frozen=True)
class Driver:
    """One electrodynamic driver; SI values carry their unit in the name, the rest are usual data sheet units.

    `le_mh` in series with `l2_mh` parallel to `r2_ohm` is the lossy coil; `l2_mh` 0 leaves that pair out.
    `xmax_mm` is the linear excursion one way; the suspension runs into a stiff stop at `stop_mm`.
    `bl_drop`, `stiffening` and `asymmetry` say how much Bl falls and K rises at `xmax_mm`.
    """

    name: str
    re_ohm: float
    le_mh: float
    bl_tm: float
    mms_g: float
    cms_mm_per_n: float
    rms_kg_per_s: float
    sd_cm2: float
    xmax_mm: float
    stop_mm: float
    box: Box
    source: str = ""
    l2_mh: float = 0.0
    r2_ohm: float = 0.0
    bl_drop: float = BL_DROP_AT_XMAX
    stiffening: float = STIFFENING_AT_XMAX
    asymmetry: float = ASYMMETRY_AT_XMAX

    def __post_init__(self) -> None:
        _check_positive(self, f"driver {self.name!r}")
        self._refuse_forces_that_turn_round()
        if self.stop_mm <= self.xmax_mm:
            raise BandwiseError(
                f"got stop_mm = {self.stop_mm:g} in driver {self.name!r}; allowed is more than xmax_mm = "
                f"{self.xmax_mm:g}; correct it"
            )

    def _refuse_forces_that_turn_round(self) -> None:
        """1 + b x + a x^2, which scales Bl and stiffness at x times x_max, stays above 0 up to the stop."""
        where, reach = f"in driver {self.name!r}", self.stop_mm / self.xmax_mm
        if self.bl_drop > MOST_DROP:
            raise BandwiseError(
                f"got bl_drop = {self.bl_drop:g} {where}; allowed is 0 to {MOST_DROP:g}; correct it"
            )
        for a in (1.0 / (1.0 - self.bl_drop) - 1.0, self.stiffening):
            x = min(reach, self.asymmetry / (2.0 * a)) if a else reach
            if 1.0 - self.asymmetry * x + a * x * x <= 0.0:
                raise BandwiseError(
                    f"got asymmetry = {self.asymmetry:g} {where}; a force would turn round before the stop; "
                    "lower it"
                )

    @property
    def resonance_hz(self) -> float:
        """Resonance in free air, 1 / (2 pi sqrt(M C))."""
        return 1.0 / (2.0 * math.pi * math.sqrt(self.mms_g * 1e-3 * self.cms_mm_per_n * 1e-3))

    @property
    def box_resonance_hz(self) -> float:
        """Resonance in its box, the vent closed: f_s sqrt(1 + V_as / V_b)."""
        return self.resonance_hz * math.sqrt(1.0 + self.vas_l / self.box.volume_l)

    @property
    def vas_l(self) -> float:
        """Litres of air as stiff as the suspension, rho c^2 S_d^2 C."""
        return 1e3 * AIR_STIFFNESS_PA * (self.sd_cm2 * 1e-4) ** 2 * self.cms_mm_per_n * 1e-3

    def linear(self) -> "Driver":
        """The same driver without any nonlinearity, its stop out of reach."""
        return replace(self, bl_drop=0.0, stiffening=0.0, asymmetry=0.0, stop_mm=1e6)


def from_thiele_small(
    name: str,
    *,
    fs_hz: float,
    qes: float,
    qms: float,
    vas_l: float,
    re_ohm: float,
    sd_cm2: float,
    **rest: Any,
) -> Driver:
    """A driver from the small-signal parameters that data sheets print.

    C = V_as / (rho c^2 S_d^2), M = 1 / ((2 pi f_s)^2 C), R = 2 pi f_s M / Q_ms,
    Bl = sqrt(2 pi f_s M R_e / Q_es): R. Small, "Direct-radiator loudspeaker system analysis", JAES 20, 1972.
    """
    for key, value in (
        ("fs_hz", fs_hz), ("qes", qes), ("qms", qms), ("vas_l", vas_l), ("re_ohm", re_ohm), ("sd_cm2", sd_cm2)
    ):  # fmt: skip
        if not value > 0.0:
            raise BandwiseError(
                f"got {key} = {value!r} in driver {name!r}; allowed are positive numbers; mend it"
            )
    omega, area = 2.0 * math.pi * fs_hz, sd_cm2 * 1e-4
    compliance = vas_l * 1e-3 / (AIR_STIFFNESS_PA * area**2)
    mass = 1.0 / (omega**2 * compliance)
    return Driver(
        name,
        re_ohm=re_ohm,
        bl_tm=math.sqrt(omega * mass * re_ohm / qes),
        mms_g=1e3 * mass,
        cms_mm_per_n=1e3 * compliance,
        rms_kg_per_s=omega * mass / qms,
        sd_cm2=sd_cm2,
        **rest,
    )


ND65 = from_thiele_small(
    "nd65-4",
    fs_hz=89.5, qes=0.68, qms=5.56, vas_l=0.5, re_ohm=3.5, sd_cm2=15.2,
    le_mh=0.1, xmax_mm=3.5, stop_mm=6.0, box=Box(1.0),
    source="Dayton Audio ND65-4, 2.5 inch: fs, Qes, Qms, Vas, Re, Xmax of data sheet 290-204 as "
    "listed at sinedesign.app; Sd (effective diameter 44 mm), Le and the box are our assumptions",
)  # fmt: skip

DRIVERS = {
    driver.name: driver
    for driver in (
        Driver(
            "full-range-2in",
            re_ohm=3.54, le_mh=0.145, bl_tm=2.49, mms_g=2.8, cms_mm_per_n=0.465, rms_kg_per_s=0.65,
            sd_cm2=20.0, xmax_mm=3.0, stop_mm=5.0, box=Box(0.7),
            source="a small full-range driver as used in public simulation code (Re to Rms); "
            "Sd, Xmax and the box are our assumptions for a 2 inch cone",
        ),
        ND65,
        replace(
            ND65,
            name="nd65-4-vented",
            box=Box(2.1, port_hz=58.6),
            source="the same driver in the vented box suggested there: 2.1 litres tuned to 58.6 Hz",
        ),
        Driver(
            "hds-p830860",
            re_ohm=6.4, le_mh=0.278, bl_tm=5.74, mms_g=8.88, cms_mm_per_n=0.56, rms_kg_per_s=1.90,
            sd_cm2=89.9, xmax_mm=4.0, stop_mm=7.0, box=Box(5.0),
            source="Peerless HDS-P830860, 5.25 inch, data sheet values as printed in public simulation code "
            "(fs 72, Qms 2.08, Qes 0.725); Xmax and the box are our assumptions",
        ),
        Driver(
            "sds-p830657",
            re_ohm=6.05, le_mh=0.38, bl_tm=5.98, mms_g=11.5, cms_mm_per_n=1.1014, rms_kg_per_s=1.18,
            sd_cm2=141.0, xmax_mm=3.5, stop_mm=7.0, box=Box(15.0),
            source="Peerless SDS-P830657, 6.5 inch compact woofer, Tymphany specification sheet of 2017 "
            "(fs 44.75, Qms 2.74, Qes 0.55, Xmax 3.5 mm); the box is our assumption",
        ),
    )
}  # fmt: skip
