"""The examples in docstrings run and give what they show; every public name has one."""

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import members
import pytest
from finished import image_run, text_run

import cnnnas
import mlpnas
import rnncell
from mlpnas.__main__ import main

ROOT = members.ROOT
PUBLIC = [
    *(getattr(mlpnas, name) for name in mlpnas.__all__),
    cnnnas.load,
    rnncell.load,
    rnncell.load_model,
]
# Fit, or compile a controller.
SLOW = {
    "mlpnas.estimator.estimator", "mlpnas.final.delivered", "mlpnas.trainer.mlp_trainer",
    "mlpnas.core.trainer.keras_trainer", "mlpnas.core.strategies.controller.reinforce",
    "mlpnas.core.strategies.controller.learner", "mlpnas.core.strategies.controller.ppo",
    "mlpnas.core.strategies.controller.on_policy", "mlpnas.final.retrain",
    "cnnnas.published",
}  # fmt: skip


def names() -> list[str]:
    """Modules in whose docstrings there are examples."""
    paths = [p for name in members.PACKAGES for p in sorted((ROOT / name).rglob("*.py"))]
    shown = [path.relative_to(ROOT) for path in paths if ">>> " in path.read_text()]
    parts = [path.with_suffix("").parts for path in shown]
    return [".".join(part for part in p if part != "__init__") for p in parts]


def wine_run(at: Path) -> None:
    options = ["--target", "cultivar", "--trials", "2", "--epochs", "2", "--ensemble", "0"]
    with pytest.raises(SystemExit) as ended:
        main(["search", str(ROOT / "data" / "wine.csv"), *options, "--run", str(at)])
    assert not ended.value.code


# The runs that examples speak of, and what makes them.
RUNS = {
    "mlpnas.final.delivered": ("wine-0", wine_run),
    "cnnnas": ("flowers-0", image_run),
    "cnnnas.final.delivered": ("flowers-0", image_run),
    "rnncell": ("my-text-0", text_run),
    "rnncell.final.delivered": ("my-text-0", text_run),
}


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in names()]
)
def test_the_examples_of_a_module_give_what_they_show(name, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").symlink_to(ROOT / "data")
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path)
    if name in RUNS:
        run, make = RUNS[name]
        make(tmp_path / "runs" / run)
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert result.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_a_public_name_has_an_example_that_is_executed(public):
    [found] = doctest.DocTestFinder(recurse=False).find(public, public.__name__)
    assert found.examples
    assert not any(doctest.SKIP in example.options for example in found.examples)
    assert inspect.getmodule(public).__name__ in names()
