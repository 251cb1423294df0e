"""`bandwise live`: from the microphone to the headphones, without the noise."""

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bandwise.apps.enhance import make_suppressor
from bandwise.apps.live_meter import Meter
from bandwise.apps.options import AttenuationLimit, Model, Postfilter, refuse
from bandwise.apps.report import note
from bandwise.apps.run_file import ready
from bandwise.audio_io.sound_card import Running, choose, devices, duplex
from bandwise.errors import BandwiseError

if TYPE_CHECKING:
    from bandwise import NoiseSuppressor

BLOCKS_PER_SECOND = 100
"""Of 10 ms each where the rate allows: blocks that wait least."""
TELL_EVERY_S = 0.1
STALLED_S = 5.0
"""Without sound a device has gone, though PortAudio may not say so; some take two seconds to begin."""
LINE_UP = "\x1b[1A"


def live(
    microphone: Annotated[
        str | None, typer.Option("--input", "-i", metavar="DEVICE", help="Number or part of a name.")
    ] = None,
    headphones: Annotated[
        str | None, typer.Option("--output", "-o", metavar="DEVICE", help="Number or part of a name.")
    ] = None,
    list_devices: Annotated[
        bool, typer.Option("--list", help="List the devices, and do nothing else.")
    ] = False,
    model: Model = "base",
    postfilter: Postfilter = False,
    attenuation_limit_db: AttenuationLimit = None,
    rate: Annotated[
        int | None, typer.Option("--rate", metavar="HZ", help="Sample rate (else: the microphone's).")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", min=0.0, help="Stop after so long (else: on Ctrl-C).")
    ] = None,
) -> None:
    """Hear the microphone without its noise.

    bandwise live

    bandwise live --list

    bandwise live --input USB --output Headset

    Wear headphones: from a loudspeaker it would come back into the microphone. Enter lets the noise through,
    and takes it away again. Ctrl-C ends.
    """
    if list_devices:
        reason = " beside --list, which does nothing else; drop it"
        refuse(
            reason, input=microphone, output=headphones, rate=rate is not None, seconds=seconds is not None
        )
        show_devices()
        return
    source, sink = choose(microphone, "input"), choose(headphones, "output")
    sample_rate = source.sample_rate if rate is None else rate
    block = max(1, sample_rate // BLOCKS_PER_SECOND)
    make = partial(
        make_suppressor,
        model=model,
        postfilter=postfilter,
        attenuation_limit_db=attenuation_limit_db,
        block_multiple=block,
    )
    suppressor = ready(make, sample_rate, 1)
    meter = Meter(suppressor, block / sample_rate)
    with duplex(source, sink, sample_rate, block, meter.work) as running:
        listens = switch_on_enter(suppressor, attenuation_limit_db)
        keys = "Enter switches noise suppression off and on, " if listens else ""
        note(f"{source.name} to {sink.name}, {sample_rate} Hz; {keys}Ctrl-C ends")
        wait(meter, running, seconds)
    note(summary(meter, running))


def wait(meter: Meter, running: Running, seconds: float | None) -> None:
    """Until Ctrl-C or for so long; on a terminal levels and load are shown."""
    start = fresh = time.monotonic()
    blocks = 0
    with suppress(KeyboardInterrupt), shown() as show:
        while seconds is None or time.monotonic() - start < seconds:
            time.sleep(TELL_EVERY_S)
            if meter.error is not None:
                raise meter.error
            if meter.blocks > blocks:
                blocks, fresh = meter.blocks, time.monotonic()
            if not running.goes() or time.monotonic() - fresh > STALLED_S:
                raise BandwiseError("got no more sound: a device has gone; see bandwise live --list")
            show(meter.line())


def switch_on_enter(
    suppressor: "NoiseSuppressor", attenuation_limit_db: float | None
) -> threading.Thread | None:
    """On a terminal, every Enter lets the noise through or takes it away again, in a thread of its own."""
    if not (sys.stdin and sys.stdin.isatty()):
        return None

    def listen() -> None:
        through = False
        with suppress(OSError):  # in the background there is nothing to read
            for _ in sys.stdin:
                through = not through
                suppressor.update(attenuation_limit_db=0.0 if through else attenuation_limit_db)
                if sys.stderr.isatty():
                    sys.stderr.write(LINE_UP)  # the terminal has gone on to the next

    if hasattr(signal, "SIGTTIN"):  # a job in the background that reads would be stopped, and sound with it
        signal.signal(signal.SIGTTIN, signal.SIG_IGN)
    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    return thread


@contextmanager
def shown() -> Iterator[Callable[[str], None]]:
    """A line that changes, where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _line: None
        return
    from rich.console import Console
    from rich.live import Live

    with Live(console=Console(stderr=True), transient=True, auto_refresh=False) as display:
        yield lambda line: display.update(line, refresh=True)


def show_devices() -> None:
    """One per line on standard output."""
    for device in devices():
        ways = f"{device.inputs} in, {device.outputs} out"
        print(f"{device.number:3} {device.name}, {device.system}: {ways}, {device.sample_rate} Hz")


def summary(meter: Meter, running: Running) -> str:
    """How long, at what cost, with what losses and how late."""
    own_ms = 1000 * meter.processor.latency_samples / meter.processor.sample_rate
    cost = f"{100 * meter.load:.1f} % of a core, slowest block {1000 * meter.slowest_s:.1f} ms"
    theirs = f"{running.input_ms:.0f} + {running.output_ms:.0f} ms of the devices"
    return f"{meter.seconds:.1f} s, {cost}, {meter.gaps} gaps; {own_ms:.1f} ms late, and {theirs}"
