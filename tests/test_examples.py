"""The examples in docstrings run and give what they show; every public name has one."""

import doctest
import inspect
from importlib import import_module
from pathlib import Path

import members
import pytest

import mlpnas
import rnncell
from mlpnas.__main__ import main

ROOT = members.ROOT
PUBLIC = [*(getattr(mlpnas, name) for name in mlpnas.__all__), rnncell.load_model]
# Fit, or compile a controller.
SLOW = {
    "mlpnas.estimator.estimator", "mlpnas.final.delivered", "mlpnas.trainer.mlp_trainer",
    "mlpnas.core.trainer.keras_trainer", "mlpnas.core.strategies.controller.reinforce",
    "mlpnas.core.strategies.controller.learner", "mlpnas.core.strategies.controller.ppo",
    "mlpnas.core.strategies.controller.on_policy", "mlpnas.final.retrain",
}  # fmt: skip
OF_A_RUN = {"mlpnas.final.delivered"}


def names() -> list[str]:
    """Modules in whose docstrings there are examples."""
    paths = [p for name in members.PACKAGES for p in sorted((ROOT / name).rglob("*.py"))]
    shown = [path.relative_to(ROOT) for path in paths if ">>> " in path.read_text()]
    parts = [path.with_suffix("").parts for path in shown]
    return [".".join(part for part in p if part != "__init__") for p in parts]


@pytest.fixture(scope="module")
def run_of_wine(tmp_path_factory) -> Path:
    """A folder with `runs/wine-0`, the run that examples speak of."""
    folder = tmp_path_factory.mktemp("examples")
    options = ["--target", "cultivar", "--trials", "2", "--epochs", "2", "--ensemble", "0"]
    table, run = str(ROOT / "data" / "wine.csv"), str(folder / "runs" / "wine-0")
    assert main(["search", table, *options, "--run", run]) == 0
    return folder


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.slow] * (n in SLOW)) for n in names()]
)
def test_the_examples_of_a_module_give_what_they_show(
    name, tmp_path, monkeypatch, request, capsys
):
    folder = request.getfixturevalue("run_of_wine") if name in OF_A_RUN else tmp_path
    if not (folder / "data").exists():
        (folder / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(folder)
    result = doctest.testmod(import_module(name))
    assert result.attempted
    assert result.failed == 0, capsys.readouterr().out


@pytest.mark.parametrize("public", PUBLIC, ids=lambda public: public.__name__)
def test_a_public_name_has_an_example_that_is_executed(public):
    [found] = doctest.DocTestFinder(recurse=False).find(public, public.__name__)
    assert found.examples
    assert not any(doctest.SKIP in example.options for example in found.examples)
    assert inspect.getmodule(public).__name__ in names()
