"""Settings as TOML text and back, and the presets that come with the package."""

import json
import sys
from dataclasses import fields, is_dataclass
from difflib import get_close_matches
from importlib.resources import files
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from bandwise.bands.retuning import HIGHEST_FRACTION
from bandwise.dynamics.android import from_android
from bandwise.dynamics.settings import (
    BandSettings,
    CompressorSettings,
    LimiterSettings,
    MultibandSettings,
)
from bandwise.errors import BandwiseError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TABLES: dict[str, Any] = {
    "compressor": CompressorSettings,
    "limiter": LimiterSettings,
    "output": LimiterSettings,
}


def presets() -> list[str]:
    """Names of the presets, sorted."""
    folder = files("bandwise.dynamics") / "presets"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def load_preset(name: str) -> MultibandSettings:
    """The settings of a preset; its `description` says what it is for and why.

    Raises:
        BandwiseError: for an unknown name.
    """
    if not isinstance(name, str) or name not in presets():
        known = f"{', '.join(presets())}, and paths of TOML files"
        raise BandwiseError(f"got preset {name!r}; allowed are {known}{_hint(str(name), presets())}")
    text = (files("bandwise.dynamics") / "presets" / f"{name}.toml").read_text(encoding="utf-8")
    return from_toml(text)


def load_settings(
    settings: MultibandSettings | str | PathLike[str], sample_rate: float | None = None
) -> MultibandSettings:
    """Settings as they are, a preset by name, or those in a file.

    A file is TOML, or JSON of Android's parameters if it ends in .json. With a sample rate, a preset leaves
    out the bands that the rate has no room for; the others say what they say.

    Raises:
        BandwiseError: if there is neither, or the file is not valid.
    """
    if isinstance(settings, MultibandSettings):
        return settings
    if not isinstance(settings, str | PathLike):
        raise BandwiseError(
            f"got settings {settings!r}; allowed are MultibandSettings, presets and paths of TOML files; "
            "pass one of them"
        )
    name, path = fspath(settings), Path(settings)
    if path.suffix not in {".toml", ".json"} and (name in presets() or not path.is_file()):
        preset = load_preset(name)
        return preset.below(HIGHEST_FRACTION * sample_rate) if sample_rate else preset
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise BandwiseError(
            f"got {path}, which cannot be read ({error}); give a TOML file or a preset"
        ) from None
    try:
        return from_android(text) if path.suffix == ".json" else from_toml(text)
    except BandwiseError as error:
        raise BandwiseError(f"{path}: {error}") from None


def from_toml(text: str) -> MultibandSettings:
    """Settings from TOML text.

    Raises:
        BandwiseError: for broken TOML, an unknown key (with the nearest known one), or a value out of range.
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise BandwiseError(f"got text that is not TOML ({error}); correct that line") from None
    return from_dict(data)


def from_dict(data: dict[str, Any]) -> MultibandSettings:
    """Settings from nested dictionaries, as TOML gives them."""
    values = dict(data)
    if "bands" in values:
        bands = values["bands"]
        if not isinstance(bands, list):
            raise BandwiseError(
                "got bands that are not a list; allowed is one [[bands]] table per band; add them"
            )
        values["bands"] = tuple(_table(BandSettings, band, f"bands[{i}].") for i, band in enumerate(bands))
    for name in ("cutoffs_hz", "link"):
        if isinstance(values.get(name), list):
            values[name] = tuple(values[name])
    settings: MultibandSettings = _table(MultibandSettings, values, "")
    return settings


def _table(kind: Any, data: Any, where: str) -> Any:
    if not isinstance(data, dict):
        raise BandwiseError(
            f"got {where[:-1]} = {data!r}; allowed is a table of settings; write [{where[:-1]}]"
        )
    _check_keys(kind, data, where)
    values = {
        name: _table(TABLES[name], value, f"{where}{name}.") if name in TABLES else value
        for name, value in data.items()
    }
    try:
        return kind(**values)
    except BandwiseError as error:
        raise BandwiseError(f"{where}: {error}".replace(".: got", ": got") if where else str(error)) from None
    except TypeError as error:
        raise BandwiseError(
            f"got a value of another kind ({error}); allowed are numbers; correct it"
        ) from None


def _check_keys(kind: Any, data: dict[str, Any], where: str) -> None:
    known = [item.name for item in fields(kind)]
    for key in data:
        if key not in known:
            raise BandwiseError(
                f"got an unknown key {where}{key}; allowed are {', '.join(known)}{_hint(key, known)}"
            )


def _hint(got: str, known: list[str]) -> str:
    nearest = get_close_matches(got, known, 1, 0.5)
    return f"; did you mean {nearest[0]}?" if nearest else "; choose one of them"


def to_toml(settings: MultibandSettings) -> str:
    """Settings as TOML text that `from_toml` reads back; values that are defaults are left out."""
    lines = _lines(settings)
    lines += _section("output", settings.output)
    for band in settings.bands:
        lines += ["", "[[bands]]", *_lines(band)]
        lines += _section("bands.compressor", band.compressor) + _section("bands.limiter", band.limiter)
    return "\n".join(lines) + "\n"


def _section(title: str, settings: Any) -> list[str]:
    lines = _lines(settings)
    return ["", f"[{title}]", *lines] if lines else []


def _lines(settings: Any) -> list[str]:
    """One line per plain field that differs from its default."""
    plain = type(settings)()
    names = [item.name for item in fields(settings) if item.name != "bands"]
    pairs = [(name, getattr(settings, name)) for name in names]
    return [
        f"{name} = {_text(value)}"
        for name, value in pairs
        if not is_dataclass(value) and value != getattr(plain, name)
    ]


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, tuple):
        return "[" + ", ".join(_text(item) for item in value) + "]"
    return repr(value)
