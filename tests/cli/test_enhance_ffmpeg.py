"""Formats that come in through ffmpeg."""

import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from bandwise.audio_io import read_whole

from .calling import call, environment, failed, read, sound

FAKE_FFMPEG = """#!{python}
import sys
path = sys.argv[sys.argv.index("-i") + 1].removeprefix("file:")
text = open(path).read()
if text == "cut short":
    print("partial file", file=sys.stderr)
elif text != "strange format":
    sys.exit("ffmpeg: cannot make sense of it")
import numpy, struct
x = (numpy.arange(-4000, 4000, dtype="<f4") / 8000).tobytes()
head = struct.pack("<HHIIHH", 3, 1, 48000, 192000, 4, 32)
riff = b"RIFF\\xff\\xff\\xff\\xffWAVEfmt " + struct.pack("<I", 16)
sys.stdout.buffer.write(riff + head + b"data\\xff\\xff\\xff\\xff" + x)
"""


def test_ffmpeg_reads_what_soundfile_cannot(tmp_path):
    """With ffmpeg on the path other formats come in through it; what it refuses is one line."""
    fake = tmp_path / "bin" / "ffmpeg"
    fake.parent.mkdir()
    fake.write_text(FAKE_FFMPEG.format(python=sys.executable))
    fake.chmod(0o755)
    env = environment(PATH=f"{fake.parent}:{os.environ['PATH']}")
    (tmp_path / "in.m4a").write_text("strange format")
    assert call("enhance", tmp_path / "in.m4a", "-o", tmp_path / "out.wav", env=env).returncode == 0
    expected = np.arange(-4000, 4000) / 16_000
    assert np.allclose(soundfile.read(tmp_path / "out.wav")[0], expected, atol=1e-4)
    (tmp_path / "in.m4a").write_text("cut short")
    done = call("enhance", tmp_path / "in.m4a", "-o", tmp_path / "short.wav", env=env)
    assert done.returncode == 0
    assert done.stderr.decode().endswith("may be damaged or cut short; ffmpeg says: partial file\n")
    (tmp_path / "in.m4a").write_text("noise")
    done = call("enhance", tmp_path / "in.m4a", "-o", tmp_path / "two.wav", env=env)
    assert "cannot make sense of it" in failed(done)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed here")
def test_the_real_ffmpeg(noisy):
    """A format that only ffmpeg reads comes in whole."""
    strange = noisy.with_name("strange.tta")
    subprocess.run(["ffmpeg", "-v", "error", "-i", noisy, strange], check=True)
    assert call("enhance", strange, "-o", noisy.with_name("out.wav")).returncode == 0
    assert np.array_equal(read(noisy.with_name("out.wav")), sound() // 2)


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed here")
def test_an_mp3_that_does_not_say_how_long_it_is_comes_in_whole(tmp_path):
    """Of variable bit rate, half silence: libsndfile would guess its length from the first frames."""
    made, mp3 = tmp_path / "made.wav", tmp_path / "made.mp3"
    loud = np.random.default_rng(0).standard_normal(48_000) / 8
    soundfile.write(made, np.concatenate([loud, np.zeros(4 * 48_000)]), 48_000)
    coder = ["ffmpeg", "-v", "error", "-i", made, "-q:a", "2", "-write_xing", "0", mp3]
    if subprocess.run(coder, check=False, capture_output=True).returncode:
        pytest.skip("this ffmpeg makes no MP3")
    assert len(read_whole(str(mp3))[0]) == pytest.approx(5 * 48_000, abs=4_000)
