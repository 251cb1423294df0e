"""What the results say about the claims, in sentences with numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bandwise.lab.charts import by_processor
from bandwise.lab.measuring import Row
from bandwise.lab.plan import LINEAR

Doubles = NDArray[np.float64]

OURS, BASELINE = "tuned", "conventional"
LEAST_LOUDNESS_GAP_LU = 0.5
RESAMPLES = 2_000  # of the bootstrap


def verdicts(rows: Sequence[Row], detectors: Sequence[str]) -> list[str]:
    """A sentence per claim; nothing where a processor is missing."""
    grouped = by_processor(rows)
    if OURS not in grouped or BASELINE not in grouped:
        return []
    ours, heard = grouped[OURS], _others(grouped)
    bent = [(name, other) for name, other in heard if name != LINEAR]
    lines = [_bass_at_equal_loudness(ours, other, name) for name, other in bent]
    lines += [_bass_at_distortion(ours, other, name) for name, other in bent]
    lines += [_distortion_at_bass(ours, other, name) for name, other in bent]
    for detector in detectors:
        lines += [_rejects(ours, other, name, detector) for name, other in heard]
        lines.append(_without_music(rows[0], detector))
    return [line for line in lines + _shortfalls(grouped) if line]


def _others(grouped: dict[str, list[Row]]) -> list[tuple[str, list[Row]]]:
    return [(name, own) for name, own in grouped.items() if name != OURS]


def top_third(rows: Sequence[Row]) -> list[Row]:
    """The loudest third of the volumes, rounded up."""
    return list(rows[len(rows) - -(-len(rows) // 3) :])


def _bass_at_equal_loudness(ours: Sequence[Row], other: Sequence[Row], name: str) -> str:
    """Bass and distortion against another, over the loudest third."""
    pairs = list(zip(top_third(ours), top_third(other), strict=True))
    bass = [float(a["bass_db"]) - float(b["bass_db"]) for a, b in pairs]
    ratio = [float(a["distortion_percent"]) / float(b["distortion_percent"]) for a, b in pairs]
    each = ", ".join(
        f"{float(a['volume_db']):g} dB: {d:+.1f} dB of bass, distortion x {r:.2f}"
        for (a, _), d, r in zip(pairs, bass, ratio, strict=True)
    )
    return f"At equal loudness, tuned against {name}: {each}."


def _bass_at_distortion(ours: Sequence[Row], other: Sequence[Row], name: str) -> str:
    """Bass of both where each has the same distortion, between the lowest and highest that both reach."""
    curves = [_bass_by_distortion(rows) for rows in (ours, other)]
    low = max(percent[0] for percent, _ in curves)
    high = min(percent[-1] for percent, _ in curves)
    if low >= high:
        return ""
    grid = np.geomspace(low, high, 20)
    levels = [np.interp(np.log(grid), np.log(percent), bass) for percent, bass in curves]
    gain = levels[0] - levels[1]
    return (
        f"At equal distortion ({low:.1f} to {high:.1f} %), tuned has {gain.mean():+.1f} dB more bass than "
        f"{name} ({gain.min():+.1f} to {gain.max():+.1f})."
    )


def _distortion_at_bass(ours: Sequence[Row], other: Sequence[Row], name: str) -> str:
    """Distortion of both where each has the same bass level, over the levels that both reach."""
    curves = [_distortion_by_bass(rows) for rows in (ours, other)]
    low, high = max(bass[0] for bass, _ in curves), min(bass[-1] for bass, _ in curves)
    if low >= high:
        return ""
    # The upper half: where bass is soft nothing distorts, and a ratio says little.
    grid = np.linspace((low + high) / 2.0, high, 20)
    levels = [np.interp(grid, bass, np.log(percent)) for bass, percent in curves]
    ratio = np.exp(levels[0] - levels[1])
    return (
        f"At equal bass (the upper {high - grid[0]:.0f} dB), tuned has {np.exp(np.mean(np.log(ratio))):.2f} "
        f"times the distortion of {name} ({ratio.min():.2f} to {ratio.max():.2f})."
    )


def _distortion_by_bass(rows: Sequence[Row]) -> tuple[Doubles, Doubles]:
    """Bass levels, rising, and the distortion that came with each."""
    points = sorted((float(r["bass_db"]), float(r["distortion_percent"])) for r in rows)
    return np.array([b for b, _ in points]), np.array([p for _, p in points])


def _bass_by_distortion(rows: Sequence[Row]) -> tuple[Doubles, Doubles]:
    """Distortion, made rising, and the most bass that came with it."""
    points = sorted((float(r["distortion_percent"]), float(r["bass_db"])) for r in rows)
    percent = np.array([p for p, _ in points])
    return percent, np.maximum.accumulate([b for _, b in points])


def _rejects(ours: Sequence[Row], other: Sequence[Row], name: str, detector: str) -> str:
    """Missed words over the loudest third, summed, and at every volume."""
    missed, each = f"{detector}_missed", f"{detector}_each"
    loud = [[str(row[each]) for row in top_third(rows)] for rows in (ours, other)]
    sums = ["".join(rows).count("m") for rows in loud]
    change = 100.0 * (sums[0] / sums[1] - 1.0) if sums[1] else float("nan")
    low, high = change_interval(loud[0], loud[1])
    worse = [
        f"{float(a['volume_db']):g}"
        for a, b in zip(ours, other, strict=True)
        if int(a[missed]) > int(b[missed])
    ]
    more = f"more than {name} at {', '.join(worse)} dB" if worse else f"never more than {name}"
    return (
        f"{detector}, loudest third: tuned missed {sums[0]} of {len(''.join(loud[0]))}, {name} {sums[1]} "
        f"({change:+.0f} %, 95 % interval {low:+.0f} to {high:+.0f}); by volume {more}."
    )


def change_interval(ours: Sequence[str], other: Sequence[str], seed: int = 1) -> tuple[float, float]:
    """95 % interval of the change in misses in percent; a string of h and m per volume, of the same words.

    Bootstrap over words, so that what one clip does at several volumes and in both is one observation.
    """
    misses = np.array([[[c == "m" for c in row] for row in rows] for rows in (ours, other)]).sum(axis=1)
    if not misses[1].any():
        return float("nan"), float("nan")
    words = misses.shape[1]
    drawn = np.random.default_rng(seed).integers(words, size=(RESAMPLES, words))
    ours_sum, other_sum = (own[drawn].sum(axis=1) for own in misses)
    changes = 100.0 * (ours_sum[other_sum > 0] / other_sum[other_sum > 0] - 1.0)
    low, high = np.quantile(changes, (0.025, 0.975))
    return float(low), float(high)


def _without_music(row: Row, detector: str) -> str:
    """What no processor can help."""
    missed = row.get(f"{detector}_missed_without_music")
    if missed is None:
        return ""
    words = row[f"{detector}_words"]
    return f"{detector} misses {missed} of {words} with no music at all: room, level and detector."


def _shortfalls(grouped: dict[str, list[Row]]) -> list[str]:
    """Where a processor could not be as loud as asked, and so had it easier."""
    lines = []
    for name, own in grouped.items():
        short = [(float(r["volume_db"]), float(r["wanted_lufs"]) - float(r["loudness_lufs"])) for r in own]
        told = [f"{gap:.1f} LU at {volume:g} dB" for volume, gap in short if gap > LEAST_LOUDNESS_GAP_LU]
        if told:
            lines.append(f"{name} stays below the loudness asked for by {', '.join(told)}.")
    return lines
