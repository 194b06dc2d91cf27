"""What is imported is named in setup.cfg, and what may be absent is said with its extra."""

import ast
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from mlpnas.core.errors import InputError, extra_missing

ROOT = Path(__file__).parents[1]
PACKAGES = ("mlpnas", "cnnnas", "rnncell")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
SETUP = ConfigParser()
SETUP.read(ROOT / "setup.cfg")
# Modules that are not called as what brings them.
BROUGHT_BY = {"sklearn": "scikit-learn", "PIL": "pillow"}


def packages(text):
    lines = [line for part in text.split(";") for line in part.splitlines()]
    return {Requirement(line).name for line in lines if line and not line.startswith("#")}


ALWAYS = packages(SETUP["options"]["install_requires"])
EXTRAS = {name: packages(text) for name, text in SETUP["options.extras_require"].items()}


def nodes(path, kind):
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, kind)]


def imported(path):
    names = {alias.name for node in nodes(path, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in nodes(path, ast.ImportFrom)}


def foreign():
    """What all files import, by the name of what has to be installed."""
    modules = {name.split(".")[0] for path in FILES for name in imported(path)}
    modules -= {*PACKAGES, *sys.stdlib_module_names}
    return {BROUGHT_BY.get(name, name) for name in modules}


def test_what_is_imported_is_required_or_an_extra():
    assert foreign() >= {"tensorflow", "pillow", "ray"}
    assert foreign() - ALWAYS <= EXTRAS["parquet"] | EXTRAS["ray"] | EXTRAS["strategies"]


def refusals():
    """The calls of `extra_missing` wherever a package may be absent; a plugin is a user's."""
    for path in FILES:
        for handler in nodes(path, ast.ExceptHandler):
            caught = ast.unparse(handler.type) if handler.type else ""
            if caught in ("ImportError", "ModuleNotFoundError") and path.stem != "plugins":
                calls = [n for n in ast.walk(handler) if isinstance(n, ast.Call)]
                called = [c for c in calls if ast.unparse(c.func) == "extra_missing"]
                yield pytest.param(called, id=f"{path.relative_to(ROOT)}:{handler.lineno}")


@pytest.mark.parametrize("called", refusals())
def test_where_a_package_is_missing_its_extra_is_named(called):
    ((_, package, extra),) = [call.args for call in called]
    if isinstance(package, ast.Constant):
        assert package.value.lower() in EXTRAS[extra.value]
    else:  # another library's complaint, about its own conversion to pandas
        assert extra.value == "parquet"


def test_the_error_says_what_to_install():
    error = extra_missing("The TPE strategy", "Optuna", "strategies")
    assert isinstance(error, InputError)
    assert str(error) == (
        "The TPE strategy needs Optuna, which is not installed; expected the extra: "
        "pip install 'mlpnas[strategies]'"
    )
