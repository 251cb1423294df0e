"""The one door to compiled code: `@kernel` compiles a loop once and keeps the result on disk.

numba's own cache does not see a change in another file that a kernel calls or takes a constant from, and
fails where the package is read-only or there is no home. So every module with kernels gets a folder of its
own, named after the sources it depends on, in the first place that can be written: NUMBA_CACHE_DIR, the
user's cache folder, the folder for temporary files.
"""

import ast
import atexit
import hashlib
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Any, TypeVar, cast, overload

import numba
from numba.core import event

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).parent
_KEPT_DAYS = 30
_ANY_ORDER = {"reassoc", "nsz", "nnan"}
_one_at_a_time = Lock()


@overload
def kernel(function: Function, /) -> Function: ...
@overload
def kernel(*, any_order: bool = False, fast: bool = False) -> Callable[[Function], Function]: ...
def kernel(
    function: Function | None = None, /, *, any_order: bool = False, fast: bool = False
) -> Function | Callable[[Function], Function]:
    """Compile a function of numbers and arrays on its first call (numba, no Python objects, GIL released).

    The machine code is cached on disk. The plain Python text stays at hand as `.py_func`.

    Args:
        function: what to compile.
        any_order: let the compiler take sums in the order that suits its vector registers, which makes a
            dot product six times as fast. The same input still gives the same bits, as long as there is
            one copy: inside another kernel it would be optimised anew, so it is called from Python alone.
        fast: let it do whatever real numbers allow, and take it that none is NaN or Inf. Other machines may
            give other bits, so this is for training alone.
    """
    fastmath = fast or (_ANY_ORDER if any_order else False)
    if function is None:
        return partial(_compiled, fastmath=fastmath)
    return _compiled(function, fastmath=fastmath)


def _compiled(function: Function, *, fastmath: bool | set[str]) -> Function:
    with _one_at_a_time:  # the place for the cache is a setting of the whole process
        folder = cache_folder(function.__module__)
        before = numba.config.CACHE_DIR
        numba.config.CACHE_DIR = str(folder or "")
        try:
            compile_later = numba.njit(
                nogil=True, error_model="numpy", fastmath=fastmath, cache=folder is not None
            )
            compiled = compile_later(function)
            among_kernels = _refused if fastmath == _ANY_ORDER else _for_any_number
            compiled.get_call_template = partial(among_kernels, compiled.get_call_template)
            return cast("Function", compiled)
        finally:
            numba.config.CACHE_DIR = before


def _refused(*_: Any) -> Any:
    raise TypeError("got a call from another kernel; a kernel of any order is called from Python alone")


def _for_any_number(template: Callable[..., Any], args: Iterable[Any], kws: dict[str, Any]) -> Any:
    """What kernels calling each other compile: once for `int`, where numba would once for every constant."""
    return template(
        tuple(numba.types.unliteral(arg) for arg in args),
        {name: numba.types.unliteral(arg) for name, arg in kws.items()},
    )


@contextmanager
def when_compiling(announce: Callable[[], None]) -> Iterator[None]:
    """Call `announce` once if a kernel of ours is really compiled, not loaded from disk, inside the block."""

    class Listener(event.Listener):  # type: ignore[misc]
        told = False

        def on_start(self, event: Any) -> None:
            ours = event.data["dispatcher"].py_func.__module__.startswith("bandwise")
            if ours and not self.told:
                self.told = True
                announce()

        def on_end(self, event: Any) -> None:
            """Nothing to say."""

    with event.install_listener("numba:compile", Listener()):
        yield


@cache
def cache_folder(module: str) -> Path | None:
    """Return a writable folder for the kernels of one module, or None where nothing can be written."""
    name = f"{module}-{fingerprint(module)}"
    for root in _roots():
        with suppress(OSError, RuntimeError):
            folder = root() / name
            fresh = not folder.exists()
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=folder).close()
            if fresh:
                _prune(folder.parent, module)
            return folder
    return None


def _roots() -> list[Callable[[], Path]]:
    chosen = numba.config.CACHE_DIR
    if chosen:
        return [lambda: Path(chosen) / "bandwise", _private_temporary, _fresh_temporary]
    return [_user_cache, _private_temporary, _fresh_temporary]


def _user_cache() -> Path:
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData/Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library/Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "bandwise" / "kernels"


def _private_temporary() -> Path:
    """A folder that outlives us in a place anyone may write: used only if it is ours and closed to others.

    What lies there is loaded as code, so a folder that someone else prepared must not be believed.
    """
    if not hasattr(os, "getuid"):
        return Path(tempfile.gettempdir()) / "bandwise-kernels"
    root = Path(tempfile.gettempdir()) / f"bandwise-kernels-{os.getuid()}"
    with suppress(FileExistsError):
        root.mkdir(mode=0o700)
    status = root.lstat()
    if root.is_symlink() or status.st_uid != os.getuid() or status.st_mode & 0o022:
        raise PermissionError(f"{root} is not a private folder of this user")
    return root


@cache
def _fresh_temporary() -> Path:
    folder = tempfile.mkdtemp(prefix="bandwise-kernels-")
    atexit.register(rmtree, folder, ignore_errors=True)
    return Path(folder)


def _prune(root: Path, module: str) -> None:
    """Remove folders that earlier sources of this module left behind long ago."""
    oldest = time.time() - _KEPT_DAYS * 86_400
    for folder in root.glob(f"{module}-*"):
        with suppress(OSError):
            if folder.stat().st_mtime < oldest:
                rmtree(folder, ignore_errors=True)


def fingerprint(module: str) -> str:
    """Hash what compiles a module, its source, and every bandwise source it imports, directly or not."""
    todo, texts = [module], {}
    while todo:
        name = todo.pop()
        if name in texts or (path := _source(name)) is None:
            continue
        texts[name] = path.read_bytes()
        todo += _imports(path, name)
    digest = hashlib.sha256(_compilers().encode())
    for name in sorted(texts):
        digest.update(name.encode() + b"\0" + texts[name] + b"\0")
    return digest.hexdigest()[:16]


@cache
def _compilers() -> str:
    """Versions of the packages whose code ends up in kernels."""
    return " ".join(version(package) for package in ("numba", "llvmlite", "numpy", "rocket-fft"))


def _source(module: str) -> Path | None:
    if module.partition(".")[0] != "bandwise":
        path = getattr(sys.modules.get(module), "__file__", None)
        return Path(path) if path and Path(path).is_file() else None
    parts = module.split(".")[1:]
    for path in (_PACKAGE.joinpath(*parts, "__init__.py"), _PACKAGE.joinpath(*parts).with_suffix(".py")):
        if path.is_file():
            return path
    return None


@cache
def _imports(path: Path, module: str) -> list[str]:
    """Every `bandwise` module that a source imports; `from a import b` may mean a or a.b, so both."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = (
                ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            )
            origin = ".".join(part for part in (above, node.module) if part)
            names += [origin, *(f"{origin}.{alias.name}" for alias in node.names)]
    return [name for name in names if name.partition(".")[0] == "bandwise"]
