"""What a user gets: names, quick imports, a command line that explains itself, a complete wheel."""

import ast
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import bandwise
from bandwise.apps.cli import COMMANDS, EXTRAS, app, load

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "bandwise"
HEAVY = {"numpy", "numba", "onnxruntime", "soundfile", "soxr", "scipy", "matplotlib", "torch", "rich"}


def loaded_by(code):
    """The heavy modules that a fresh process has after running some Python."""
    code += f"\nimport sys\nprint(*sorted({HEAVY} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.splitlines()[-1].split())


def test_import_loads_nothing_heavy():
    """`import bandwise` costs no array library, compiler or inference engine."""
    assert loaded_by("import bandwise") == set()


def test_overview_loads_nothing_heavy():
    """`bandwise --version` starts without any of them, too; `bandwise -h` needs rich to draw."""
    code = "import sys\nfrom bandwise.apps.cli import main\nsys.argv = ['bandwise', {!r}]\ntry: main()\n"
    code += "except SystemExit: pass"
    assert loaded_by(code.format("--version")) == set()
    assert loaded_by(code.format("-h")) <= {"rich"}


@pytest.mark.parametrize("name", bandwise.__all__)
def test_public_names_are_there(name):
    """Every name that the package announces can be had, and is documented."""
    value = getattr(bandwise, name)
    assert name in dir(bandwise)
    assert name == "__version__" or (value.__doc__ or "").strip()


def test_unknown_names_are_refused():
    """A misspelt name is an AttributeError, as in any module."""
    with pytest.raises(AttributeError, match="enhanse"):
        bandwise.enhanse  # noqa: B018


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name):
    """A summary for each command, and a line of help for each of its parameters."""
    command = load(name)
    assert command.help
    silent = [option.name for option in command.params if not getattr(option, "help", None)]
    assert silent == []


@pytest.mark.parametrize("name", COMMANDS)
def test_dash_h_explains(name):
    """-h works for each command."""
    done = CliRunner().invoke(app, [name, "-h"], prog_name="bandwise")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Usage: bandwise" in done.stdout


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("train", "torch", "train"), ("demo", "scipy", "demo"), ("export", "torch", "train")],
)
def test_what_is_not_installed_is_named(name, module, extra, tmp_path):
    """A sub-command without a package that it needs says in one line how to get it."""
    code = f"import sys; sys.modules['{module}'] = None; from bandwise.apps.cli import main; main()"
    words = {"train": [tmp_path], "demo": ["-o", tmp_path], "export": [tmp_path]}[name]
    done = subprocess.run(
        [sys.executable, "-c", code, name, *map(str, words)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1), done.stderr
    assert done.stderr.endswith(f"pip install 'bandwise[{extra}]'\n")
    assert set(EXTRAS) <= set(COMMANDS)


@pytest.mark.parametrize(
    ("name", "option"),
    [("measure", "--start"), ("measure", "--gain-db"), ("bench", "--seconds"), ("train", "--learning-rate")],
)
@pytest.mark.parametrize("value", ["nan", "inf"])
def test_numbers_are_finite(name, option, value):
    """No range keeps NaN out, so the commands do."""
    with pytest.raises(typer.BadParameter):
        load(name).make_context(name, [option, value])


def test_unknown_command_ends_with_two():
    """A wrong name is a usage error, not a traceback."""
    done = subprocess.run(
        [sys.executable, "-m", "bandwise", "nope"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "nope" in done.stderr
    assert "Traceback" not in done.stderr


def imports_of(path):
    """The bandwise modules that a source imports anywhere, inside functions too."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in names if name.startswith("bandwise.")}


TOP = {"bench", "lab", "apps"}
ABOVE = {
    "": {"bands", "suppress", "dynamics", "training", "measure", "device", "peers", *TOP},
    "audio_io": {"bands", "suppress", "dynamics", "training", "measure", "device", "peers", *TOP},
    "bands": {"suppress", "dynamics", "training", "measure", "device", "peers", *TOP},
    "suppress": {"dynamics", "training", "measure", "device", "peers", *TOP},
    "dynamics": {"suppress", "training", "measure", "device", "peers", *TOP},
    "measure": {"training", "device", "peers", *TOP},
    "training": {"device", "peers", *TOP},
    "device": {"suppress", "dynamics", "training", "peers", *TOP},
    "peers": {"suppress", "dynamics", "training", "device", *TOP},
    "bench": {"training", "device", "lab", "apps"},
    "lab": {"suppress", "peers", "bench", "apps"},
}


@pytest.mark.parametrize("room", ABOVE)
def test_arrows_go_one_way(room):
    """No room imports one above it; suppress and dynamics never import each other; every room has a rule."""
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert rooms - {"apps", "models"} == set(ABOVE) - {""}
    own = SOURCE.glob("*.py") if not room else (SOURCE / room).rglob("*.py")
    wrong = {
        f"{path.relative_to(SOURCE)} imports {name}"
        for path in own
        if path not in {SOURCE / "__init__.py", SOURCE / "__main__.py"}
        for name in imports_of(path)
        if name.split(".")[1] in ABOVE[room]
    }
    assert wrong == set()


def test_wheel_is_complete(tmp_path):
    """The wheel carries types, licence, presets and networks with their card, and nothing else of ours."""
    pytest.importorskip("hatchling")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    names = zipfile.ZipFile(next(tmp_path.glob("*.whl"))).namelist()
    assert "bandwise/py.typed" in names
    assert any(name.endswith("LICENSE") for name in names)
    for kind in ("models/*.onnx", "models/README.md", "dynamics/presets/*.toml", "*.py", "*/*.py"):
        for path in SOURCE.glob(kind):
            assert f"bandwise/{path.relative_to(SOURCE).as_posix()}" in names
    assert all(name.startswith(("bandwise/", "bandwise-")) for name in names)


def test_every_file_stays_readable():
    """No source over 400 lines: then there is more than one idea in it."""
    long = {
        str(path): count
        for path in SOURCE.rglob("*.py")
        if (count := len(path.read_text().splitlines())) > 400
    }
    assert long == {}
