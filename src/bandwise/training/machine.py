"""What the machine at hand offers to a training run: device, number format, memory."""

# ruff: noqa: SLF001  (torch has no public name for this question)
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import torch

from bandwise.errors import BandwiseError


def choose_device(name: str) -> torch.device:
    """The named device, or CUDA where there is one.

    Raises:
        BandwiseError: for one that is not there.
    """
    if name != "auto":
        try:
            return torch.empty(1, device=name).device
        except (RuntimeError, AssertionError) as error:
            reason = str(error).partition("\n")[0]
            raise BandwiseError(
                f"got device {name!r} ({reason}); cpu, cuda and auto are known; choose one"
            ) from error
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def choose_precision(name: str, device: torch.device) -> torch.dtype:
    """bfloat16 where matrix units make it pay, unless a name other than "auto" is given."""
    if name != "auto":
        return torch.bfloat16 if name == "bfloat16" else torch.float32
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float32
    with suppress(AttributeError):
        return torch.bfloat16 if torch.cpu._is_amx_tile_supported() else torch.float32
    return torch.float32


@contextmanager
def flushed_denormals() -> Iterator[None]:
    """Numbers too small for full precision are zero, in this thread and within the block.

    Gradients fade into them on their way back through time, and there cost the gates four times as much.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def keep_freed_memory() -> None:
    """Tell glibc to keep freed blocks: mapping activations anew at each update costs a fifth of the speed."""
    trim_threshold, mmap_max = -1, -4
    with suppress(OSError, AttributeError, TypeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, 2**31 - 1)
