"""Compiled code: cached where it can be, fresh whenever any source it depends on has changed."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from bandwise import kernels

SOURCE = Path(kernels.__file__).parent


def run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run Python text in a fresh process with nothing of our environment but the path."""
    clean = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SOURCE.parent), "PYTHONDONTWRITEBYTECODE": "1"}
    clean |= env
    command = [sys.executable, "-c", textwrap.dedent(code)]
    return subprocess.run(command, env=clean, capture_output=True, text=True, check=False)


PROBE = """
    import sys
    sys.path.insert(0, sys.argv[1] if len(sys.argv) > 1 else {path!r})
    from bandwise import kernels
    from bandwise.probe import double
    with kernels.when_compiling(lambda: print("compiling")):
        print(double(2.0))
        print(double(3.0))
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small copy of the package with two modules: a kernel, and the callee and constant it takes."""
    root = tmp_path / "site" / "bandwise"
    root.mkdir(parents=True)
    for name in ("__init__.py", "errors.py", "kernels.py"):
        (root / name).write_text((SOURCE / name).read_text())
    (root / "factor.py").write_text("FACTOR = 2.0\n")
    (root / "probe.py").write_text(
        "from bandwise.factor import FACTOR\nfrom bandwise.kernels import kernel\n\n"
        "@kernel\ndef double(x):\n    return FACTOR * x\n"
    )
    return root


def probe(package: Path, **env: str) -> list[str]:
    """Call the probe kernel twice in a fresh process; return the lines it prints."""
    done = run(PROBE.format(path=str(package.parent)), PYTHONPATH="", **env)
    assert done.stderr == ""
    return done.stdout.split()


def test_kernel_keeps_its_python_text():
    """The plain function stays reachable: it is the readable reference of its compiled twin."""

    @kernels.kernel
    def triple(x):
        return 3 * x

    assert triple(2) == triple.py_func(2) == 6


def test_sums_in_any_order_still_repeat_their_bits():
    """any_order makes sums fast, not random: the same input gives the same bits, near the exact sum."""
    import numpy as np

    @kernels.kernel(any_order=True)
    def total(x):
        result = np.float32(0)
        for value in x:
            result += value
        return result

    x = np.random.default_rng(0).standard_normal(1_001).astype(np.float32)
    assert total(x) == total(x.copy()) == pytest.approx(float(np.sum(x, dtype=np.float64)), abs=1e-4)


def test_sums_in_any_order_stay_out_of_other_kernels():
    """A copy inside another kernel would be optimised anew, and give other bits than the one on disk."""

    @kernels.kernel(any_order=True)
    def double(x):
        return 2 * x

    @kernels.kernel
    def quadruple(x):
        return double(double(x))

    with pytest.raises(TypeError, match="called from Python alone"):
        quadruple(1.0)


def test_constants_compile_nothing_anew():
    """A kernel that others call with 1, with 2 and with a variable is compiled once."""

    @kernels.kernel
    def plus(x, y):
        return x + y

    @kernels.kernel
    def plus_three_and(x, y):
        return plus(plus(plus(x, 1), 2), y)

    assert plus_three_and(1.0, 4) == 8.0
    assert len(plus.signatures) == 1


def test_announced_once_and_only_when_really_compiled(package: Path, tmp_path: Path):
    """The first run says so once; the second loads from disk and says nothing."""
    home = str(tmp_path)
    assert probe(package, HOME=home) == ["compiling", "4.0", "6.0"]
    assert probe(package, HOME=home) == ["4.0", "6.0"]


def test_a_change_in_another_file_is_seen(package: Path, tmp_path: Path):
    """A constant from another module is frozen into machine code: changing it must not find the old code."""
    probe(package, HOME=str(tmp_path))
    (package / "factor.py").write_text("FACTOR = 5.0\n")
    assert probe(package, HOME=str(tmp_path)) == ["compiling", "10.0", "15.0"]


def test_an_unrelated_file_leaves_the_cache_alone(package: Path, tmp_path: Path):
    """Editing a module that the kernel does not import costs no compilation."""
    probe(package, HOME=str(tmp_path))
    (package / "other.py").write_text("FACTOR = 5.0\n")
    assert probe(package, HOME=str(tmp_path)) == ["4.0", "6.0"]


@pytest.mark.parametrize("home", [None, "/nonexistent"])
def test_works_without_a_home(package: Path, tmp_path: Path, home: str | None):
    """No home, or one that cannot be made: the folder for temporary files serves, and is kept."""
    env = {"TMPDIR": str(tmp_path)} | ({"HOME": home, "XDG_CACHE_HOME": "/proc/none"} if home else {})
    env = env if home else env | {"XDG_CACHE_HOME": "/proc/none"}
    assert probe(package, **env)[0] == "compiling"
    assert probe(package, **env) == ["4.0", "6.0"]


def test_works_in_a_read_only_install(package: Path, tmp_path: Path):
    """Nothing is written beside the sources, so a package that cannot be written to works the same."""
    before = sorted(package.rglob("*"))
    for path in [*package.rglob("*"), package]:
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        assert probe(package, HOME=str(tmp_path)) == ["compiling", "4.0", "6.0"]
        assert sorted(package.rglob("*")) == before
    finally:
        package.chmod(0o755)


def test_user_choice_of_folder_wins(package: Path, tmp_path: Path):
    """NUMBA_CACHE_DIR is obeyed, and other users of numba keep their setting."""
    chosen = tmp_path / "chosen"
    assert probe(package, NUMBA_CACHE_DIR=str(chosen), HOME=str(tmp_path))[0] == "compiling"
    assert list((chosen / "bandwise").rglob("*.nbi"))
    assert not (tmp_path / ".cache").exists()


def test_other_users_of_numba_keep_their_setting():
    """Decorating a kernel leaves numba's global setting as it was."""
    import numba

    before = numba.config.CACHE_DIR
    kernels.kernel(lambda x: x)
    assert before == numba.config.CACHE_DIR


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="file owners are a POSIX idea")
def test_a_folder_that_others_may_write_is_not_believed(package: Path, tmp_path: Path):
    """Cached code is loaded as code: a world-writable folder waiting under our name is left unused."""
    trap = tmp_path / f"bandwise-kernels-{os.getuid()}"
    trap.mkdir()
    trap.chmod(0o777)
    env = {"HOME": "/nonexistent", "XDG_CACHE_HOME": "/proc/none", "TMPDIR": str(tmp_path)}
    assert probe(package, **env)[0] == "compiling"
    assert list(trap.iterdir()) == []
    assert list(tmp_path.glob("bandwise-kernels-*")) == [trap], (
        "the folder used instead goes with the process"
    )
