"""The picture of before and after."""

import numpy as np
import pytest

from bandwise.errors import BandwiseError
from bandwise.measure import plots
from bandwise.measure.charts import spectrogram_db
from bandwise.measure.figures import require_matplotlib


@pytest.mark.parametrize("hz", [100.0, 1_000.0, 6_000.0, 15_000.0])
def test_a_tone_stands_at_its_frequency(hz):
    """After the axis is spaced as the ear does it, the brightest row is the tone's own."""
    x = np.sin(2 * np.pi * hz * np.arange(48_000) / 48_000)
    levels = plots.ear_spaced(spectrogram_db(x, 2048), 48_000)
    row = int(np.argmax(levels.mean(axis=0))) + 0.5
    expected = plots.erb_rate(hz) / plots.erb_rate(24_000) * levels.shape[1]
    assert abs(row - expected) < 6


def test_every_bin_is_shown():
    """A tone between two rows of the picture does not vanish: the loudest bin survives."""
    levels = spectrogram_db(np.random.default_rng(0).standard_normal(48_000), 2048)
    assert plots.ear_spaced(levels, 48_000).max() == levels.max()


def test_erb_rate_has_its_published_values():
    """21.4 log10(5.37) at 1 kHz, zero at zero."""
    assert plots.erb_rate(0) == 0
    assert plots.erb_rate(1_000) == pytest.approx(21.4 * np.log10(5.37))


@pytest.mark.parametrize("rate", [8_000, 48_000, 192_000])
@pytest.mark.parametrize("seconds", [0.01, 1.0])
def test_picture_is_a_png_at_any_rate_and_length(tmp_path, rate, seconds):
    """Short or long, narrow or wide, silence included."""
    pytest.importorskip("matplotlib")
    x = np.random.default_rng(0).standard_normal(int(rate * seconds))
    plots.before_and_after(x, 0 * x, rate, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes().startswith(b"\x89PNG")


def test_missing_matplotlib_names_the_remedy(monkeypatch):
    """Without the extra the error says what to install."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(BandwiseError, match=r"pip install 'bandwise\[plot\]'"):
        require_matplotlib()
