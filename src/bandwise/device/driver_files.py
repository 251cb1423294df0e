"""Drivers from TOML files."""

import sys
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import Any

from bandwise.device.drivers import DRIVERS, Box, Driver, from_thiele_small
from bandwise.errors import BandwiseError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


# Two ways to say the same: a file takes one of them.
SMALL_SIGNAL = {"fs_hz", "qes", "qms", "vas_l"}
MECHANICAL = {"bl_tm", "mms_g", "cms_mm_per_n", "rms_kg_per_s"}


def load_driver(name_or_path: str | PathLike[str]) -> Driver:
    """A driver by name, or from a TOML file with the fields of `Driver` and a table [box].

    A file may give fs_hz, qes, qms and vas_l in place of bl_tm, mms_g, cms_mm_per_n and rms_kg_per_s.

    Raises:
        BandwiseError: for an unknown name, broken TOML, an unknown or missing key, a value out of range.
    """
    if str(name_or_path) in DRIVERS:
        return DRIVERS[str(name_or_path)]
    path = Path(name_or_path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BandwiseError(
            f"got driver {str(path)!r}; allowed are {', '.join(DRIVERS)} and TOML files ({error}); name one"
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BandwiseError(f"got {path}, which is not TOML ({error}); correct that line") from None
    return driver_of(data, str(path))


def driver_of(data: dict[str, Any], where: str) -> Driver:
    """A driver from nested dictionaries, as TOML gives them."""
    values = dict(data)
    values.setdefault("name", Path(where).stem)
    values["box"] = _box_of(values.get("box", {}), where)
    make: Any = from_thiele_small if SMALL_SIGNAL & values.keys() else Driver
    known = {f.name for f in fields(Driver)}
    known = known - MECHANICAL | SMALL_SIGNAL if make is from_thiele_small else known
    for key in values:
        if key not in known:
            raise BandwiseError(
                f"got an unknown key {key} in {where}; allowed are {', '.join(sorted(known))}; remove it"
            )
    try:
        values.setdefault("stop_mm", 1.7 * float(values.get("xmax_mm", 1.0)))
        driver: Driver = make(**values)
    except BandwiseError:
        raise
    except (TypeError, ValueError, ArithmeticError) as error:
        raise BandwiseError(
            f"got {where}, which lacks a value or has a wrong one ({error}); add it"
        ) from None
    return driver


def _box_of(data: Any, where: str) -> Box:
    known = [f.name for f in fields(Box)]
    if not isinstance(data, dict) or set(data) - set(known):
        raise BandwiseError(
            f"got box = {data!r} in {where}; allowed is a table of {', '.join(known)}; correct it"
        )
    return Box(**data)
