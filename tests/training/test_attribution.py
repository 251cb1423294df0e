"""The page of sources names everybody whose training recordings ask for it, and nobody else."""

from pathlib import Path

import pytest

from bandwise.errors import BandwiseError
from bandwise.training.attribution import attribution_page

HEAD = {
    "speech": "path,source,licence,speaker,duration_s,split\n",
    "noise": "path,source_repo,licence,attribution,duration_s,split\n",
    "rir": "path,source_repo,licence,attribution,duration_s,split\n",
}


def write_manifests(folder: Path) -> None:
    """A data folder of manifests alone."""
    rows = {
        "speech": "a,voices/v,MIT,v:1,60,train\nb,voices/v,MIT,v:2,30,train\nc,voices/w,MIT,w:1,60,valid\n",
        "noise": "a,noises/n,CC BY 4.0,Ann; Bob,120,train\nb,noises/n,CC BY 4.0,Bob,60,train\n",
        "rir": "a,remvze/moodist,MIT,Eve,6,train\n",
    }
    for name, head in HEAD.items():
        (folder / name).mkdir()
        (folder / name / "MANIFEST.csv").write_text(head + rows[name])


def test_authors_and_minutes_are_summed_per_source(tmp_path: Path) -> None:
    """Two files of one source make one line with each author once."""
    write_manifests(tmp_path)
    page = attribution_page(tmp_path)
    assert "| speech | voices/v | MIT | 1.5 | 2 speakers |" in page
    assert "| noise | noises/n | CC BY 4.0 | 3.0 | Ann; Bob |" in page


def test_valid_and_reserved_recordings_are_not_credited(tmp_path: Path) -> None:
    """What was never trained on does not stand in the list."""
    write_manifests(tmp_path)
    page = attribution_page(tmp_path)
    assert "voices/w" not in page
    assert "Eve" not in page


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("path,licence,duration_s,split\na,MIT,60,train\n", "no column attribution"),
        ("path,licence,duration_s,split,attribution\na,MIT,long,train,Ann\n", "duration_s = 'long' of a"),
    ],
)
def test_what_cannot_be_credited_is_told(tmp_path: Path, row: str, told: str) -> None:
    """A manifest that names nobody, and a length that is no number."""
    write_manifests(tmp_path)
    (tmp_path / "noise" / "MANIFEST.csv").write_text(row)
    with pytest.raises(BandwiseError, match=told):
        attribution_page(tmp_path)
