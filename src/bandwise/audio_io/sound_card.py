"""Sound cards: which there are, and sound in and out at the same time (PortAudio, through sounddevice)."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal, NamedTuple

from numpy.typing import NDArray

from bandwise.errors import BandwiseError

Direction = Literal["input", "output"]
Work = Callable[[NDArray[Any], bool], NDArray[Any]]
"""(block (frames,) float32, whether sound was lost before it) -> what to play, as long."""


class Device(NamedTuple):
    """One that PortAudio knows, by the system that drives it; `inputs` and `outputs` are channels."""

    number: int
    name: str
    system: str
    inputs: int
    outputs: int
    sample_rate: int


class Running(NamedTuple):
    """Sound that passes: what the devices say they hold back, in ms, and whether they still go."""

    input_ms: float
    output_ms: float
    goes: Callable[[], bool]


def devices() -> list[Device]:
    """All devices, in PortAudio's order.

    Raises:
        BandwiseError: without PortAudio, or where there is none.
    """
    portaudio = _portaudio()
    found = [_device(portaudio, each) for each in portaudio.query_devices()]
    if not found:
        raise BandwiseError("got no sound devices; plug one in, or start the sound server")
    return found


def choose(wanted: str | None, direction: Direction) -> Device:
    """Find a device by its number or a part of its name; None: the system's own choice.

    Raises:
        BandwiseError: where none or several fit, or the one that does has no channel in this direction.
    """
    portaudio = _portaudio()
    name = int(wanted) if wanted is not None and wanted.isdecimal() else wanted
    try:
        return _device(portaudio, portaudio.query_devices(name, direction))
    except (ValueError, portaudio.PortAudioError) as error:
        what = f"--{direction} {wanted}" if wanted is not None else f"no {direction} device of the system"
        raise BandwiseError(f"got {what}: {error}; bandwise live --list shows what there is") from error


@contextmanager
def duplex(
    microphone: Device, headphones: Device, sample_rate: int, block_samples: int, work: Work
) -> Iterator[Running]:
    """Pass what the microphone hears through `work` to the headphones, block by block, while the body runs.

    One channel in, and up to two alike out.  `work` runs on the card's own thread and must be quick.

    Raises:
        BandwiseError: where the devices cannot work together, or at this rate.
    """
    portaudio = _portaudio()

    def call(heard: NDArray[Any], played: NDArray[Any], _frames: int, _time: Any, lost: Any) -> None:
        played[:] = work(heard[:, 0], bool(lost))[:, None]

    def goes() -> bool:
        try:
            return bool(stream.active)
        except portaudio.PortAudioError:
            return False

    with ExitStack() as afterwards:
        try:
            stream = portaudio.Stream(
                samplerate=sample_rate,
                blocksize=block_samples,
                device=(microphone.number, headphones.number),
                channels=(1, min(2, headphones.outputs)),
                dtype="float32",
                latency="low",
                callback=call,
            )
            afterwards.callback(stream.close)
            afterwards.callback(stream.abort)  # stopping would wait for a card that may have gone
            stream.start()
        except portaudio.PortAudioError as error:
            raise BandwiseError(
                f"got {microphone.name} and {headphones.name} at {sample_rate} Hz, which PortAudio refuses: "
                f"{error}; choose others, or another --rate"
            ) from error
        input_ms, output_ms = (1000 * seconds for seconds in stream.latency)
        yield Running(input_ms, output_ms, goes)


def _device(portaudio: Any, found: Any) -> Device:
    return Device(
        found["index"],
        found["name"],
        portaudio.query_hostapis(found["hostapi"])["name"],
        found["max_input_channels"],
        found["max_output_channels"],
        round(found["default_samplerate"]),
    )


def _portaudio() -> Any:
    try:
        import sounddevice
    except ImportError:
        raise
    except Exception as error:  # OSError where the library is missing, its own where it finds no system
        raise BandwiseError(
            f"got {error}; sound cards need PortAudio; install it (Debian: apt install libportaudio2), "
            "or use a pipe: arecord -f S16_LE -r 48000 | bandwise enhance - | aplay"
        ) from error
    return sounddevice
