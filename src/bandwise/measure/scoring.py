"""Every pair through every system, and every result through every measure."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.measure import dnsmos
from bandwise.measure.pairs import Audio, Pair, metadata
from bandwise.measure.quality import METRICS, Metric, Signal
from bandwise.measure.reuse import Memory
from bandwise.measure.rows import NOISY, Row

Process = Callable[[Audio, int], NDArray[Any]]
"""A system: mono samples and their rate in, as many samples out."""

_Outputs = Mapping[str, NDArray[Any] | Row]
_Case = tuple[Pair, _Outputs, "Scorer"]

LONGEST_LAG_S = 0.1
LAG_ADVANTAGE = 1.01

DNSMOS_TITLES = {"sig": "SIG", "bak": "BAK", "ovr": "OVR", "p808": "P.808"}


@dataclass(frozen=True)
class Scorer:
    """Which measures are taken. Those whose package is missing are left out; `missing()` says so.

    `keys`: some of pesq, stoi, estoi, si_sdr, lsd_high; all if None.  `dnsmos_folder`: with it, sig, bak, ovr
    and p808, too.
    """

    keys: Sequence[str] | None = None
    dnsmos_folder: Path | None = None
    _known: tuple[Metric, ...] = field(default=METRICS, repr=False)

    def __post_init__(self) -> None:
        known = [metric.key for metric in self._known]
        for key in self.keys or ():
            if key not in known:
                raise BandwiseError(
                    f"measure {key!r} is unknown; there are {', '.join(known)}; pick of these"
                )
        if self.dnsmos_folder is not None:
            dnsmos.check_folder(self.dnsmos_folder)

    @property
    def wanted(self) -> list[Metric]:
        """The measures asked for, installed or not."""
        return [metric for metric in self._known if self.keys is None or metric.key in self.keys]

    def titles(self) -> dict[str, tuple[str, int]]:
        """Title and digits of every measure that is taken, by key, in the order of the table."""
        columns = {metric.key: (metric.title, metric.digits) for metric in self.wanted if metric.installed}
        if self.dnsmos_folder is not None:
            columns |= {key: (title, 2) for key, title in DNSMOS_TITLES.items()}
        return columns

    def missing(self) -> list[str]:
        """One line for every package that some measure lacks."""
        packages = dict.fromkeys(metric.package for metric in self.wanted if not metric.installed)
        notes = []
        for package in packages:
            titles = ", ".join(m.title for m in self.wanted if m.package == package)
            notes.append(f"{titles} left out: package {package} is not installed; pip install '{package}'")
        return notes

    def __call__(self, clean: Signal, processed: Signal, sample_rate: int) -> dict[str, float]:
        """The scores of `processed[n]` against `clean[n]`, aligned, by key."""
        scores = {m.key: m.measure(clean, processed, sample_rate) for m in self.wanted if m.installed}
        if self.dnsmos_folder is not None:
            scores |= dnsmos.score(self.dnsmos_folder, processed, sample_rate)
        return scores


def evaluate_pairs(
    pairs: Iterable[Pair],
    process: Process | Mapping[str, Process],
    *,
    scorer: Scorer | None = None,
    jobs: int = 1,
    score_noisy: bool = True,
    on_pair: Callable[[str], None] = lambda _name: None,
    known: Iterable[Row] = (),
) -> list[Row]:
    """Score the noisy signal and the output of every system against the clean signal, pair by pair.

    Args:
        pairs: cases; read one by one, so a generator keeps memory small.
        process: a system, named "enhanced", or several by name. Runs in this process, one pair at a time.
        scorer: which measures; all that are installed by default.
        jobs: processes that score; 1 scores here. More than one must be called under
            `if __name__ == "__main__"`.
        score_noisy: also score what went in, as the system "noisy".
        on_pair: called with the name of each pair when it is finished.
        known: rows of earlier runs, which are taken where nothing has changed (`Memory`).

    Raises:
        BandwiseError: a system returned another number of samples, or NaN or Inf.
    """
    systems = process if isinstance(process, Mapping) else {"enhanced": process}
    scorer = scorer or Scorer()
    memory = Memory(known, scorer.titles())
    outputs = (_through(pair, systems, memory, score_noisy=score_noisy) for pair in pairs)
    rows = score_outputs(outputs, scorer=scorer, jobs=jobs, on_pair=on_pair)
    versions = {name: _version(system) for name, system in systems.items()}
    return [replace(row, version=versions.get(row.system, "")) for row in rows]


def score_outputs(
    outputs: Iterable[tuple[Pair, _Outputs]],
    *,
    scorer: Scorer | None = None,
    jobs: int = 1,
    on_pair: Callable[[str], None] = lambda _name: None,
) -> list[Row]:
    """Score signals that are there already: of every pair, the output of each system, or its row, by name."""
    rows = []
    for done in _mapped(((pair, by_system, scorer or Scorer()) for pair, by_system in outputs), jobs):
        rows += done
        on_pair(done[0].name)
    return rows


def align(clean: Signal, processed: Signal, sample_rate: int) -> tuple[Signal, int]:
    """`(processed moved onto clean, how many samples it lagged)`, by cross-correlation within 0.1 s.

    A lag counts only if it correlates 1 % better than none does: noise and filters move the peak of an
    aligned signal, too.
    """
    samples, longest = len(clean), round(LONGEST_LAG_S * sample_rate)
    size = 1 << (samples + longest).bit_length()
    spectrum = np.fft.rfft(processed, size) * np.conj(np.fft.rfft(clean, size))
    correlation = np.fft.irfft(spectrum, size)
    lags = np.arange(-longest, longest + 1)
    at_lags = correlation[lags]
    lag = int(lags[np.argmax(at_lags)])
    if at_lags.max() <= LAG_ADVANTAGE * max(correlation[0], 0.0):
        return processed, 0
    if lag > 0:
        return np.concatenate([processed[lag:], np.zeros(lag, processed.dtype)]), lag
    return np.concatenate([np.zeros(-lag, processed.dtype), processed[:lag]]), lag


def _through(
    pair: Pair, systems: Mapping[str, Process], memory: Memory, *, score_noisy: bool
) -> tuple[Pair, _Outputs]:
    """The pair and what the systems make of it, or the row where that is known."""
    outputs: dict[str, NDArray[Any] | Row] = {}
    if score_noisy:
        outputs[NOISY] = memory.recall(pair, NOISY, "") or pair.noisy
    for name, process in systems.items():
        outputs[name] = memory.recall(pair, name, _version(process)) or _made(pair, name, process)
    return pair, outputs


def _version(process: Process) -> str:
    return str(getattr(process, "version", ""))


def _made(pair: Pair, name: str, process: Process) -> NDArray[Any]:
    """The output of one system, checked."""
    output = process(pair.noisy, pair.sample_rate)
    if output.shape != pair.noisy.shape:
        shapes = f"{output.shape} of {pair.noisy.shape} samples"
        raise BandwiseError(f"{name} made {shapes}; as many come out as went in; mend its adapter")
    if not np.isfinite(output).all():
        raise BandwiseError(f"{name} made NaN or Inf of {pair.name}; samples are finite; mend the system")
    return output


def _scored(case: _Case) -> list[Row]:
    pair, outputs, scorer = case
    return [
        output if isinstance(output, Row) else _row(pair, system, output, scorer)
        for system, output in outputs.items()
    ]


def _row(pair: Pair, system: str, output: NDArray[Any], scorer: Scorer) -> Row:
    aligned, lag = align(pair.clean, output, pair.sample_rate)
    scores = scorer(pair.clean, aligned, pair.sample_rate)
    return Row(system=system, lag_samples=lag, scores=scores, **metadata(pair))


def _mapped(cases: Iterable[_Case], jobs: int) -> Iterator[list[Row]]:
    """Rows in the order of the cases; with several jobs, at most two cases wait per job."""
    if jobs <= 1:
        yield from map(_scored, cases)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        waiting: deque[Future[list[Row]]] = deque()
        for case in cases:
            waiting.append(pool.submit(_scored, case))
            if len(waiting) >= 2 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
