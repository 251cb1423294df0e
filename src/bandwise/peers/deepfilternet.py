"""DeepFilterNet 3 (Schröter et al., 2023): its three ONNX graphs, with the features of PyPI's deepfilterlib.

Whole recordings: the graphs as published keep no states between calls. 48 kHz, 960 / 480, 32 bands on the ERB
scale, a filter of five frames over the lowest 96 bins, two frames ahead.
"""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bandwise.peers.library import file_version, installed_version
from bandwise.peers.onnx_file import session
from bandwise.peers.peer import Absent, Audio, Peer

HINT = (
    "pip install deepfilterlib, and --peer deepfilternet=FOLDER with enc.onnx, erb_dec.onnx and df_dec.onnx "
    "of DeepFilterNet 3"
)
FILES = ("enc", "erb_dec", "df_dec")
WINDOW_SAMPLES, HOP_SAMPLES, BANDS, LEAST_BINS = 960, 480, 32, 2
FILTERED_BINS, TAPS, AHEAD_FRAMES = 96, 5, 2
FORGETTING = 0.99
"""Of the running means: exp(-hop / 1 s) with the three digits that training used."""

Spectra = NDArray[np.complex64]


def find(path: str = "") -> Peer:
    """The graphs in the folder at `path`."""
    if find_spec("libdf") is None:
        raise Absent(HINT)
    files = [Path(path or "nowhere") / f"{name}.onnx" for name in FILES]
    graphs = [session(file, HINT) for file in files]
    library = f"deepfilterlib {installed_version('deepfilterlib')}"
    version = ", ".join([*map(file_version, files), library])
    return Peer("DeepFilterNet 3", version, 48_000, whole=partial(_enhance, graphs))


def _enhance(graphs: list[Any], x: Audio) -> Audio:
    """float32[n] at 48 kHz -> aligned float32[n]."""
    import libdf

    transform = libdf.DF(48_000, WINDOW_SAMPLES, HOP_SAMPLES, BANDS, LEAST_BINS)
    spectra = transform.analysis(np.pad(x, (0, WINDOW_SAMPLES + AHEAD_FRAMES * HOP_SAMPLES))[None])
    bands = libdf.erb_norm(libdf.erb(spectra, transform.erb_widths()), FORGETTING)
    bins = libdf.unit_norm(spectra[..., :FILTERED_BINS], FORGETTING)
    gains, taps = _decide(graphs, _ahead(bands[0]), _ahead(bins[0]))
    widths = np.asarray(transform.erb_widths(), np.int64)
    masked = spectra[0] * np.repeat(gains, widths, axis=1)
    masked[:, :FILTERED_BINS] = _filtered(spectra[0, :, :FILTERED_BINS], taps)
    made = transform.synthesis(masked[None].astype(np.complex64))
    return np.asarray(made[0, WINDOW_SAMPLES - HOP_SAMPLES :][: len(x)], np.float32)


def _ahead(features: NDArray[Any]) -> NDArray[Any]:
    """Frame t sees frame t + 2; silence follows the last."""
    return np.concatenate([features[AHEAD_FRAMES:], np.zeros_like(features[:AHEAD_FRAMES])])


def _decide(graphs: list[Any], bands: NDArray[Any], bins: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gains (T, 32) of the bands, complex taps (T, 96, 5) of the lowest bins."""
    encode, decode_bands, decode_taps = graphs
    parts = np.stack([bins.real, bins.imag]).astype(np.float32)
    names = [output.name for output in encode.get_outputs()]
    made = encode.run(None, {"feat_erb": bands[None, None].astype(np.float32), "feat_spec": parts[None]})
    known = dict(zip(names, made, strict=True))
    gains = decode_bands.run(["m"], {key: known[key] for key in ("emb", "e3", "e2", "e1", "e0")})[0][0, 0]
    taps = decode_taps.run(["coefs"], {key: known[key] for key in ("emb", "c0")})[0][0]
    pairs = taps.reshape(len(bands), FILTERED_BINS, TAPS, 2)
    return gains, pairs[..., 0] + 1j * pairs[..., 1]


def _filtered(spectra: Spectra, taps: NDArray[Any]) -> NDArray[Any]:
    """sum_k taps[t, f, k] Y[t + k - 2, f]: two frames back, this one, two ahead."""
    past = TAPS - 1 - AHEAD_FRAMES
    padded = np.pad(spectra, ((past, AHEAD_FRAMES), (0, 0)))
    near = np.lib.stride_tricks.sliding_window_view(padded, TAPS, axis=0)
    return np.asarray((near * taps).sum(axis=-1))
