"""`bandwise dynamics` and `bandwise measure` as a user runs them."""

import numpy as np
import pytest
import soundfile
from dynamics_signals import RATE, level_db, tone
from typer.testing import CliRunner

from bandwise.apps.cli import app
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings
from bandwise.measure.dynamics_chart import draw_curves
from bandwise.stream import whole


def bandwise(*words, data=b""):
    """Run the command line in this process; (status, standard output, standard error)."""
    done = CliRunner().invoke(app, list(map(str, words)), input=data)
    return done.exit_code, done.stdout_bytes, done.stderr


@pytest.fixture
def loud(tmp_path):
    """A stereo file that goes over full scale in its bass."""
    path = tmp_path / "loud.wav"
    x = 0.7 * tone(60, 1.0) + 0.5 * tone(1_000, 1.0)
    soundfile.write(path, np.stack([x, 0.5 * x], axis=1), RATE, subtype="FLOAT")
    return path


def test_file_in_file_out(loud, tmp_path):
    """The output has the length and channels of the input, and its ceiling."""
    status, _, error = bandwise("dynamics", loud, "-o", tmp_path / "out.wav", "--preset", "small-speaker")
    assert status == 0, error
    y, rate = soundfile.read(tmp_path / "out.wav")
    assert (y.shape, rate) == ((RATE, 2), RATE)
    assert np.abs(y).max() <= 10 ** (-0.5 / 20) + 1e-6


def test_picture(loud, tmp_path):
    """--plot draws a picture beside the output."""
    pytest.importorskip("matplotlib")
    status, _, error = bandwise("dynamics", loud, "-o", tmp_path / "out.wav", "--plot")
    assert status == 0, error
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")


def test_picture_in_place(loud):
    """--plot --in-place draws the sound before it was replaced beside the file."""
    pytest.importorskip("matplotlib")
    before = loud.read_bytes()
    status, _, error = bandwise("dynamics", loud, "--in-place", "--preset", "night", "--plot")
    assert status == 0, error
    assert loud.read_bytes() != before
    assert loud.with_suffix(".png").read_bytes().startswith(b"\x89PNG")


def test_raw_pipe_equals_file(loud, tmp_path):
    """Raw samples through a pipe come out as they do through files."""
    x, _ = soundfile.read(loud, dtype="float32")
    words = ["dynamics", "-", "-o", "-", "--format", "f32le", "--channels", "2", "--preset", "night"]
    status, out, error = bandwise(*words, data=x.tobytes())
    assert status == 0, error
    assert bandwise("dynamics", loud, "-o", tmp_path / "out.wav", "--preset", "night")[0] == 0
    y, _ = soundfile.read(tmp_path / "out.wav", dtype="float32")
    assert np.array_equal(np.frombuffer(out, np.float32).reshape(-1, 2), y)


def test_folder_in_folder_out(loud, tmp_path):
    """A folder is treated as its files are, names kept."""
    (tmp_path / "in").mkdir()
    for name in ("one.wav", "two.wav"):
        (tmp_path / "in" / name).write_bytes(loud.read_bytes())
    status, _, error = bandwise("dynamics", tmp_path / "in", "-o", tmp_path / "out", "--preset", "voice")
    assert status == 0, error
    one, two = (soundfile.read(tmp_path / "out" / name)[0] for name in ("one.wav", "two.wav"))
    assert one.shape == (RATE, 2)
    assert np.array_equal(one, two)


def test_wrong_preset_is_one_line(loud, tmp_path):
    """A preset that is not there ends with status 2, one line, and no output file."""
    status, _, error = bandwise("dynamics", loud, "-o", tmp_path / "out.wav", "--preset", "nigth")
    assert status == 2
    assert "did you mean night" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out.wav").exists()


def test_a_preset_is_not_written_over(loud, tmp_path):
    """Settings of one's own stay, whatever the output is called."""
    path = tmp_path / "mine.toml"
    path.write_text("mix = 0.5")
    status, _, error = bandwise("dynamics", loud, "--preset", path, "-o", path)
    assert (status, error.count("\n")) == (2, 1)
    assert "is an input" in error
    assert path.read_text() == "mix = 0.5"


def test_plot_with_a_pipe_is_refused(loud):
    """A picture needs two files."""
    status, _, error = bandwise("dynamics", "-", "--plot", data=loud.read_bytes())
    assert status == 2
    assert "a picture needs files" in error


