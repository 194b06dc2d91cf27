"""What the disk refuses is one line on every command line, whichever command met it."""

import errno
from importlib import import_module

import pytest

COMMANDS = {
    "mlpnas": {
        "search": ["t.csv", "--target", "y"],
        "resume": ["run"],
        "predict": ["run", "t.csv"],
        "report": ["run", "--html"],
        "compare": ["run"],
        "evaluate": ["run"],
    },
    "cnnnas": {
        "search": ["mnist"],
        "resume": ["run"],
        "predict": ["run", "t.npz"],
        "report": ["run", "--html"],
        "evaluate": ["run"],
    },
    "rnncell": {
        "search": ["t.txt"],
        "resume": ["run"],
        "predict": ["run", "t.txt"],
        "report": ["run", "--html"],
        "evaluate": ["run"],
    },
}

OWN = ("predict", "compare", "evaluate")  # in a module of the package's


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (errno.ENOSPC, "No space left on device"),
        (errno.EROFS, "Read-only file system"),
        (errno.EACCES, "Permission denied"),
        (errno.ENOENT, "No such file or directory"),
        (errno.EDQUOT, "Disk quota exceeded"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize(
    ("package", "command"), [(p, c) for p, commands in COMMANDS.items() for c in commands]
)
def test_what_the_disk_refuses_is_one_line(package, command, error, name, monkeypatch, capsys):
    def refused(*arguments, **options):
        raise OSError(error, name, "where it was")

    home = f"{package}.commands.{command}" if command in OWN else "mlpnas.core.commands.program"
    monkeypatch.setattr(import_module(home), command, refused)
    main = import_module(f"{package}.__main__").main
    with pytest.raises(SystemExit) as exit_:
        main([command, *COMMANDS[package][command]])
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith(f"{package}: {name}: where it was; expected")


def test_every_command_was_tried():
    for package, commands in COMMANDS.items():
        app = import_module(f"{package}.__main__").app
        assert {c.name or c.callback.__name__ for c in app.registered_commands} == {*commands}
