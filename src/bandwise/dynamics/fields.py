"""Fields of settings that know their range: one place that checks them and one that words the refusal."""

import math
from dataclasses import field, fields, replace
from numbers import Real
from typing import Any, cast

from bandwise.errors import BandwiseError


def number(default: float | None, low: float, high: float, unit: str = "", *, fix: str = "") -> Any:
    """A float field between `low` and `high`; None is allowed if it is the default."""
    fix = fix or "choose a value in that range"
    return field(default=default, metadata={"range": (low, high), "unit": unit, "fix": fix})


def choice(default: str, *allowed: str) -> Any:
    """A string field that takes one of `allowed`."""
    return field(default=default, metadata={"choices": allowed})


def flag(*, default: bool) -> Any:
    """A field that is on or off."""
    return field(default=default, metadata={"flag": True})


def text(default: str = "") -> Any:
    """A field of words."""
    return field(default=default, metadata={"text": True})


def check_fields(settings: Any) -> None:
    """Check every field of a settings object made with the functions above; integers become floats.

    Raises:
        BandwiseError: naming the value, its range and a remedy.
    """
    for item in fields(settings):
        value, kind = getattr(settings, item.name), cast("Any", item.default_factory)
        if "range" in item.metadata:
            object.__setattr__(settings, item.name, _checked_number(item, value))
        elif "choices" in item.metadata and value not in item.metadata["choices"]:
            allowed = ", ".join(item.metadata["choices"])
            raise BandwiseError(f"got {item.name} = {value!r}; allowed are {allowed}; choose one of them")
        elif "flag" in item.metadata and not isinstance(value, bool):
            raise BandwiseError(f"got {item.name} = {value!r}; allowed are true and false; write one of them")
        elif "text" in item.metadata and not isinstance(value, str):
            raise BandwiseError(f"got {item.name} = {value!r}; allowed is text; put it in quotes")
        elif isinstance(kind, type):  # settings within settings
            check_part(item.name, value, kind)


def check_part(name: str, value: Any, kind: type) -> None:
    """Raise BandwiseError unless the value of a field is settings of that kind."""
    if not isinstance(value, kind):
        raise BandwiseError(f"got {name} = {value!r}; allowed is a {kind.__name__}; make one")


def raised(settings: Any, name: str, by: float) -> Any:
    """The same settings with a number raised by so much, or as far as its range goes."""
    low, high = next(item.metadata["range"] for item in fields(settings) if item.name == name)
    return replace(settings, **{name: min(max(getattr(settings, name) + by, low), high)})


def _checked_number(item: Any, value: Any) -> float | None:
    if value is None and item.default is None:
        return None
    low, high = item.metadata["range"]
    is_number = isinstance(value, Real) and not isinstance(value, bool)
    if not is_number or not low <= value <= high:  # NaN is in no range
        unit = f" {item.metadata['unit']}" if item.metadata["unit"] else ""
        shown = f"{_as_float(value):g}{unit}" if is_number else repr(value)
        raise BandwiseError(
            f"got {item.name} = {shown}; allowed is {low:g} to {high:g}{unit}; {item.metadata['fix']}"
        )
    return float(value)


def _as_float(value: Any) -> float:
    """The number, or an infinity where a float has no room for it."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf
