"""Files that appear whole or not at all."""

import os
import stat
import sys

import pytest

from bandwise.atomic_file import atomic


@pytest.mark.skipif(sys.platform == "win32", reason="rights are another thing there")
@pytest.mark.parametrize(("mask", "rights"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_rights_that_the_user_gives_new_files(tmp_path, mask, rights):
    """Others may read it if they may read what else is made; the user's mask stays as it was."""
    before = os.umask(mask)
    try:
        with atomic(tmp_path / "new") as temporary:
            temporary.write_text("it")
    finally:
        left = os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == rights
    assert left == mask
