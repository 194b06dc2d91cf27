"""An option that was given and that nothing would read is refused by name, in one line."""

from dataclasses import replace
from importlib import import_module

import pytest
import typer

from mlpnas.core.commands.command_line import refuse_unread
from mlpnas.core.errors import InputError

GRADIENT = "a differentiable search (--space darts, shared weights)"
SCORES = "searches that learn from scores (darts: with --no-one-shot)"
ALONE = ["--space", "darts", "--no-one-shot"]
REFUSED = [
    # Of another space, or way to search; the default's own value counts as well.
    ("cnnnas", ["--space", "macro", "--variant", "pc"], "--variant", GRADIENT),
    ("cnnnas", ["--variant", "plain"], "--variant", GRADIENT),
    ("cnnnas", ["--space", "micro", "--order", "2"], "--order", GRADIENT),
    ("cnnnas", ["--space", "zoph", "--order", "1"], "--order", GRADIENT),
    ("cnnnas", [*ALONE, "--stop", "skips"], "--stop", GRADIENT),
    ("cnnnas", [*ALONE, "--warm-up", "2"], "--warm-up", GRADIENT),
    ("cnnnas", ["--layer-types", "conv"], "--layer-types", "--space zoph"),
    ("cnnnas", ["--space", "darts", "--strides", "1,2"], "--strides", "--space zoph"),
    ("cnnnas", ["--space", "darts", "--strategy", "reinforce"], "--strategy", SCORES),
    ("cnnnas", ["--space", "darts", "--strategy", "random"], "--strategy", SCORES),
    ("cnnnas", ["--space", "darts", "--per-round", "2"], "--per-round", SCORES),
    ("rnncell", ["--order", "2"], "--order", GRADIENT),
    ("rnncell", ["--space", "enas", "--base", "8"], "--base", "--space zoph"),
    ("rnncell", ["--space", "darts", "--strategy", "reinforce"], "--strategy", SCORES),
    # Of a strategy.
    ("mlpnas", ["--no-predictor"], "--no-predictor", "--strategy reinforce and ppo"),
    ("mlpnas", ["--predictor"], "--predictor", "--strategy reinforce and ppo"),
    ("mlpnas", ["--strategy", "my:Own", "--no-predictor"], "--no-predictor", "--strategy r"),
    (
        "mlpnas",
        ["--strategy", "ppo", "--controller-decay", "0"],
        "--controller-decay",
        "--strategy reinforce",
    ),
    ("mlpnas", ["--scoring", "f1_macro", "--reward", "best"], "--reward", "learning curves"),
]
OF_OTHER_DATA = [
    ("rnncell", "a.npz", ["--unit", "characters"], "--unit", "texts"),
    ("rnncell", "a.npz", ["--vocabulary", "10"], "--vocabulary", "texts"),
    ("rnncell", "a.npz", ["--tokens", "99"], "--tokens", "texts"),
    ("rnncell", "a.npz", ["--exponent", "2"], "--exponent", "texts"),
    ("mlpnas", "a.npz", ["--target", "y"], "--target", "tables with named columns"),
    *(
        ("mlpnas", "a.npz", [option, value], option, "tables with named columns")
        for option, value in [
            ("--drop", "y"),
            ("--categorical", "y"),
            ("--numeric", "y"),
            ("--date", "y"),
            ("--separator", ";"),
            ("--decimal", "auto"),
            ("--dates", "auto"),
            ("--missing", "x"),
            ("--encoding", "utf8"),
        ]
    ),
]
EVERY = [(p, "data", more, option, purpose) for p, more, option, purpose in REFUSED]


@pytest.mark.parametrize(
    ("package", "data", "more", "option", "purpose"), EVERY + OF_OTHER_DATA
)
def test_it_is_refused_with_what_it_is_for(package, data, more, option, purpose, capsys):
    main = import_module(f"{package}.__main__").main
    with pytest.raises(SystemExit) as exit_:
        main(["search", data, *more])
    assert exit_.value.code == 2
    told = capsys.readouterr().err
    assert told.startswith(f"{package}: {option} is for {purpose}")
    assert told.endswith("this search would not read it: leave it out\n")


READ = [
    ("cnnnas", ["--space", "darts", "--variant", "pc", "--order", "2", "--stop", "skips"]),
    ("cnnnas", [*ALONE, "--strategy", "evolution"]),
    ("cnnnas", ["--space", "zoph", "--layer-types", "conv,avg", "--strides", "1,2,3"]),
    ("rnncell", ["--space", "zoph", "--base", "4", "--exponent", "1"]),
    ("rnncell", ["--space", "darts", "--order", "2", "--unit", "characters"]),
    ("mlpnas", ["--strategy", "ppo", "--no-predictor", "--reward", "last"]),
    ("mlpnas", ["--strategy", "reinforce", "--controller-decay", "0.5"]),
]


@pytest.mark.parametrize(("package", "more"), READ)
def test_what_is_read_is_taken(package, more, capsys):
    def open_data(settings, console):
        raise InputError("taken")

    module = import_module(f"{package}.__main__")
    with pytest.raises(SystemExit):
        module.main(["search", "data", *more], replace(module.PROGRAM, open_data=open_data))
    assert capsys.readouterr().err == f"{package}: taken\n"


@pytest.mark.parametrize("environment", [True, False])
def test_what_the_environment_gives_is_given_too(environment, monkeypatch):
    app = typer.Typer()

    @app.command()
    def search(context: typer.Context, depth: int = typer.Option(1, envvar="DEPTH")) -> None:
        refuse_unread(context, {"depth": "deep searches"})

    if environment:
        monkeypatch.setenv("DEPTH", "1")
        with pytest.raises(InputError, match="--depth is for deep searches"):
            app([], standalone_mode=False)
    else:
        app([], standalone_mode=False)
