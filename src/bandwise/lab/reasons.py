"""Why every number of a tuned preset is what it is: the sentences that stand above them in the TOML."""

import re
from dataclasses import dataclass

CEILING_MARGIN_DB = 0.3
BY_RULE = "by rule: nothing was tried out, as there is no model of the driver, or no trials were asked for"
BANDS = ("deep", "bass", "body", "presence", "treble")

OF_ALL = {
    "lookahead_ms": "half a period of 42 Hz: limiters come down smoothly; the delay is about twice this",
    "low_edge_hz": "limiters hold half a period of this: tones down to it are limited without distortion",
    "output.release_ms": "fast enough after a drum, slow enough for 35 Hz",
    "output.sustained_release_ms": "slow after long limiting, so that the level does not pump",
}
OF_EVERY_BAND = {
    "gain_db": "brings the band to the level between 500 Hz and 4 kHz, where that takes little",
    "compressor.threshold_db": "optimised: most bass at the loudness there is without it; distortion "
    "beyond its target, and what a canceller cannot model, count for more than the bass they bring",
    "compressor.attack_ms": "a drum passes first; tones do not move it, as the level is held half a period",
    "compressor.release_ms": "long against a period, short against a bar",
    "limiter.release_ms": "several periods of the band",
    "limiter.sustained_release_ms": "slow after long limiting",
}
OF_LOW_BANDS = {
    "compressor.ratio": "firm, as this band runs into its limit",
    "compressor.makeup_db": "optimised: gives back what is held, and at low volume the bass of the programme",
}
OF_HIGH_BANDS = {
    "compressor.ratio": "gentle",
    "compressor.makeup_db": "one of all upper bands: more, behind lower thresholds, is only more volume",
    "limiter.ceiling_dbfs": "no band alone takes the whole rail: what the upper bands are held at, the "
    "limiter of the sum need not take from the bass; their distances are fixed, their height is chosen",
}


@dataclass(frozen=True)
class Given:
    """What a preset was derived from: edges in Hz; of the two lowest bands limits and trims in dB."""

    cutoffs_hz: tuple[float, ...]
    limits_db: tuple[float, float]
    trims_db: tuple[float, float]
    rail_sag_db: float
    target_percent: float


def reasons_of(given: Given, *, optimised: bool) -> dict[str, str]:
    """A sentence by the place of each number; without an optimiser none claims one."""
    reasons = OF_ALL | {"cutoffs_hz": _of_cutoffs(given), "output.ceiling_dbfs": _of_output(given)}
    for k in range(len(BANDS)):
        reasons |= {f"bands.{k}.{place}": reason for place, reason in _of_band(given, k).items()}
    return reasons if optimised else {place: _by_rule(reason) for place, reason in reasons.items()}


def _of_cutoffs(given: Given) -> str:
    deep, free, body, presence = given.cutoffs_hz
    return (
        f"below {free:g} Hz the driver is the limit, above it the amplifier; {deep:g} Hz parts the bass so "
        f"that least headroom is lost; {body:g} and {presence:g} Hz part body, presence, treble, which are "
        "compressed apart"
    )


def _of_output(given: Given) -> str:
    sag = (
        f"the rail falls by {given.rail_sag_db:.2f} dB while the programme plays loudest; "
        if given.rail_sag_db > 0.0
        else ""
    )
    return f"{sag}{CEILING_MARGIN_DB} dB are kept for waves between samples"


def _of_band(given: Given, k: int) -> dict[str, str]:
    title = {"title": f"{BANDS[k]}: {_edges(given.cutoffs_hz, k)}"}
    if k >= len(given.limits_db):
        return OF_EVERY_BAND | OF_HIGH_BANDS | title
    ceiling = (
        f"steady tones stay below {given.target_percent:g} % and within x_max up to {given.limits_db[k]:.1f} "
        f"dBFS; {given.trims_db[k]:+.1f} dB by optimisation, as music is not a steady tone at the edge"
    )
    return OF_EVERY_BAND | OF_LOW_BANDS | title | {"limiter.ceiling_dbfs": ceiling}


def _edges(cutoffs: tuple[float, ...], k: int) -> str:
    low = f"{cutoffs[k - 1]:g} Hz" if k else "0 Hz"
    high = f"{cutoffs[k]:g} Hz" if k < len(cutoffs) else "the top"
    return f"{low} to {high}"


def _by_rule(reason: str) -> str:
    """The reason of a number that no optimiser has seen."""
    return re.sub("^optimised: .*", BY_RULE, reason).replace(" by optimisation, as", ": by rule;")
