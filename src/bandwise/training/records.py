"""One example as it lies in a shard, in half precision, and batches of such, in single."""

import numpy as np
from numpy.typing import NDArray

from bandwise.errors import BandwiseError
from bandwise.kernels import kernel
from bandwise.suppress.features import SIZE as FEATURES
from bandwise.suppress.features import TARGETS_SIZE as TARGETS
from bandwise.suppress.places import LOW_BINS
from bandwise.suppress.stft import HOP_SAMPLES, SCALE, WINDOW_SAMPLES, Array, Spectrum, analyse
from bandwise.training.sources import Batch, LowSpectra

SILENCE = 1e-6  # scale of digital silence, so that nothing is divided by zero

Record = np.void
Shard = NDArray[np.void]


def record_type(frames: int, *, spectra: bool = False) -> np.dtype[np.void]:
    """One example of `frames` frames in a shard; with spectra of the low bins it is four times as large."""
    fields: list[tuple[str, type] | tuple[str, type, tuple[int, ...]]] = [
        ("features", np.float16, (frames, FEATURES)),
        ("targets", np.float16, (frames, TARGETS)),
        ("bands_valid", np.uint8),
    ]
    if spectra:
        fields += [(name, np.float16, (frames, LOW_BINS, 2)) for name in ("noisy", "clean")]
        fields += [("scale", np.float32)]
    return np.dtype(fields)


def frames_in(shard: Shard) -> int:
    """Length of its examples."""
    return int(shard.dtype["features"].shape[0])


def has_spectra(shard: Shard) -> bool:
    """Whether its examples hold those of the low bins."""
    return "scale" in (shard.dtype.names or ())


def put_spectra(record: Record, clean: Array, noisy: Array) -> None:
    """Enter the spectra of both signals in a record that has room for them."""
    wanted, heard = low_spectra(clean), low_spectra(noisy)
    scale = max(float(np.sqrt(np.mean(np.abs(heard) ** 2))), SILENCE)
    for name, spectra in (("noisy", heard), ("clean", wanted)):
        record[name] = spectra.view(np.float32).reshape(*spectra.shape, 2) / scale
    record["scale"] = scale


def low_spectra(signal: Array) -> Spectrum:
    """Bare spectra of the low bins: float32 (n,) -> complex64 (n // 480, 100).

    Frame l covers samples 480 l to 480 l + 960; behind the end is silence.
    """
    frames = len(signal) // HOP_SAMPLES
    padded = np.zeros((frames + 1) * HOP_SAMPLES, np.float32)
    padded[: len(signal)] = signal
    out = np.empty((frames, LOW_BINS), np.complex64)
    _analyse_all(padded, out)
    return out


@kernel
def _analyse_all(padded: Array, out: Spectrum) -> None:
    for l in range(out.shape[0]):
        start = l * HOP_SAMPLES
        out[l] = analyse(padded[start : start + WINDOW_SAMPLES])[:LOW_BINS] / SCALE


def is_finite(shard: Shard) -> bool:
    """Whether no number was too large for half precision."""
    return all(np.isfinite(shard[name]).all() for name in shard.dtype.names or ())


def latest_start(shard: Shard, frames: int) -> int:
    """The latest start of a sequence of `frames` frames."""
    latest = frames_in(shard) - frames
    if latest < 0:
        raise BandwiseError(
            f"got sequences of {frames} frames; these shards hold at most {frames_in(shard)}; ask for fewer"
        )
    return latest


def empty_batch(sequences: int, frames: int, *, spectra: bool) -> Batch:
    """Room for `sequences`."""
    low = None
    if spectra:
        noisy, clean = (np.empty((sequences, frames, LOW_BINS, 2), np.float32) for _ in range(2))
        low = LowSpectra(noisy, clean, np.empty(sequences, np.float32))
    return Batch(
        np.empty((sequences, frames, FEATURES), np.float32),
        np.empty((sequences, frames, TARGETS), np.float32),
        np.empty(sequences, np.int64),
        low,
    )


def copy_sequence(record: Record, start: int, batch: Batch, row: int) -> None:
    """Fill a row of a batch with the frames of a record from `start` on."""
    span = slice(start, start + batch.features.shape[1])
    batch.features[row] = record["features"][span]
    batch.targets[row] = record["targets"][span]
    batch.bands_valid[row] = record["bands_valid"]
    if batch.spectra is not None:
        batch.spectra.noisy[row] = record["noisy"][span]
        batch.spectra.clean[row] = record["clean"][span]
        batch.spectra.scale[row] = record["scale"]
