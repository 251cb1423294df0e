"""Changing a crossover while it plays: which split becomes which, and how its corner travels there.

A split at 0 Hz is transparent (low = 0, high = everything), so a new split starts there and rises, and a
superfluous one sinks there and is taken out. Nothing is ever cross-faded: the sum of the
bands is an all-pass throughout, where a fade between two phase responses would cut notches.

Corners travel linearly in the fourth root of g = tan(pi f_c / f_s): close to a logarithmic frequency axis
where it matters, and able to reach 0 Hz.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np
from numpy.typing import NDArray

from bandwise.bands.filterbank import Bank, make_bank, tune_split
from bandwise.errors import BandwiseError

HIGHEST_FRACTION = 0.49  # of the sample rate; closer to Nyquist the bilinear transform leaves no band


@dataclass(frozen=True)
class Layout:
    """The splits that run: True for one that retires, because the settings no longer name it."""

    retiring: tuple[bool, ...]

    @staticmethod
    def settled(splits: int) -> "Layout":
        """Nothing retires."""
        return Layout((False,) * splits)

    def band_of(self) -> list[int]:
        """The band of the settings that each running band counts to; a retiring one joins the next."""
        lasting = np.cumsum([0, *(not gone for gone in self.retiring)], dtype=np.int64)
        bands: list[int] = lasting.tolist()
        return bands

    def only(self, splits: Sequence[int]) -> "Layout":
        """The layout of some of its splits."""
        return Layout(tuple(self.retiring[k] for k in splits))


@dataclass(frozen=True)
class Plan:
    """A new layout, where each of its splits comes from (None: new), and where each goes in Hz."""

    layout: Layout
    source: tuple[int | None, ...]
    target_hz: tuple[float, ...]


def check_cutoffs(cutoffs_hz: Sequence[float], sample_rate: float, max_bands: int = 16) -> tuple[float, ...]:
    """Return the cutoffs as floats, or raise BandwiseError if they cannot be built at this rate."""
    cutoffs = tuple(float(hz) for hz in cutoffs_hz)
    top = HIGHEST_FRACTION * sample_rate
    if len(cutoffs) >= max_bands:
        raise BandwiseError(
            f"got {len(cutoffs)} cutoffs; allowed are 0 to {max_bands - 1} ({max_bands} bands); remove some."
        )
    for hz in cutoffs:
        if not 1.0 <= hz <= top:
            raise BandwiseError(
                f"got a cutoff of {hz:g} Hz; allowed is 1 to {top:g} Hz at {sample_rate:g} Hz; "
                "move it, or use a higher sample rate."
            )
    for low, high in pairwise(cutoffs):
        if not low < high:
            raise BandwiseError(
                f"got cutoffs from {low:g} to {high:g} Hz; each must lie above the one before; sort them."
            )
    return cutoffs


def matched(old_hz: Sequence[float], new_hz: Sequence[float]) -> dict[int, int]:
    """Pair new splits with old ones, {new: old}: in order, as many as there are, with the least travel."""
    old, new = np.log(np.asarray(old_hz)), np.log(np.asarray(new_hz))
    few, many = (new, old) if len(new) <= len(old) else (old, new)
    chosen = min(
        combinations(range(len(many)), len(few)),
        key=lambda pick: float(np.abs(few - many[list(pick)]).sum()),
    )
    pairs = list(enumerate(chosen))
    return dict(pairs) if few is new else {j: i for i, j in pairs}


def plan(layout: Layout, old_hz: Sequence[float], new_hz: Sequence[float]) -> Plan:
    """Plan the change from the splits that run to those that `new_hz` asks for."""
    lasting = [k for k, gone in enumerate(layout.retiring) if not gone]
    pairs = {new: lasting[old] for new, old in matched(old_hz, new_hz).items()}
    source: list[int | None] = []
    target: list[float] = []
    done = 0
    for new, hz in enumerate(new_hz):
        if new in pairs:
            source += range(done, pairs[new])  # everything passed over retires
            target += [0.0] * (pairs[new] - done)
            done = pairs[new] + 1
        source.append(pairs.get(new))
        target.append(float(hz))
    source += range(done, len(layout.retiring))
    target += [0.0] * (len(layout.retiring) - done)
    return Plan(Layout(tuple(hz == 0.0 for hz in target)), tuple(source), tuple(target))


def rebuilt(bank: Bank, source: Sequence[int | None], order: int, channels: int) -> Bank:
    """A bank of the splits `source` of another bank, states and glides included; None: new, at 0 Hz."""
    fresh = make_bank(np.zeros(len(source)), order, channels, bank.compensated)
    fresh.phase[:] = bank.phase
    lanes = band_lanes(source, len(bank.warp), channels)
    known = lanes >= 0
    for k, old in enumerate(source):
        if old is None:
            continue
        for field in ("warp", "target", "root_step", "gliding", "low_state"):
            getattr(fresh, field)[k] = getattr(bank, field)[old]
        fresh.allpass_state[k][:, known] = bank.allpass_state[old][:, lanes[known]]
        tune_split(fresh.damping, fresh.warp, order == 2, fresh.coefficients, k)
    return fresh


def band_lanes(source: Sequence[int | None], old_splits: int, channels: int) -> NDArray[np.int64]:
    """Old lane of each new lane, -1 for none: band k is the low branch of split k, the last has no split."""
    bands = [-1 if old is None else old for old in source] + [old_splits]
    lanes = [[-1 if band < 0 else band * channels + c for c in range(channels)] for band in bands]
    return np.asarray(lanes, dtype=np.int64).ravel()


def start_glide(bank: Bank, target_hz: Sequence[float], sample_rate: float, glide_ms: float) -> None:
    """Send every corner on its way; one that already sinks to 0 Hz goes on sinking as it was."""
    samples = max(1, round(glide_ms * sample_rate / 1000.0))
    target = np.tan(np.pi * np.asarray(target_hz, dtype=np.float64) / sample_rate)
    fresh = (target > 0.0) | (bank.target > 0.0)
    bank.gliding[fresh] = np.where(target == bank.warp, 0, samples)[fresh]
    bank.root_step[fresh] = ((target**0.25 - bank.warp**0.25) / samples)[fresh]
    bank.target[:] = target


def samples_to_settle(layout: Layout, bank: Bank) -> int:
    """In how many samples the next retiring split has arrived at 0 Hz; 0 if none retires."""
    still = [int(left) for gone, left in zip(layout.retiring, bank.gliding, strict=True) if gone]
    return max(1, min(still)) if still else 0


def staying(layout: Layout, bank: Bank) -> list[int]:
    """The splits to keep: all but those that have arrived at 0 Hz."""
    return [k for k, gone in enumerate(layout.retiring) if not gone or bank.gliding[k] > 0]
