"""A class-D amplifier on a small supply: it clips at its rail, and the rail sags while current is drawn."""

from dataclasses import dataclass

from bandwise.errors import BandwiseError


@dataclass(frozen=True)
class Amplifier:
    """`gain_v` volts for a sample of 1.0, never more than the rail, which is `rail_v` without load.

    The supply is a source of `rail_v` behind `supply_ohm` with `reservoir_mf` of capacitor at the amplifier:
    C dV/dt = (rail_v - V) / R - P / V, P the power that goes to the loudspeaker. 0 ohm: the rail never sags.
    With `gain_v` above `rail_v` full scale is beyond clipping, as in products whose last volume steps are
    there for quiet recordings.
    """

    rail_v: float = 10.0
    gain_v: float = 10.0
    supply_ohm: float = 0.0
    reservoir_mf: float = 1.0

    @classmethod
    def of_small_device(cls, rail_v: float = 8.0) -> "Amplifier":
        """Full scale at the rail, which a supply of 0.3 ohm and 2 mF holds up."""
        return cls(rail_v, rail_v, supply_ohm=0.3, reservoir_mf=2.0)

    def __post_init__(self) -> None:
        for name, least in (("rail_v", 0.1), ("gain_v", 0.001), ("supply_ohm", 0.0), ("reservoir_mf", 0.01)):
            value = getattr(self, name)
            if not least <= value <= 1e4:
                raise BandwiseError(
                    f"got {name} = {value!r} in an amplifier; allowed is {least:g} to 10000; correct it"
                )
