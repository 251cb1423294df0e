"""`bandwise enhance` with the network that ships."""

import io
import json
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from .calling import environment


def call(*args, stdin=b""):
    """Run the real command line; it must end well."""
    command = [sys.executable, "-m", "bandwise", *map(str, args)]
    return subprocess.run(command, input=stdin, capture_output=True, env=environment(), check=True)


@pytest.fixture(scope="module")
def hiss(tmp_path_factory):
    """Three seconds of stereo noise at 44.1 kHz."""
    path = tmp_path_factory.mktemp("real") / "hiss.wav"
    x = 0.05 * np.random.default_rng(0).standard_normal((132_300, 2))
    soundfile.write(path, x, 44_100, subtype="PCM_16")
    return path


def test_noise_goes_and_pipe_equals_file(hiss):
    """Hiss loses 10 dB and more; through a pipe come the samples of the file."""
    call("enhance", hiss, "-o", hiss.with_name("out.wav"))
    x, y = soundfile.read(hiss)[0], soundfile.read(hiss.with_name("out.wav"))[0]
    assert x.shape == y.shape
    assert np.std(y[44_100:]) < np.std(x[44_100:]) * 10 ** (-10 / 20)
    piped = call("enhance", "-", stdin=hiss.read_bytes()).stdout
    assert np.array_equal(soundfile.read(io.BytesIO(piped))[0], y)


def test_a_limit_of_nothing_changes_nothing(hiss):
    """--attenuation-limit-db 0 gives the input back, to within resampling and rounding."""
    call("enhance", hiss, "-o", hiss.with_name("same.wav"), "--attenuation-limit-db", 0)
    x, y = soundfile.read(hiss)[0], soundfile.read(hiss.with_name("same.wav"))[0]
    inner = slice(2_000, -2_000)
    spectra = [np.abs(np.fft.rfft(signal[inner, 0]))[:30_000] for signal in (x, y)]  # to 10 kHz
    assert np.max(np.abs(spectra[0] - spectra[1])) < 0.02 * np.max(spectra[0])


def test_unknown_and_damaged_models_are_one_line(hiss, tmp_path):
    """A name that does not ship, a file that is none: status 2, one line."""
    (tmp_path / "bad.onnx").write_bytes(b"not a network")
    for model in ("nope", tmp_path / "bad.onnx"):
        with pytest.raises(subprocess.CalledProcessError) as failed:
            call("enhance", hiss, "-o", tmp_path / "out.wav", "--model", model)
        lines = failed.value.stderr.decode().splitlines()
        assert (failed.value.returncode, len(lines)) == (2, 1), lines
        assert lines[0].startswith("error: ")


BLOCKED = """
import sys

class Blocker:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "scipy", "matplotlib", "librosa", "pystoi", "pesq", "onnx"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Blocker())
from bandwise.apps.cli import main
main()
"""


def test_enhancing_needs_the_core_dependencies_alone(hiss):
    """Without torch, SciPy, matplotlib and the metric libraries it runs the same."""
    command = [sys.executable, "-c", BLOCKED, "enhance", hiss, "-o", hiss.with_name("core.wav"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment())
    assert json.loads(done.stdout)["status"] == "done"
