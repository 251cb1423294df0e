"""Audio in and out of files and pipes, block by block, in constant memory."""

from bandwise.audio_io.pipes import RAW_FORMATS, PcmFormat
from bandwise.audio_io.sinks import Sink, open_sink, output_format
from bandwise.audio_io.sources import PIPE, Source, open_source
from bandwise.audio_io.whole import read_whole

__all__ = [
    "PIPE",
    "RAW_FORMATS",
    "PcmFormat",
    "Sink",
    "Source",
    "open_sink",
    "open_source",
    "output_format",
    "read_whole",
]
