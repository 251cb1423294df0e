"""Random changes on random programme: never a click, never above the ceiling, never NaN.

`python tests/dynamics/test_stress.py 600` runs ten minutes of it and prints what it found.
"""

import sys

import numpy as np

from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.settings import BandSettings, CompressorSettings, LimiterSettings, MultibandSettings

RATE = 48_000
CLICK_STEP = (
    3.0  # times the largest step of the input: 2 for the greatest gain below, the rest for moving phases
)


def random_settings(rng):
    """Settings drawn from everything that may change while sound plays; gains of at most 6 dB."""
    number = lambda low, high: float(rng.uniform(low, high))  # noqa: E731
    chance = lambda p: bool(rng.random() < p)  # noqa: E731
    count = int(rng.integers(0, 8))
    cutoffs = np.cumprod([number(40, 200), *rng.uniform(1.3, 3.0, 14)])[:count]
    cutoffs = tuple(float(hz) for hz in cutoffs if hz < 20_000)
    bands = tuple(
        BandSettings(
            gain_db=number(-6, 0),
            mute=chance(0.1),
            bypass=chance(0.1),
            solo=chance(0.02),
            compressor=CompressorSettings(
                enabled=chance(0.8), detector=str(rng.choice(["peak", "rms"])), threshold_db=number(-50, 0),
                ratio=number(1, 20), knee_db=number(0, 20), attack_ms=number(1, 50),
                release_ms=number(20, 500), makeup_db=number(0, 6),
            ),
            limiter=LimiterSettings(
                enabled=chance(0.8), ceiling_dbfs=number(-30, 0), release_ms=number(20, 300),
            ),
        )
        for _ in range(len(cutoffs) + 1)
    )  # fmt: skip
    output = LimiterSettings(ceiling_dbfs=number(-12, 0), release_ms=number(20, 200))
    return MultibandSettings(cutoffs_hz=cutoffs, bands=bands, output=output, mix=number(0, 1))


def programme(rng, frames):
    """Smooth random programme: 20 partials between 30 Hz and 2 kHz under slow random envelopes."""
    time = np.arange(frames) / RATE
    hz = np.geomspace(30, 2_000, 20) * rng.uniform(0.9, 1.1, 20)
    knots = np.linspace(0, frames, max(4, frames // RATE * 4))
    x = np.zeros(frames)
    for partial in hz:
        envelope = np.interp(np.arange(frames), knots, rng.random(len(knots)) ** 4)
        x += envelope * np.sin(2 * np.pi * partial * time + rng.uniform(0, 6)) / (1 + partial / 200)
    return (0.5 * x / np.abs(x).max() * rng.uniform(0.2, 2.0)).astype(np.float32)


def stress(seconds, seed):
    """Run `seconds` of it; returns (changes, worst step over input step, worst sample over ceiling).

    A ceiling that comes down counts once its ramp and the samples that waited for it have passed.
    """
    rng = np.random.default_rng(seed)
    settings = random_settings(rng)
    processor = MultibandDynamics(settings, RATE)
    grace = processor.latency_samples + RATE // 50
    last, changes, worst_step, worst_peak, now = 0.0, 0, 0.0, 0.0, 0
    ceilings = [(0, 10 ** (settings.output.ceiling_dbfs / 20))]
    fade = np.minimum(1.0, np.minimum(np.arange(RATE), np.arange(RATE)[::-1]) / 2_400).astype(np.float32)
    for _ in range(seconds):
        x = programme(rng, RATE) * fade
        step = np.abs(np.diff(x)).max()
        start = 0
        while start < RATE:
            stop = min(RATE, start + int(rng.integers(1, 12_000)))
            y = processor.process(x[start:stop])
            assert np.isfinite(y).all()
            while len(ceilings) > 1 and ceilings[1][0] < now - grace:
                ceilings.pop(0)
            worst_step = max(worst_step, np.abs(np.diff(y, prepend=last)).max() / step)
            worst_peak = max(worst_peak, np.abs(y).max() / max(ceiling for _, ceiling in ceilings))
            last, now, start = y[-1], now + stop - start, stop
            settings = random_settings(rng)
            processor.update(settings)
            ceilings.append((now, 10 ** (settings.output.ceiling_dbfs / 20)))
            changes += 1
    return changes, worst_step, worst_peak


def test_random_changes_never_click_exceed_or_break():
    """Eight seconds of random changes: steps in proportion, samples under the ceiling, numbers finite."""
    changes, step, peak = stress(8, seed=1)
    assert changes > 50
    assert step < CLICK_STEP
    assert peak <= 1.0 + 1e-7  # float32 holds a ceiling to 6e-8


if __name__ == "__main__":
    found = stress(int(sys.argv[1]), seed=2)
    sys.stdout.write(
        "changes {}, worst step {:.3f} of the input's, worst sample {:.7f} of the ceiling\n".format(*found)
    )
