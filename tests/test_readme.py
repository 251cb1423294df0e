"""Every command and snippet that the README and the docs show is run."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

try:
    import tomllib
except ImportError:
    import tomli as tomllib

from bandwise.apps.cli import load

ROOT = Path(__file__).parents[1]
PAGES = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

FFMPEG = """#!{python}
# Stands in for ffmpeg: what is read goes out, what comes in is written.
import shutil, sys
source, target = sys.argv[sys.argv.index("-i") + 1], sys.argv[-1]
a = sys.stdin.buffer if source == "-" else open(source, "rb")
b = sys.stdout.buffer if target == "-" else open(target, "wb")
shutil.copyfileobj(a, b)
"""


def blocks(language):
    """(page, text) of every fenced block in a language."""
    pages = {page: (ROOT / page).read_text(encoding="utf-8") for page in PAGES}
    return [
        (page, text)
        for page, whole in pages.items()
        for kind, text in FENCE.findall(whole)
        if kind == language
    ]


def shell_lines():
    """(page, line) of every shell line, comments off."""
    return [
        (page, line.split(" # ")[0].strip())
        for page, text in blocks("sh")
        for line in text.splitlines()
        if line.strip() and not line.startswith("#")
    ]


@pytest.fixture
def desk(tmp_path):
    """A folder with what the pages assume: recordings, and bandwise and ffmpeg on the path."""
    noise = (np.random.default_rng(0).standard_normal(60_000) * 3_000).astype(np.int16)
    for name in ("noisy.wav", "music.wav", "recordings/a.wav", "recordings/deep/b.wav", "talk.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(tmp_path / name, noise, 48_000)
    (tmp_path / "talk.wav").rename(tmp_path / "talk.mp4")
    (tmp_path / "speech.raw").write_bytes(noise[:16_000].tobytes())
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "ffmpeg").write_text(FFMPEG.format(python=sys.executable))
    (tools / "bandwise").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m bandwise "$@"\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    return tmp_path


def run(command, desk):
    """Run a command on the desk."""
    env = {**os.environ, "PATH": f"{desk / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(command, cwd=desk, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done


@pytest.mark.parametrize(("page", "line"), [item for item in shell_lines() if "bandwise " in item[1]])
def test_shell_lines_run(page, line, desk):
    """Each pipeline ends well, all of its parts, and makes the file it names."""
    run(["bash", "-euo", "pipefail", "-c", line], desk)
    for name in re.findall(r"(?:-o|-i -|>) ([\w.-]+)", line):
        made = desk / name
        assert made.is_dir() or made.stat().st_size > 0


@pytest.mark.parametrize(("page", "text"), blocks("python"))
def test_python_snippets_run(page, text, desk):
    """Each snippet runs as it stands."""
    run([sys.executable, "-c", text], desk)


def test_snippet_cleans_the_file(desk):
    """The first one writes a file of the length of its input."""
    run([sys.executable, "-c", blocks("python")[0][1]], desk)
    assert soundfile.info(desk / "clean.wav").frames == 60_000


@pytest.mark.parametrize(("page", "line"), [item for item in shell_lines() if item[1].startswith("make ")])
def test_make_targets_exist(page, line):
    """The two set-up commands are targets (running them here would run this test again)."""
    done = subprocess.run(
        ["make", "-n", *line.split()[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "line"), [item for item in shell_lines() if item[1].startswith("pip ")])
def test_extras_exist(page, line):
    """What the README installs is defined."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra in re.findall(r"\[(\w+)\]", line):
        assert extra in project["optional-dependencies"]


def indented_commands():
    """(page, command) of every indented `bandwise` line, its continuations joined."""
    pages = [*PAGES, "src/bandwise/models/README.md", "CONTRIBUTING.md"]
    texts = {page: (ROOT / page).read_text(encoding="utf-8").replace("\\\n", " ") for page in pages}
    found = re.compile(r"^ {4}(bandwise .*)$", re.MULTILINE)
    return [(page, line) for page, text in texts.items() for line in found.findall(text)]


@pytest.mark.parametrize(("page", "line"), indented_commands())
def test_indented_commands_can_be_said(page, line):
    """They want recordings or hours; their sub-commands, options and kinds of values are there."""
    _, name, *words = shlex.split(line.split(" | ")[0], comments=True)
    load(name).make_context(name, words)


def test_every_shell_line_is_covered():
    """No line of a kind that none of the tests above looks at."""
    strange = [
        line
        for _, line in shell_lines()
        if "bandwise " not in line and not line.startswith(("make ", "pip "))
    ]
    assert strange == []


@pytest.mark.parametrize("page", [*PAGES, "CONTRIBUTING.md", "CHANGELOG.md"])
def test_links_lead_somewhere(page):
    """Every relative link and picture is a file of the project."""
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [link for link in re.findall(r"\]\(([^)#]+)", text) if "://" not in link]
    missing = [link for link in targets if not (ROOT / page).parent.joinpath(link).exists()]
    assert missing == []


def test_picture_of_the_signal_path_is_what_its_script_draws():
    """The SVG is regenerated and compared."""
    code = "import runpy; print(runpy.run_path('docs/signal_path.py')['picture'](), end='')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == (ROOT / "docs" / "signal-path.svg").read_text(encoding="utf-8")


def test_delays_in_the_table_are_the_real_ones():
    """docs/streaming.md states latencies; the processor declares the same."""
    import bandwise

    rows = re.findall(
        r"^\| (\d+) \(.*\| (\d+) \| ([\d.]+) \|$", (ROOT / "docs/streaming.md").read_text(), re.MULTILINE
    )
    assert len(rows) == 4
    for block_multiple, samples, milliseconds in rows:
        declared = bandwise.NoiseSuppressor(block_multiple=int(block_multiple)).latency_samples
        assert (declared, f"{declared / 48:.1f}") == (int(samples), milliseconds)


def test_delays_at_other_rates_are_the_real_ones():
    """The second table, too."""
    import bandwise

    text = (ROOT / "docs/streaming.md").read_text()
    rows = re.findall(r"^\| (\d+) \| (\d+) \| ([\d.]+) \| (\d+) \| ([\d.]+) \|$", text, re.MULTILINE)
    assert len(rows) == 4
    for rate, *told in rows:
        for block_multiple, samples, milliseconds in [(int(rate) // 100, *told[:2]), (1, *told[2:])]:
            declared = bandwise.NoiseSuppressor(int(rate), block_multiple=block_multiple).latency_samples
            assert (declared, f"{1000 * declared / int(rate):.1f}") == (int(samples), milliseconds)
