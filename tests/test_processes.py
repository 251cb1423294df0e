"""Processes that all end in order."""

import os
import signal
import time

import pytest

from bandwise.errors import BandwiseError
from bandwise.processes import spread

LONGER_THAN_ANY_TEST_S = 600  # nobody waits for it: the process is told to end


def double(x):
    """What a worker does."""
    return 2 * x


def stay(folder):
    """Take no notice of being told to end once; when told again, tidy up, which is to leave a note behind."""
    try:
        try:
            (folder / "busy").open("w").close()  # a named pipe: opens when the other end does
            time.sleep(LONGER_THAN_ANY_TEST_S)
        except SystemExit:
            time.sleep(LONGER_THAN_ANY_TEST_S)
    finally:
        (folder / "tidied").touch()


def stay_or_fail(folder):
    """Stay in the folder; or, told to fail beside it, do so when it is busy."""
    if folder.name != "fail":
        return stay(folder)
    (folder.parent / "busy").open().close()
    raise ValueError(str(folder))


def test_results_come_as_they_are_done():
    """Every item once, whichever process had it."""
    assert sorted(spread(double, range(5), 2)) == [0, 2, 4, 6, 8]


def test_an_error_ends_those_that_do_not_listen_at_first(tmp_path):
    """When the loop is over, the other process has tidied up, though it missed the first call to end."""
    os.mkfifo(tmp_path / "busy")
    results = spread(stay_or_fail, [tmp_path, tmp_path / "fail"], 2)
    with pytest.raises(ValueError, match="fail"):
        next(results)
    assert (tmp_path / "tidied").exists()


def be_killed(_item):
    """End as the system ends what takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_process_is_told():
    """In one line, with what to do."""
    with pytest.raises(BandwiseError, match="start fewer"):
        list(spread(be_killed, range(3), 2))
