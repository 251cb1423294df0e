"""`bandwise`: one command, a sub-command per job, each imported only when it is called."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from inspect import getdoc
from io import TextIOWrapper
from math import isfinite
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from bandwise import __version__
from bandwise.apps.report import tell_error
from bandwise.errors import BandwiseError, in_words
from bandwise.interrupts import end_when_told
from bandwise.leftovers import send_nowhere
from bandwise.one_line import tell_warnings_in_one_line

COMMANDS = {
    "enhance": "Remove noise from files, folders or a pipe.",
    "live": "Hear the microphone without its noise.",
    "dynamics": "Compress and limit band by band.",
    "demo": "Show what enhance does, on a clip made here or yours.",
    "measure": "Measure loudness, peaks, bass and distortion.",
    "evaluate": "Measure quality against clean references.",
    "oracle": "Show what each stage could reach at best.",
    "train": "Train a network.",
    "export": "Turn a trained network into one that runs.",
    "lab": "Measure a simulated device, amplifier to wake word.",
    "tune": "Fit a preset to a loudspeaker.",
    "bench": "Time both halves beside their peers.",
}
"""What each does, for the overview: the function of that name in the module of that name."""
EXTRAS = {
    "live": "live",
    "demo": "demo",
    "evaluate": "eval",
    "train": "train",
    "export": "train",
    "lab": "lab",
    "tune": "lab",
    "bench": "eval",
}
"""What brings the packages that a sub-command needs."""
_HELP = {"help_option_names": ["-h", "--help"]}
_SIGPIPE_STATUS, _INTERRUPT_STATUS = 141, 130


class LazyGroup(TyperGroup):
    """Lists sub-commands from the table above; imports the one that is called."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        """Return their names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Return a stand-in that is enough for the overview."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name]) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the real sub-command and the arguments left for it."""
        if "" in args:  # as the name of a file it would stand for the current folder
            raise BandwiseError(
                "got an empty argument; a name or a value is needed; drop it, or set the variable behind it"
            )
        if args and args[0] in COMMANDS:
            return args[0], load(args[0]), args[1:]
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run, and tell a user's mistake in one line."""
        with told_in_one_line():
            try:
                return super().invoke(ctx)
            except ModuleNotFoundError as error:
                raise _missing(error, ctx.invoked_subcommand or "") from error


def load(name: str) -> Any:
    """Import a sub-command and make a command of its function."""
    app = typer.Typer(context_settings=_HELP, pretty_exceptions_enable=False, add_completion=False)
    work = getattr(import_module(f"bandwise.apps.{name}"), name)
    app.command(name, help=_reflowed(getdoc(work) or ""))(work)
    command: Any = typer.main.get_command(app)
    for option in command.params:
        option.callback = option.callback or _finite
    return command


def _reflowed(text: str) -> str:
    """Paragraphs as one line each, to be broken where the terminal ends and not where the source did."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _finite(ctx: Any, param: Any, value: Any) -> Any:
    """Refuse NaN and infinities, which no range keeps out."""
    if isinstance(value, float) and not isfinite(value):
        raise typer.BadParameter(f"{value} is not a number that can be used.", ctx, param)
    return value


def _missing(error: ModuleNotFoundError, name: str) -> Exception:
    """What to install where a package that a sub-command needs is not here; else the error itself."""
    package = (error.name or "").partition(".")[0]
    if name not in EXTRAS or package in {"", "bandwise"}:
        return error
    return BandwiseError(
        f"got no package {package}, which bandwise {name} needs; pip install 'bandwise[{EXTRAS[name]}]'"
    )


@contextmanager
def told_in_one_line() -> Iterator[None]:
    """End with status 2 and one line for what a user can mend, 130 on Ctrl-C, quietly on a broken pipe."""
    try:
        yield
    except BrokenPipeError:
        send_nowhere(sys.stdout)
        sys.exit(_SIGPIPE_STATUS)
    except (BandwiseError, OSError) as error:
        tell_error(in_words(error))
        _let_go_of_leftovers()
        sys.exit(2)
    except KeyboardInterrupt:
        tell_error("interrupted; nothing was left half-written")
        sys.exit(_INTERRUPT_STATUS)


def _let_go_of_leftovers() -> None:
    """If it is standard output that cannot be written to, it is told by now."""
    try:
        _finish_output()
    except OSError:
        send_nowhere(sys.stdout)


def _finish_output() -> None:
    """Write what waits; at exit it would be too late to tell that a disk is full."""
    if sys.stdout:  # there is none where the caller has closed it
        sys.stdout.flush()


def _prepare_streams() -> None:
    """Without standard error, as daemons have it, errors go nowhere; names of files need not be text."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - open to the end
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    tell_warnings_in_one_line()


app = typer.Typer(
    cls=LazyGroup,
    context_settings=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)


def _tell_version(wanted: bool) -> None:
    if wanted:
        print(f"bandwise {__version__}")
        raise typer.Exit


@app.callback()
def overview(
    version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Clean speech for the microphone, steady sound for the loudspeaker, band by band."""


def main() -> None:
    """Run the command line."""
    _prepare_streams()
    end_when_told()
    with told_in_one_line():
        try:
            app(prog_name="bandwise")
        finally:
            _finish_output()
