"""A preset as TOML in which every number says why it is what it is."""

from collections.abc import Mapping

from bandwise.dynamics.store import to_toml
from bandwise.lab.deriving import Tuning

WIDTH = 108


def preset_text(tuning: Tuning, heading: str = "") -> str:
    """TOML with a comment above each number that `tuning.reasons` explains; `from_toml` reads it back.

    First comes the heading, then what was reached where the preset was tried out.
    """
    reached = [f"Reached {each.told()}." for each in tuning.reached]
    lines = [f"# {line}" for line in _wrapped("\n".join([heading, *reached]))]
    where, band = "", -1
    for line in to_toml(tuning.settings).splitlines():
        if line.startswith("["):
            band += line == "[[bands]]"
            where = _place(line, band)
            if line == "[[bands]]":
                lines += _comment(tuning.reasons, where + "title")
        elif " = " in line:
            lines += _comment(tuning.reasons, where + line.partition(" = ")[0])
        lines.append(line)
    return "\n".join(lines) + "\n"


def _place(line: str, band: int) -> str:
    """What the keys below a table's title are called: "output.", "bands.0.", "bands.0.limiter."."""
    name = line.strip("[]")
    return (f"bands.{band}" + name.removeprefix("bands") if name.startswith("bands") else name) + "."


def _comment(reasons: Mapping[str, str], place: str) -> list[str]:
    return [f"# {line}" for line in _wrapped(reasons[place])] if place in reasons else []


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return [line for paragraph in text.splitlines() for line in wrap(paragraph, WIDTH)]
