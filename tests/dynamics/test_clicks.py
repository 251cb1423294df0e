"""No change clicks: steps in proportion to the sound, and nothing new above it, for each kind alone."""

from dataclasses import replace

import numpy as np
import pytest
from dynamics_signals import RATE, tone
from scipy import signal

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

HZ = 97.0
COMPRESSOR = CompressorSettings(threshold_db=-20, ratio=2, attack_ms=10)
BAND = BandSettings(compressor=COMPRESSOR, limiter=LimiterSettings(ceiling_dbfs=-18))
BASE = MultibandSettings(cutoffs_hz=(200, 2_000), bands=(BAND,) * 3)
HELD = replace(BASE, output=LimiterSettings(ceiling_dbfs=-40))


def lowest(**changes):
    """The base with the band of the tone changed."""
    return replace(BASE, bands=(replace(BAND, **changes), BAND, BAND))


CHANGES = {
    "cutoffs": [replace(BASE, cutoffs_hz=(80, 5_000))],
    "more bands": [replace(BASE, cutoffs_hz=(60, 200, 700, 2_000, 6_000), bands=(BAND,) * 6)],
    "fewer bands": [replace(BASE, cutoffs_hz=(), bands=(BAND,))],
    "compressors off": [BASE.with_bands(compressor=replace(COMPRESSOR, enabled=False))],
    "thresholds and ratios": [BASE.with_bands(compressor=replace(COMPRESSOR, threshold_db=-50, ratio=10))],
    "detectors": [BASE.with_bands(compressor=replace(COMPRESSOR, detector="rms"))],
    "limiters off": [BASE.with_bands(limiter=LimiterSettings(enabled=False))],
    "ceilings": [BASE.with_bands(limiter=LimiterSettings(ceiling_dbfs=-36))],
    "bypass": [lowest(bypass=True)],
    "mute": [lowest(mute=True)],
    "solo": [replace(BASE, bands=(BAND, replace(BAND, solo=True), BAND))],
    "gains in front": [BASE.with_bands(gain_db=6.0)],
    "output limiter off": [HELD, replace(BASE, output=LimiterSettings(enabled=False))],
    "output ceiling": [HELD],
    "output gain": [replace(BASE, output_gain_db=-12.0)],
    "mix": [replace(BASE, mix=0.0)],
    "low edge": [replace(BASE, low_edge_hz=60.0)],
}


def there_and_back(visited, base=BASE):
    """A tone while the settings go from the base to others and back, (frames,) from its steady state on."""
    x, processor = tone(HZ, 1.0, -6.0), MultibandDynamics(base)
    processor.process(x)
    pieces = [processor.process(x)]
    for settings in (*visited, base):
        processor.update(settings)
        pieces += [processor.process(x), processor.process(x)]
    return np.concatenate(pieces)


