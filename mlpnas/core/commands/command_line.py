"""What all command lines share: durations, mistakes told in one line, Ctrl-C."""

import logging
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from mlpnas.core.errors import InputError
from mlpnas.core.run.clock import Clock
from mlpnas.core.run.files import explain
from mlpnas.core.run.folder import versions

log = logging.getLogger(__name__)

T = TypeVar("T")

# Where a parameter's value comes from if the user has not given it.
_UNGIVEN = ("DEFAULT", "DEFAULT_MAP")

# Typer re-exports this one class of a misused command line; its parent covers them all.
_UsageError: Any = typer.BadParameter.__mro__[1]


def run_app(
    app: typer.Typer, program: str, arguments: list[str] | None = None, given: Any = None
) -> None:
    """Run a command line; a user's mistake, or what the disk refuses, is told in one line, with
    exit status 2.

    Args:
        app: its commands.
        program: its name.
        arguments: instead of the process's own.
        given: what the commands find as their context's `obj`.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        sys.exit(
            app(args=words or ["--help"], prog_name=program, standalone_mode=False, obj=given)
        )
    except InputError as error:
        message = str(error)
    except _UsageError as error:
        message = f"{error.format_message()} See {program} --help."
    except OSError as error:  # a broken pipe has ended the program before, without a word
        log.debug("what the system refused", exc_info=error)
        message = (
            f"{explain(error)}; expected a place that can be read and written: make room, give "
            "permission, or name another"
        )
    print(f"{program}:", " ".join(message.split()), file=sys.stderr)
    sys.exit(2)


def seconds(text: str | None, option: str = "--time-limit") -> float | None:
    """Seconds of `90`, `90s`, `10m` or `2h`; None for None.

    Raises:
        InputError: naming the option, for anything else.
    """
    if text is None:
        return None
    units = {"s": 1, "m": 60, "h": 3600}
    number, unit = (text[:-1], text[-1]) if text[-1:] in units else (text, "s")
    try:
        value = float(number) * units[unit]
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise InputError(f"{option} is {text!r}; expected such as 90s, 10m or 2h")
    return value


def listed(text: str, kind: Callable[[str], T], option: str) -> tuple[T, ...]:
    """The values of a list with commas, such as `16,64`; none of an empty text.

    Args:
        kind: reads one of them; raises ValueError where it cannot.

    Raises:
        InputError: naming the option and the part that cannot be read.
    """
    values = []
    for part in filter(None, map(str.strip, text.split(","))):
        try:
            values.append(kind(part))
        except ValueError:
            raise InputError(
                f"{option} has {part!r}; expected {kind.__name__} values with commas between"
            ) from None
    return tuple(values)


def refuse_unread(context: typer.Context, unread: Mapping[str, str]) -> None:
    """Raise InputError for an option that was given although nothing would read it.

    Whether it was given is asked of the command line; its value may be the default.

    Args:
        context: of the command.
        unread: parameters that this search does not read -> what each of them is for.
    """
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in unread and source is not None and source.name not in _UNGIVEN:
            off = context.params[name] is False and parameter.secondary_opts
            option = (parameter.secondary_opts if off else parameter.opts)[0]
            raise InputError(
                f"{option} is for {unread[name]}; this search would not read it: leave it out"
            )


def print_notes(notes: Iterable[str], console: Console) -> None:
    """What was found in the data; warnings stand out."""
    for note in notes:
        style = "yellow" if note.startswith("Warning") else None
        console.print(escape(note), style=style, soft_wrap=True)


def warn_of_versions(then: dict[str, str], console: Console) -> None:
    """Say which packages are other ones: the trials to come may then differ in the last bit."""
    now = versions()
    changed = [f"{n} {then[n]}, now {now[n]}" for n in now if n in then and then[n] != now[n]]
    if changed:
        console.print(
            f"Warning: the run began with {'; '.join(changed)}. It goes on, but may differ "
            "from an uninterrupted one.",
            style="yellow",
            soft_wrap=True,
        )


def stop_on_interrupt(clock: Clock, console: Console) -> Callable[[], Any]:
    """Ctrl-C ends the search after the trials under way; a second one ends the program.

    Returns:
        What puts the former handler back.
    """

    def note(signum: int, frame: object) -> None:
        clock.interrupted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        console.print("stopping after this trial; press Ctrl-C again to stop at once")

    before = signal.signal(signal.SIGINT, note)
    return lambda: signal.signal(signal.SIGINT, before)


def interrupted_after(trials: int, program: str, path: Any, console: Console) -> typer.Exit:
    """Say how an interrupted search goes on; returns what to raise, with exit status 130."""
    console.print(
        f"Interrupted after {trials} trials; they are in {path}. To go on: "
        f"{program} resume {path}",
        soft_wrap=True,
    )
    return typer.Exit(130)
