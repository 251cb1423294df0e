"""What the results say about the claims, in sentences with numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.charts import by_processor
from bandwise.lab.measuring import Row
from bandwise.lab.plan import BASELINE, LINEAR, NONE, SAME_NUMBERS, TUNED
from bandwise.measure.intervals import percentile_interval, redrawn

Doubles = NDArray[np.float64]

LEAST_LOUDNESS_GAP_LU = 0.5
LEAST_MATCH_ERROR_DB = 0.15  # that is worth telling
RESAMPLES = 2_000  # of the bootstrap
PAIRS = ((TUNED, BASELINE), (SAME_NUMBERS, BASELINE), (TUNED, NONE), (TUNED, LINEAR))

Named = tuple[str, Sequence[Row]]


def verdicts(rows: Sequence[Row], detectors: Sequence[str]) -> list[str]:
    """A sentence per claim and pair; nothing of processors that are missing."""
    named = {name: (name, own) for name, own in by_processor(rows).items()}
    pairs = [(named[a], named[b]) for a, b in PAIRS if a in named and b in named]
    bent = [(ours, other) for ours, other in pairs if other[0] != LINEAR]
    claims = (_bass_at_equal_loudness, _bass_at_distortion, _distortion_at_bass)
    lines = [claim(ours, other) for claim in claims for ours, other in bent]
    for detector in detectors:
        lines += [_rejects(ours, other, detector) for ours, other in pairs]
        lines.append(_without_music(rows[0], detector))
    return [line for line in lines + _shortfalls(list(named.values())) if line]


def top_third(rows: Sequence[Row]) -> list[Row]:
    """The loudest third of the volumes, rounded up."""
    return list(rows[len(rows) - -(-len(rows) // 3) :])


def _bass_at_equal_loudness(ours: Named, other: Named) -> str:
    """Bass and distortion against another, over the loudest third."""
    pairs = list(zip(top_third(ours[1]), top_third(other[1]), strict=True))
    bass = [float(a["bass_db"]) - float(b["bass_db"]) for a, b in pairs]
    ratio = [float(a["distortion_percent"]) / float(b["distortion_percent"]) for a, b in pairs]
    each = ", ".join(
        f"{float(a['volume_db']):g} dB: {d:+.1f} dB of bass, distortion x {r:.2f}"
        for (a, _), d, r in zip(pairs, bass, ratio, strict=True)
    )
    return f"At equal loudness, {ours[0]} against {other[0]}: {each}."


def _bass_at_distortion(ours: Named, other: Named) -> str:
    """Bass at the loudness and distortion of the baseline, as `equal_distortion_row` measured it."""
    told = [_at_distortion(row) for row in reversed(ours[1]) if "equal_distortion_bass_db" in row]
    if other[0] != BASELINE or not told:
        return ""
    return (
        f"At equal distortion and loudness, measured with the bass of {ours[0]} trimmed until it distorts as "
        f"{other[0]}: {'; '.join(told)}."
    )


def _distortion_at_bass(ours: Named, other: Named) -> str:
    """Distortion at the loudness and bass of the baseline, as `equal_bass_row` measured it."""
    told = [_at_bass(row) for row in reversed(ours[1]) if "equal_bass_ratio" in row]
    if other[0] != BASELINE or not told:
        return ""
    return (
        f"At equal bass and loudness, measured with the bass of {ours[0]} trimmed to that of {other[0]}: "
        f"distortion {'; '.join(told)}."
    )


def _at_distortion(row: Row) -> str:
    """Where the trim ends before there is as much distortion, more bass would be possible."""
    volume, bass_db = f"{float(row['volume_db']):g} dB:", float(row["equal_distortion_bass_db"])
    if row.get("equal_distortion_ends") != "yes":
        return f"{volume} {bass_db:+.1f} dB of bass{_beside(row, 'equal_distortion_error_db')}"
    trim_db = float(row["equal_distortion_trim_db"])
    than = "more" if trim_db > 0.0 else "less"
    gap_db = float(row["equal_distortion_gap_db"])
    return (
        f"{volume} {than} than {bass_db:+.1f} dB of bass (there the trim ends, at {trim_db:+g} dB, and "
        f"distortion is {gap_db:.1f} dB from as much)"
    )


def _at_bass(row: Row) -> str:
    ratio, low, high = (float(row[f"equal_bass_ratio{end}"]) for end in ("", "_low", "_high"))
    return (
        f"{float(row['volume_db']):g} dB: x {ratio:.2f} (95 % {low:.2f} to {high:.2f}, trim "
        f"{float(row['equal_bass_trim_db']):+.1f} dB{_beside(row, 'equal_bass_error_db')})"
    )


def _beside(row: Row, key: str) -> str:
    """How far a match is from what was wanted, where that is worth telling."""
    error_db = float(row[key])
    return f", {error_db:.1f} dB beside it" if error_db > LEAST_MATCH_ERROR_DB else ""


def _rejects(ours: Named, other: Named, detector: str) -> str:
    """Missed words over the loudest third, summed, and at every volume."""
    loud = [[str(row[f"{detector}_each"]) for row in top_third(rows)] for _, rows in (ours, other)]
    sums = ["".join(rows).count("m") for rows in loud]
    worse = ", ".join(_where_more(ours[1], other[1], f"{detector}_missed"))
    more = f"more than {other[0]} at {worse} dB" if worse else f"never more than {other[0]}"
    return (
        f"{detector}, loudest third: {ours[0]} missed {sums[0]} of {len(''.join(loud[0]))}, "
        f"{other[0]} {sums[1]}{_change(loud[0], loud[1])}; by volume {more}."
    )


def _change(ours: Sequence[str], other: Sequence[str]) -> str:
    """The change in misses with its interval; nothing where there was nothing to gain."""
    before = "".join(other).count("m")
    if not before:
        return ""
    low, high = change_interval(ours, other)
    change = 100.0 * ("".join(ours).count("m") / before - 1.0)
    return f" ({change:+.0f} %, 95 % interval {low:+.0f} to {high:+.0f})"


def _where_more(ours: Sequence[Row], other: Sequence[Row], key: str) -> list[str]:
    """Volumes at which ours is the greater."""
    pairs = zip(ours, other, strict=True)
    return [f"{float(a['volume_db']):g}" for a, b in pairs if float(a[key]) > float(b[key])]


def change_interval(ours: Sequence[str], other: Sequence[str], seed: int = 1) -> tuple[float, float]:
    """95 % interval of the change in misses in percent; a string of h and m per volume, of the same words.

    Bootstrap over words, so that what one clip does at several volumes and in both is one observation.
    """
    misses = np.array([[[c == "m" for c in row] for row in rows] for rows in (ours, other)]).sum(axis=1)
    if not misses[1].any():
        return float("nan"), float("nan")
    drawn = redrawn(misses.shape[1], RESAMPLES, seed)
    ours_sum, other_sum = (own[drawn].sum(axis=1) for own in misses)
    return percentile_interval(100.0 * (ours_sum[other_sum > 0] / other_sum[other_sum > 0] - 1.0))


def _without_music(row: Row, detector: str) -> str:
    """What no processor can help."""
    missed = row.get(f"{detector}_missed_without_music")
    if missed is None:
        return ""
    words = row[f"{detector}_words"]
    return f"{detector} misses {missed} of {words} with no music at all: room, level and detector."


def _shortfalls(all_of_them: Sequence[Named]) -> list[str]:
    """Where a processor could not be as loud as asked, and so had it easier."""
    lines = []
    for name, own in all_of_them:
        short = [(float(r["volume_db"]), float(r["wanted_lufs"]) - float(r["loudness_lufs"])) for r in own]
        told = [f"{gap:.1f} LU at {volume:g} dB" for volume, gap in short if gap > LEAST_LOUDNESS_GAP_LU]
        if told:
            lines.append(f"{name} stays below the loudness asked for by {', '.join(told)}.")
    return lines
