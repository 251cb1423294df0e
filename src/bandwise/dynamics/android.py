"""The parameter set of Android's DynamicsProcessing (API 28) as JSON, in and out.

Per channel Android has an input gain, a pre-EQ, a multiband compressor (MBC), a post-EQ and a limiter; names
below are those of android.media.audiofx.DynamicsProcessing.MbcBand and .Limiter. What has no counterpart
there (band limiters, upward compression, true peaks, slopes and so on) is lost on the way out, and
`lost_in_android` names it; on the way in it gets defaults, with band limiters off. The limiter's attack
time stands for the look-ahead. Its post-gain comes after it, our output gain in front: a limiter that holds C
behind a gain of G dB is one that holds C - G in front of that gain.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from math import inf, isfinite
from typing import Any

from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings
from bandwise.errors import BandwiseError

TOP_EDGE_HZ = 20_000.0  # what Android's last band states, unless a cutoff is higher
LOOKAHEAD_MS = (1.0, 50.0)  # the attack times that can be one; without look-ahead it is another limiter

FULL_SCALE_DBFS = 0.0  # the highest ceiling that we have
DECIMALS = 9  # of sums of decibels, so that what goes out comes back

MBC_KEYS = {
    "enabled", "cutoffFrequency", "attackTime", "releaseTime", "ratio", "threshold", "kneeWidth",
    "noiseGateThreshold", "expanderRatio", "preGain", "postGain",
}  # fmt: skip
LIMITER_KEYS = {
    "inUse", "enabled", "linkGroup", "attackTime", "releaseTime", "ratio", "threshold", "postGain",
}  # fmt: skip


def to_android(settings: MultibandSettings) -> str:
    """Settings as a JSON text with one channel: {"inputGain", "mbc": {"bands"}, "limiter"}."""
    edges = [*settings.cutoffs_hz, max([TOP_EDGE_HZ, *settings.cutoffs_hz])]
    output = settings.output
    channel = {
        "inputGain": 0.0,
        "mbc": {
            "inUse": True,
            "enabled": True,
            "bands": [_mbc_band(band, edge) for band, edge in zip(settings.bands, edges, strict=True)],
        },
        "limiter": {
            "inUse": output.enabled,
            "enabled": output.enabled,
            "linkGroup": 0,
            "attackTime": settings.lookahead_ms,
            "releaseTime": output.release_ms,
            "ratio": 50.0,
            "threshold": round(output.ceiling_dbfs - settings.output_gain_db, DECIMALS),
            "postGain": settings.output_gain_db,
        },
    }
    return json.dumps({"channels": [channel]}, indent=2)


def _mbc_band(band: BandSettings, edge_hz: float) -> dict[str, Any]:
    compressor = band.compressor
    return {
        "enabled": compressor.enabled and not band.bypass,
        "cutoffFrequency": edge_hz,
        "attackTime": compressor.attack_ms,
        "releaseTime": compressor.release_ms,
        "ratio": compressor.ratio,
        "threshold": compressor.threshold_db,
        "kneeWidth": compressor.knee_db,
        "noiseGateThreshold": compressor.expander_threshold_db,
        "expanderRatio": compressor.expander_ratio,
        "preGain": 0.0 if band.bypass else band.gain_db,
        "postGain": compressor.makeup_db,
    }


def from_android(text: str) -> MultibandSettings:
    """Settings from such a JSON text; the first channel counts, and all channels are linked.

    Raises:
        BandwiseError: for text that is not JSON of this shape, unknown keys, or values out of range.
    """
    channel = _first_channel(text)
    mbc, limiter = _table(channel, "mbc"), _table(channel, "limiter")
    _check_keys(mbc, {"inUse", "enabled", "bands"}, "mbc")
    bands = mbc.get("bands", [])
    if not isinstance(bands, list) or not bands:
        raise BandwiseError('got "mbc" without bands; allowed is a list of one or more; add "bands"')
    for band in bands:
        _check_keys(band, MBC_KEYS, "an MBC band")
    _check_keys(limiter, LIMITER_KEYS, "the limiter")
    gain_db = _number(channel, "inputGain", 0.0)
    post_gain_db = _number(limiter, "postGain", 0.0) if _on(limiter) else 0.0
    ceiling_dbfs = round(_number(limiter, "threshold", 0.0) + post_gain_db, DECIMALS)
    return MultibandSettings(
        cutoffs_hz=tuple(_number(band, "cutoffFrequency", 0.0) for band in bands[:-1]),
        lookahead_ms=max(LOOKAHEAD_MS[0], min(LOOKAHEAD_MS[1], _number(limiter, "attackTime", 3.0))),
        output_gain_db=post_gain_db,
        bands=tuple(_band(band, gain_db, used=_on(mbc)) for band in bands),
        output=LimiterSettings(
            enabled=_on(limiter),
            ceiling_dbfs=min(ceiling_dbfs, FULL_SCALE_DBFS),
            release_ms=_number(limiter, "releaseTime", 60.0),
        ),
    )


def _on(stage: dict[str, Any]) -> bool:
    return _flag(stage, "inUse") and _flag(stage, "enabled")


def _flag(data: dict[str, Any], key: str) -> bool:
    value = data.get(key, True)
    if not isinstance(value, bool):
        raise BandwiseError(f"got {key} = {value!r}; allowed are true and false; correct it")
    return value


def _band(band: dict[str, Any], gain_db: float, *, used: bool) -> BandSettings:
    """A band; where the MBC is not used, what came, at the channel's gain."""
    compressor = CompressorSettings(
        enabled=_flag(band, "enabled") and used,
        threshold_db=_number(band, "threshold", 0.0),
        ratio=_number(band, "ratio", 1.0),
        knee_db=_number(band, "kneeWidth", 0.0),
        attack_ms=_number(band, "attackTime", 3.0),
        release_ms=_number(band, "releaseTime", 80.0),
        makeup_db=_number(band, "postGain", 0.0),
        expander_threshold_db=_number(band, "noiseGateThreshold", -90.0),
        expander_ratio=_number(band, "expanderRatio", 1.0),
    )
    plain = BandSettings(compressor=compressor, limiter=LimiterSettings(enabled=False))
    return replace(plain, gain_db=gain_db + (_number(band, "preGain", 0.0) if used else 0.0))


