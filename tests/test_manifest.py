"""The list of recordings in a folder of data."""

import pytest

from bandwise.errors import BandwiseError
from bandwise.manifest import manifest_rows, number_in, recording_of


def test_rows_come_with_all_their_columns(tmp_path):
    """In their order, also columns that nobody asked for."""
    (tmp_path / "MANIFEST.csv").write_text("path,split,more\na.wav,valid,1\nb.wav,train,2\n")
    rows = manifest_rows(tmp_path, "path", "split")
    assert [(row["path"], row["split"], number_in(row, "more")) for row in rows] == [
        ("a.wav", "valid", 1.0),
        ("b.wav", "train", 2.0),
    ]
    (tmp_path / "a.wav").touch()
    assert recording_of(tmp_path, rows[0]) == tmp_path / "a.wav"


def test_a_row_that_ends_too_early_is_told(tmp_path):
    """One is enough; a column that nobody asked for may be missing."""
    (tmp_path / "MANIFEST.csv").write_text("path,split,more\na.wav,valid,1\nb.wav\n")
    with pytest.raises(BandwiseError, match="too short"):
        manifest_rows(tmp_path, "path", "split")
    assert len(manifest_rows(tmp_path, "path")) == 2


def test_spreadsheets_begin_with_a_mark(tmp_path):
    """Their "CSV UTF-8" has a byte order mark before the first column."""
    (tmp_path / "MANIFEST.csv").write_text("path,split\na.wav,valid\n", encoding="utf-8-sig")
    assert [row["path"] for row in manifest_rows(tmp_path, "path", "split")] == ["a.wav"]


def test_a_list_that_is_not_utf_8_is_told(tmp_path):
    """As spreadsheets save it where they are not asked for UTF-8."""
    (tmp_path / "MANIFEST.csv").write_bytes("path,split\nm\xfcsik.wav,valid\n".encode("cp1252"))
    with pytest.raises(BandwiseError, match="no CSV in UTF-8"):
        manifest_rows(tmp_path, "path", "split")


@pytest.mark.parametrize("value", ["", "x", "0", "-1", "nan", "inf"])
def test_numbers_of_a_list_are_above_0(value):
    """Seconds, hertz: nothing else can be."""
    with pytest.raises(BandwiseError, match=r"of a\.wav; a number above 0 is needed"):
        number_in({"path": "a.wav", "rt60_s": value}, "rt60_s")