def above_db(y):
    """Largest sample above 3 kHz, five octaves over the tone, against the largest of all."""
    high = signal.sosfilt(signal.butter(8, 3_000, "high", fs=RATE, output="sos"), y)[RATE // 2 :]
    return 20 * np.log10(np.abs(high).max() / np.abs(y).max())


@pytest.mark.parametrize("name", CHANGES)
def test_no_change_clicks(name):
    """Steps stay within 4 % of those of a steady tone as loud; above 3 kHz there is 0.4 % of it at most."""
    y = there_and_back(CHANGES[name])
    steepest = 2 * np.sin(np.pi * HZ / RATE) * np.abs(y).max()
    assert np.abs(np.diff(y)).max() < 1.04 * steepest
    assert above_db(y) < -48


@pytest.mark.parametrize("name", ["cutoffs", "mute", "output gain"])
def test_a_change_at_once_would_show(name):
    """The same meter reads a click where one processor is swapped for another without a ramp."""
    x = tone(HZ, 1.0, -6.0)
    before, after = (MultibandDynamics(some).process(x) for some in (BASE, *CHANGES[name]))
    assert above_db(np.concatenate([before[:36_120], after[36_120:]])) > -30


@pytest.mark.parametrize("lookahead_ms", [0.0, 3.0])
@pytest.mark.parametrize("attack_ms", [0.0, 1.0])
def test_weights_of_a_link_come_as_softly_as_thresholds(lookahead_ms, attack_ms):
    """One change of gain, by what channels count and by the threshold, takes the same steps."""
    firm = CompressorSettings(threshold_db=-40, ratio=4, attack_ms=attack_ms)
    bands = (BandSettings(compressor=firm, limiter=LimiterSettings(enabled=False)),) * 3
    base = replace(BASE, bands=bands, lookahead_ms=lookahead_ms, output=LimiterSettings(enabled=False))
    faint, full = (replace(base, link=(weight, weight)) for weight in (0.05, 1.0))
    softer = base.with_bands(compressor=replace(firm, threshold_db=-14))
    by_weight, by_threshold = (changed(*pair) for pair in ((faint, full), (softer, base)))
    assert np.abs(by_weight).max() > 4 * np.abs(by_weight[-RATE:]).max()
    assert np.abs(np.diff(by_weight)).max() < 1.02 * np.abs(np.diff(by_threshold)).max()
    assert above_db(by_weight) < -42


def changed(before, after):
    """One channel of a tone in both, from steady settings through a change, (frames,)."""
    x, processor = np.stack([tone(HZ, 1.0, -6.0)] * 2, axis=1), MultibandDynamics(before, RATE, 2)
    pieces = [processor.process(x), processor.process(x)]
    processor.update(after)
    return np.concatenate([*pieces[1:], processor.process(x), processor.process(x)])[:, 0]


FREE = replace(BASE, output=LimiterSettings(enabled=False))
CUT = LimiterSettings(ceiling_dbfs=-18, mode="clip")
LOW_CUT = replace(CUT, ceiling_dbfs=-30)
CUTS = {
    "band limiters to clipping": (BASE, BASE.with_bands(limiter=CUT)),
    "clipping bands bypassed": (BASE.with_bands(limiter=CUT), BASE.with_bands(limiter=CUT, bypass=True)),
    "a ceiling of clipping bands": (BASE.with_bands(limiter=CUT), BASE.with_bands(limiter=LOW_CUT)),
    "output limiter to clipping": (
        HELD,
        replace(HELD, output=LimiterSettings(ceiling_dbfs=-40, mode="clip")),
    ),
    "output clipping off": (replace(FREE, output=LimiterSettings(ceiling_dbfs=-20, mode="clip")), FREE),
}


def sharpness(y):
    """The largest step, and the largest sample above 3 kHz."""
    high = signal.sosfilt(signal.butter(8, 3_000, "high", fs=RATE, output="sos"), y)[RATE // 2 :]
    return np.array([np.abs(np.diff(y)).max(), np.abs(high).max()])


@pytest.mark.parametrize("name", CUTS)
@pytest.mark.parametrize("lookahead_ms", [0.0, 3.0])
def test_clipping_comes_and_goes_without_a_click(name, lookahead_ms):
    """Clipping has edges of its own: on the way between two settings they are hardly sharper than in either.

    Steps are as small. Where a ceiling falls onto a wave that rises, the edge is that of both slopes.
    """
    first, second = (replace(each, lookahead_ms=lookahead_ms) for each in CUTS[name])
    still = np.max([sharpness(there_and_back((), base)) for base in (first, second)], axis=0)
    assert np.all(sharpness(there_and_back((second,), first)) < [1.06, 1.6] * still)


def test_clipping_in_place_of_the_limiter_keeps_the_ceiling():
    """No sample is beyond the ceiling of the output while the kind of the stage changes, there and back."""
    clipping = replace(HELD, output=LimiterSettings(ceiling_dbfs=-40, mode="clip"))
    assert np.abs(there_and_back((clipping,), HELD)).max() <= 10 ** (-40 / 20)


def test_settings_told_again_and_again_arrive_in_time():
    """A caller that sends the same settings with every block meets the 20 ms that a change takes."""
    idle = CompressorSettings(enabled=False)
    settings = replace(FREE, cutoffs_hz=(), bands=(BandSettings(compressor=idle),))
    processor = MultibandDynamics(settings)
    for _ in range(10):
        processor.update(replace(settings, output_gain_db=-40.0))
        y = processor.process(np.full(480, 0.01, np.float32))
    assert y[-1] == pytest.approx(1e-4, rel=1e-5)
