"""`bandwise demo`: the main job on one clip, with what it cost."""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bandwise.apps.report import Outcome

SECONDS = 10.0
SNR_DB = 5.0
VOICE_SEED, NOISE_SEED = 3, 7


def demo(
    noisy: Annotated[
        Path | None, typer.Argument(metavar="NOISY", help="A recording of yours; without it a clip is made.")
    ] = None,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where the results go.")
    ] = Path("demo-output"),
    model: Annotated[
        str, typer.Option(metavar="NAME", help="A shipped network, or the path of an .onnx file.")
    ] = "base",
) -> None:
    """Enhance one clip; write it and a picture of before and after; print cost and latency.

    Without a recording the clip is made here: a synthesised voice beside a fan and mains hum.
    """
    from bandwise.apps import enhance
    from bandwise.apps.jobs import Job
    from bandwise.apps.run_file import excerpt, run_job
    from bandwise.apps.run_options import RunOptions
    from bandwise.audio_io import PIPE
    from bandwise.errors import BandwiseError
    from bandwise.measure.figures import require_matplotlib
    from bandwise.measure.plots import before_and_after

    require_matplotlib("demo")
    if str(noisy) == PIPE:
        raise BandwiseError("got - as the recording, which is read twice; a file is needed; give its name")
    output.mkdir(parents=True, exist_ok=True)
    source = str(noisy or _write_clip(output / "demo-noisy.wav"))
    target, picture = str(output / "demo-enhanced.wav"), output / "demo-before-after.png"
    if os.path.realpath(source) == os.path.realpath(target):
        raise BandwiseError(f"{source} would become its own output; it stays as it is; choose another -o")
    make = partial(enhance.make_suppressor, model=model)
    outcome = run_job(Job(source, target), make, RunOptions(), Path(source).name)
    if outcome.error:
        raise BandwiseError(outcome.error)
    before_and_after(excerpt(source), excerpt(target), outcome.sample_rate, picture)
    latencies_ms = [make(48_000, 1, block_multiple=blocks).latency_samples / 48 for blocks in (480, 1)]
    print(report(outcome, picture, latencies_ms))


def report(outcome: "Outcome", picture: Path, latencies_ms: Sequence[float]) -> str:
    """What was made, what it cost and how late it is, a line each."""
    load, speed = 100 * outcome.cpu_load, 1 / max(outcome.real_time_factor, 1e-9)
    tight, anyhow = latencies_ms
    took = f"{outcome.elapsed_seconds:.1f} s, {speed:.0f} x real time"
    channels = "1 channel" if outcome.channels == 1 else f"{outcome.channels} channels"
    lines = {
        "before": f"{outcome.input} ({outcome.seconds:.1f} s, {outcome.sample_rate} Hz, {channels})",
        "after": outcome.output,
        "picture": str(picture),
        "cost": f"{load:.1f} % of one core in real time; this run took {took}",
        "latency": f"{tight:.1f} ms in blocks of 10 ms, {anyhow:.1f} ms in blocks of any size, at 48 kHz",
    }
    return "\n".join(f"{name:<8} {value}" for name, value in lines.items())


def _write_clip(path: Path) -> Path:
    import soundfile

    from bandwise.atomic_file import atomic

    with atomic(path) as temporary:
        soundfile.write(temporary, make_clip(), 48_000, subtype="PCM_16")
    return path


def make_clip(seconds: float = SECONDS) -> "NDArray[np.float32]":
    """A voice of known formants beside a fan and mains hum, the same on every machine: float32 at 48 kHz."""
    import numpy as np

    from bandwise.measure.voices import synthesise
    from bandwise.training.synthetic_noise import fan, hum

    voice = synthesise(VOICE_SEED, seconds)[0]
    random = np.random.default_rng(NOISE_SEED)
    noise = sum(part / np.std(part) for part in (fan(random, len(voice)), 0.3 * hum(random, len(voice))))
    level = np.std(voice) / np.std(noise) * 10 ** (-SNR_DB / 20)
    mixture: NDArray[np.float32] = (voice + level * noise).astype(np.float32)
    return mixture / max(1.0, float(np.max(np.abs(mixture))) / 0.9)
