"""Parts from outside the package, named as `package.module:Class` on a command line.

Naming a part imports its module, as `python -m` would. So a run's record is resolved only to
the parts that its reader could have named himself: modules of the installed environment, or
beside the working directory.
"""

import importlib
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mlpnas.core.errors import InputError


def check_name(name: str, known: Iterable[str], option: str, own: str) -> None:
    """Raise InputError unless it is a known name, or the form of one from outside.

    Args:
        option: what the user calls it.
        own: what else it may be, as the end of a sentence.
    """
    names = list(known)
    if name in names or ":" in name:
        return
    close = get_close_matches(name, names, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise InputError(
        f"{option} is {name!r}; {hint}expected one of {', '.join(names)}, or {own}"
    )


def load_class(name: str, role: Any) -> Any:
    """Import the class of a name such as `package.module:Class`.

    Args:
        name: dotted path of the module, a colon, and the name of the class.
        role: what the class has to be a subclass of.

    Raises:
        InputError: if it cannot be imported, or plays another role.
    """
    found = load(name)
    if isinstance(found, type) and issubclass(found, role):
        return found
    raise InputError(
        f"{name!r} is {found!r}; expected a subclass of {role.__module__}.{role.__qualname__}"
    )


def later(name: str) -> Callable[..., Any]:
    """What calls the function of a name such as `package.module:function`, which is imported
    when it is called: for tables whose entries take seconds to import."""

    def call(*given: Any, **named: Any) -> Any:
        return imported(name)(*given, **named)

    return call


def imported(name: str) -> Any:
    """What a name such as `package.module:attribute` of ours stands for; None if its module has
    no such attribute. A module that fails to import is our fault, and raises what it raises."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute, None)


def load(name: str) -> Any:
    """Import what a name such as `package.module:attribute` stands for; None if its module
    has no such attribute.

    Raises:
        InputError: if the module cannot be imported.
    """
    if (here := str(Path.cwd())) not in sys.path:
        sys.path.append(here)  # where a console script does not look
    try:
        return imported(name)
    except (ImportError, ValueError) as error:
        raise InputError(
            f"{name!r} cannot be imported ({error}); expected package.module:NAME, with the "
            "package installed or in the working directory"
        ) from None