def test_measure_prints_a_table(loud):
    """`measure` prints a row for the file and one for what a preset makes of it, with its distortion."""
    status, out, error = bandwise("measure", loud, "--preset", "conventional")
    assert status == 0, error
    rows = [line.split("|") for line in out.decode().splitlines()]
    assert rows[2][1].strip() == "loud.wav"
    assert rows[3][1].strip() == "conventional"
    assert float(rows[3][6]) > 0.0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--preset", "voice", "--start", "3"], "without a file"),
        (["--preset", "voice", "--gain-db", "3"], "without a file"),
        (["FILE", "--gain-db", "3"], "without --preset"),
        (["FILE", "--plot", "nowhere/three.png"], "folder does not exist"),
    ],
)
def test_what_measure_would_not_heed_is_refused(loud, words, says):
    """An option without effect is told, not ignored."""
    status, out, error = bandwise("measure", *(loud if word == "FILE" else word for word in words))
    assert (status, out, error.count("\n")) == (2, b"", 1)
    assert says in error


def test_measure_without_anything_is_refused():
    """`measure` needs a file or a preset."""
    status, _, error = bandwise("measure")
    assert status == 2
    assert "neither a file nor --preset" in error


def test_silence_has_a_dash_where_it_has_no_figure(tmp_path):
    """Neither loudness nor crest: no nan, no infinities."""
    soundfile.write(tmp_path / "none.wav", np.zeros(RATE), RATE)
    status, out, error = bandwise("measure", tmp_path / "none.wav")
    assert status == 0, error
    assert b"nan" not in out
    assert b"inf" not in out
    assert b"| - |" in out


def test_a_weight_per_channel_is_measured_and_drawn(loud, tmp_path):
    """Weights are for the channels of the file; what looks at one channel alone does without them."""
    pytest.importorskip("matplotlib")
    (tmp_path / "weights.toml").write_text("cutoffs_hz = [500]\nlink = [0.7, 0.3]\n")
    chosen = ("--preset", tmp_path / "weights.toml")
    status, out, error = bandwise("measure", loud, *chosen)
    assert status == 0, error
    assert out.splitlines()[-1].count(b"|") == out.splitlines()[0].count(b"|")
    status, _, error = bandwise("dynamics", loud, "-o", tmp_path / "out.wav", "--plot", *chosen)
    assert status == 0, error
    assert (tmp_path / "out.png").is_file()


def test_tones_through_silence_have_dashes(tmp_path):
    """A preset that mutes all has no distortion."""
    (tmp_path / "mute.toml").write_text("[[bands]]\nmute = true\n")
    status, out, error = bandwise("measure", "--preset", tmp_path / "mute.toml")
    assert status == 0, error
    cells = [cell.strip() for cell in out.decode().splitlines()[-1].split("|")[2:-1]]
    assert cells == ["-"] * 9


def test_measure_leaves_its_inputs_alone(loud):
    """A picture does not take the place of a recording."""
    before = loud.read_bytes()
    status, _, error = bandwise("measure", loud, "--preset", "voice", "--plot", loud)
    assert (status, "is an input" in error) == (2, True)
    assert loud.read_bytes() == before


def test_static_curves_are_what_tones_get():
    """The picture of a band is the level that a steady tone leaves it with, gain in front included."""

    class Axes:
        curves = ()

        def plot(self, x, y, **_):
            self.curves = (*self.curves, (x, y))

        def __getattr__(self, _name):
            return lambda *_, **__: None

    compressor = CompressorSettings(threshold_db=-20, ratio=4, knee_db=0, makeup_db=1.0)
    band = BandSettings(gain_db=12.0, compressor=compressor, limiter=LimiterSettings(enabled=False))
    settings = MultibandSettings(bands=(band,), output=LimiterSettings(enabled=False))
    axes, processor = Axes(), MultibandDynamics(settings)
    draw_curves(axes, processor)
    for level in (-50.0, -30.0, -10.0):
        x = 10 ** (level / 20) * tone(1_000, 1.0)
        left = level_db(whole(processor, x)[RATE // 2 :]) - level_db(x[RATE // 2 :]) + level
        assert np.interp(level, *axes.curves[0]) == pytest.approx(left, abs=0.1)


@pytest.mark.parametrize(
    ("text", "rate"), [("link = [1.0, 0.5]\n", RATE), ("cutoffs_hz = [30000]\n", 192_000)]
)
def test_presets_are_tried_on_the_sound_they_are_for(tmp_path, text, rate):
    """Not on one channel at 48 kHz, which they do not fit: one file, and a folder of them."""
    (tmp_path / "mine.toml").write_text(text)
    (tmp_path / "in").mkdir()
    for name in ("a.wav", "b.wav"):
        soundfile.write(tmp_path / "in" / name, np.zeros((rate // 4, 2)), rate)
    for source, target in (("in/a.wav", "one.wav"), ("in", "all")):
        words = (tmp_path / source, "-o", tmp_path / target, "--preset", tmp_path / "mine.toml")
        assert bandwise("dynamics", *words)[::2] == (0, "")
