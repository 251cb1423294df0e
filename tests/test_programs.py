"""Programs of others fail in one line."""

import sys

import pytest

from bandwise.errors import BandwiseError
from bandwise.programs import run_program


def test_what_a_program_writes_comes_back():
    """Bytes go in and come out."""
    shout = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read().upper())"
    assert run_program([sys.executable, "-c", shout], sent=b"abc") == b"ABC"


def test_a_program_that_fails_is_told_with_its_last_line():
    """Its name and the last line that it wrote to standard error are in the message."""
    with pytest.raises(BandwiseError, match="failed: no such filter"):
        run_program([sys.executable, "-c", "import sys; sys.exit('first line\\nno such filter')"])


def test_a_program_that_fails_without_a_word_is_told_with_its_status():
    """There is no last line."""
    with pytest.raises(BandwiseError, match="failed: status 3"):
        run_program([sys.executable, "-c", "import sys; sys.exit(3)"])


def test_a_program_runs_where_it_is_told_to(tmp_path):
    """What it leaves behind lies in that folder."""
    run_program([sys.executable, "-c", "open('here', 'w').close()"], folder=tmp_path)
    assert (tmp_path / "here").is_file()
