"""The picture of a multiband processor at work: bands, curves, gain, sound. Needs matplotlib."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bandwise.dynamics.compressor import static_curve
from bandwise.dynamics.multiband import MultibandDynamics
from bandwise.dynamics.store import load_settings
from bandwise.measure.figures import new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP_MS = 10.0


def reduction_over_time(
    processor: MultibandDynamics, x: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest reduction in dB in every 10 ms of x: (steps, bands) of the bands, (steps,) of the output."""
    size = round(STEP_MS * processor.sample_rate / 1000.0)
    processor.reset()
    bands, output = [], []
    for start in range(0, len(x) - size + 1, size):
        processor.process(x[start : start + size])
        bands.append(processor.gain_reduction_db["bands"])
        output.append(processor.gain_reduction_db["output"])
    return np.array(bands), np.array(output)


def draw_dynamics(
    settings: Any, before: NDArray[Any], after: NDArray[Any], sample_rate: int, path: str | Path
) -> None:
    """Draw responses, static curves, gain reduction over time and both waveforms as a PNG.

    Args:
        settings: whatever `MultibandDynamics` takes.
        before: (frames,) in [-1, 1], one channel.
        after: (frames,) what the processor made of it, aligned.
        sample_rate: of both, in Hz.
        path: of the picture.
    """
    processor = MultibandDynamics(load_settings(settings, sample_rate).mono(), sample_rate)
    figure = new_figure(11, 8)
    parts: Any = figure.subfigures(3, 1, height_ratios=(1.2, 1, 1))
    top, middle, bottom = parts
    responses, curves = top.subplots(1, 2, width_ratios=(2, 1))
    draw_responses(responses, processor)
    draw_curves(curves, processor)
    draw_reduction(middle.subplots(), processor, before)
    draw_waveforms(bottom.subplots(), before, after, sample_rate)
    figure.savefig(path, format="png")


def draw_responses(axes: "Axes", processor: MultibandDynamics) -> None:
    """Magnitude of every band and, black, of their sum."""
    hz = np.geomspace(20.0, 0.49 * processor.sample_rate, 500)
    bands = processor.band_responses(hz)
    for index, band in enumerate(bands):
        axes.semilogx(hz, _db(band), color=f"C{index}", label=f"band {index + 1}")
    axes.semilogx(hz, _db(bands.sum(axis=0)), color="black", linewidth=1.5, label="sum")
    axes.set(title="bands and their sum", xlabel="Hz", ylabel="dB", ylim=(-48, 6))
    axes.grid(visible=True, alpha=0.3)
    axes.legend(fontsize="small")


def draw_curves(axes: "Axes", processor: MultibandDynamics) -> None:
    """Output level over input level of every band's compressor; level where its limiter holds."""
    levels = np.linspace(-80.0, 0.0, 321)
    for index, band in enumerate(processor.settings.bands):
        out = levels if band.bypass else static_curve(band.compressor, levels + band.gain_db)
        if band.limiter.enabled and not band.bypass:
            out = np.minimum(out, band.limiter.ceiling_dbfs)
        axes.plot(levels, out, color=f"C{index}")
    axes.plot(levels, levels, color="grey", linestyle=":")
    axes.set(title="static curves", xlabel="dB in", ylabel="dB out", ylim=(-80, 5))
    axes.grid(visible=True, alpha=0.3)


def draw_reduction(axes: "Axes", processor: MultibandDynamics, x: NDArray[Any]) -> None:
    """Gain reduction over time, per band and, black, of the output."""
    bands, output = reduction_over_time(processor, x)
    seconds = np.arange(len(output)) * STEP_MS / 1000.0
    for index in range(bands.shape[1] if bands.ndim == 2 else 0):
        axes.plot(seconds, -bands[:, index], color=f"C{index}", linewidth=0.8)
    axes.plot(seconds, -output, color="black", linewidth=0.8)
    axes.set(title="gain", ylabel="dB", xlim=(0, len(x) / processor.sample_rate))
    axes.grid(visible=True, alpha=0.3)


def draw_waveforms(axes: "Axes", before: NDArray[Any], after: NDArray[Any], sample_rate: int) -> None:
    """The signal before, grey, and after."""
    seconds = np.arange(len(before)) / sample_rate
    axes.plot(seconds, before, color="0.7", linewidth=0.4, label="before")
    axes.plot(
        seconds[: len(after)], after[: len(seconds)], color="C0", linewidth=0.4, alpha=0.8, label="after"
    )
    axes.set(xlabel="s", xlim=(0, len(before) / sample_rate), ylim=(-1.05, 1.05))
    axes.legend(fontsize="small", loc="upper right")


def _db(response: NDArray[np.complex128]) -> NDArray[np.float64]:
    return np.asarray(20.0 * np.log10(np.maximum(np.abs(response), 1e-9)))
