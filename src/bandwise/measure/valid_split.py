"""The recordings of a data folder that are kept for measurement: the valid rows of its manifests, no others.

A data folder holds `speech/`, `noise/` and `rir/`, each with a MANIFEST.csv whose columns `path` and `split`
are read, besides `speaker` and, if it is there, `language` (speech), `class` (noise) and `rt60_s` (rooms).
"""

from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from bandwise.errors import BandwiseError
from bandwise.manifest import MANIFEST, Row, manifest_rows, number_in, recording_of
from bandwise.measure.pairs import Audio, read_mono

SAMPLE_RATE = 48_000
SHORTEST_SPEECH_S = 3.0
SHORTEST_NOISE_S = 2.0
COLUMNS = {
    "speech": ("path", "split", "speaker"),
    "noise": ("path", "split", "class"),
    "rir": ("path", "split", "rt60_s"),
}


class ValidSplit:
    """The valid rows of a data folder's manifests, without speech under 3 s and noise under 2 s.

    Raises:
        BandwiseError: the folder has no manifest, or no valid row in it.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.speech = _long_enough(data, "speech", SHORTEST_SPEECH_S)
        self.noise = _long_enough(data, "noise", SHORTEST_NOISE_S)

    @cached_property
    def rooms(self) -> list[Row]:
        """Room responses, read only when rooms are asked for."""
        rows = _valid_rows(self.data, "rir")
        for row in rows:
            number_in(row, "rt60_s")
        return rows

    def languages(self) -> list[str]:
        """Languages of the speech, in alphabetical order."""
        return sorted({row["language"] for row in self.speech})

    def read(self, kind: str, row: Row) -> Audio:
        """Samples at 48 kHz, mono, of a row of "speech", "noise" or "rir"; not to be written to."""
        return _read_at_48k(recording_of(self.data / kind, row))


def listed_files(data: Path) -> tuple[Path, ...]:
    """The manifests of a data folder and what they list, which no result may overwrite."""
    folders = [data / kind for kind in COLUMNS if (data / kind / MANIFEST).is_file()]
    listed = (folder / row["path"] for folder in folders for row in manifest_rows(folder, "path"))
    return (*(folder / MANIFEST for folder in folders), *listed)


def by_turns(rows: list[Row], group: str, member: str, index: int, seed: int) -> Row:
    """The row of turn `index`: every group once before any group twice, each round in a new order.

    Within the group a random member, then a random row of it, so that a speaker with many files does not
    drown the others.
    """
    groups = sorted({row[group] for row in rows})
    turn, place = divmod(index, len(groups))
    order = np.random.default_rng([seed, 1_000_000 + turn]).permutation(len(groups))
    rng = np.random.default_rng([seed, 2_000_000 + index])
    in_group = [row for row in rows if row[group] == groups[order[place]]]
    members = sorted({row[member] for row in in_group})
    chosen = members[int(rng.integers(len(members)))]
    files = [row for row in in_group if row[member] == chosen]
    return files[int(rng.integers(len(files)))]


@lru_cache(maxsize=16)
def _read_at_48k(path: Path) -> Audio:
    import soxr

    samples, rate = read_mono(path)
    if rate != SAMPLE_RATE:
        samples = np.asarray(soxr.resample(samples, rate, SAMPLE_RATE), dtype=np.float32)
    samples.setflags(write=False)
    return samples


def _valid_rows(data: Path, kind: str) -> list[Row]:
    rows = [row for row in manifest_rows(data / kind, *COLUMNS[kind]) if row["split"] == "valid"]
    if not rows:
        raise BandwiseError(
            f"{data / kind / MANIFEST}: no row with split=valid; mixtures are made of these only; mark some"
        )
    return sorted(({"language": "", **row} for row in rows), key=lambda row: row["path"])


def _long_enough(data: Path, kind: str, seconds: float) -> list[Row]:
    """The valid rows but for what is said to be shorter."""
    rows = _valid_rows(data, kind)
    long = [row for row in rows if not row.get("duration_s") or number_in(row, "duration_s") >= seconds]
    if not long:
        raise BandwiseError(
            f"{data / kind}: no valid recording of {seconds:g} s or more; mixtures need some; add longer ones"
        )
    return long