def lost_in_android(settings: MultibandSettings) -> list[str]:
    """What `to_android` cannot say about these settings, in words; empty if nothing."""
    bands = [band for band in settings.bands if not band.bypass]
    compressors = [band.compressor for band in bands if band.compressor.enabled]
    outputs = [settings.output] if settings.output.enabled else []
    checks = {
        "band limiters": any(band.limiter.enabled for band in bands),
        "upward compression": any(c.upward_ratio > 1.0 for c in compressors),
        "RMS detectors": any(c.detector == "rms" for c in compressors),
        "largest reductions": _other(compressors, "max_reduction_db"),
        "mute and solo": any(band.mute or band.solo for band in settings.bands),
        "true-peak limiting": any(limiter.true_peak for limiter in outputs),
        "output gain without a limiter": settings.output_gain_db != 0.0 and not outputs,
        "clipping": any(limiter.mode == "clip" for limiter in outputs),
        "hold": _other(outputs, "hold_ms"),
        "sustained release": _other(outputs, "sustained_release_ms"),
        "limiting without look-ahead": settings.lookahead_ms < LOOKAHEAD_MS[0],
        "lowest tone": bool(outputs) and _other([settings], "low_edge_hz"),
        "slopes": _other([settings], "order"),
        "bands that do not sum flat": not settings.compensated,
        "dry/wet mix": settings.mix != 1.0,
        "linking other than all": settings.link != "all",
    }
    return [name for name, used in checks.items() if used]


def _other(found: Sequence[Any], name: str) -> bool:
    """Whether any has another value there than by default, which is what the way back gives it."""
    return any(getattr(settings, name) != getattr(type(settings)(), name) for settings in found)


def _first_channel(text: str) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BandwiseError(f"got text that is not JSON ({error}); correct that place") from None
    channels = data.get("channels") if isinstance(data, dict) else None
    if not isinstance(channels, list) or not channels or not isinstance(channels[0], dict):
        raise BandwiseError('got JSON without channels; allowed is {"channels": [{...}]}; wrap it so')
    _check_keys(channels[0], {"inputGain", "mbc", "limiter"}, "a channel")
    first: dict[str, Any] = channels[0]
    return first


def _table(data: dict[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key, {})
    if not isinstance(value, dict):
        raise BandwiseError(f"got {key} = {value!r}; allowed is an object; write {{...}}")
    return value


def _check_keys(data: Any, known: set[str], where: str) -> None:
    unknown = set(data) - known if isinstance(data, dict) else {repr(data)}
    if unknown:
        raise BandwiseError(
            f"got {', '.join(sorted(unknown))} in {where}; allowed are {', '.join(sorted(known))}; remove it"
        )


def _number(data: dict[str, Any], key: str, default: float) -> float:
    value = data.get(key, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BandwiseError(f"got {key} = {value!r}; allowed are numbers; correct it")
    try:
        number = float(value)
    except OverflowError:
        number = inf
    if not isfinite(number):
        raise BandwiseError(f"got {key} = {number:g}; allowed are finite numbers; correct it")
    return number
