"""Every pair through every system, and every result through every measure."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.measure.alignment import align
from bandwise.measure.pairs import Audio, Pair, metadata
from bandwise.measure.reuse import Memory
from bandwise.measure.rows import NOISY, Row
from bandwise.measure.scorer import Scorer
from bandwise.processes import ending_in_order, submit

if TYPE_CHECKING:
    from concurrent.futures import Future

Process = Callable[[Audio, int], NDArray[Any]]
"""A system: mono samples and their rate in, as many samples out."""

_Outputs = Mapping[str, NDArray[Any] | Row]
_Case = tuple[Pair, _Outputs, Scorer]


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
    with ending_in_order(jobs) as pool:
        waiting: deque[Future[list[Row]]] = deque()
        for case in cases:
            waiting.append(submit(pool, _scored, case))
            if len(waiting) >= 2 * jobs:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
