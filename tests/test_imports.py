"""Who may import whom, and what `import mlpnas` must not load.

The core's reading order stands once, in the docstring of `mlpnas.core`; it is read from there.
"""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mlpnas
import mlpnas.core

CORE = Path(mlpnas.core.__file__).parent
STRATEGIES = CORE / "strategies"
ORDER = re.findall(r"^    (\w+) +\S", mlpnas.core.__doc__ or "", re.MULTILINE)
FILES = [path for path in sorted(CORE.rglob("*.py")) if path.name != "__init__.py"]


def type_checking_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def imported_modules(tree: ast.AST) -> set[str]:
    """Dotted names that are imported when the code runs, within functions too."""
    found = set()
    for node in ast.iter_child_nodes(tree):
        if type_checking_only(node):
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            # `from mlpnas.core import policy_gradient` imports a module, not a name.
            found |= {f"{node.module}.{a.name}" for a in node.names} | {str(node.module)}
        found |= imported_modules(node)
    return found


def of_core(path: Path) -> set[str]:
    """The core's files that a file imports, as they are called in the reading order."""
    pattern = re.compile(r"mlpnas\.core\.(\w+)")
    matches = map(pattern.match, imported_modules(ast.parse(path.read_text())))
    return {match[1] for match in matches if match}


def place(path: Path) -> str:
    return "strategies" if path.is_relative_to(STRATEGIES) else path.stem


def test_every_file_of_the_core_has_its_place_in_the_reading_order():
    assert ORDER[0] == "errors"
    assert len(set(ORDER)) == len(ORDER)
    assert {place(path) for path in FILES} == {*ORDER, "runtime"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_a_file_of_the_core_imports_only_what_stands_before_it(path):
    if place(path) == "runtime":
        assert of_core(path) == set()
        return
    allowed = {"runtime", *ORDER[: ORDER.index(place(path))]}
    if place(path) == "strategies":
        allowed |= {"strategies"}
    assert of_core(path) <= allowed


def test_strategies_do_not_import_one_another_in_a_circle():
    graph = {}
    for path in STRATEGIES.glob("*.py"):
        names = imported_modules(ast.parse(path.read_text()))
        matches = (re.match(r"mlpnas\.core\.strategies\.(\w+)", name) for name in names)
        graph[path.stem] = {match[1] for match in matches if match}
    assert "strategy" in TopologicalSorter(graph).static_order()  # raises CycleError
    assert graph["strategy"] == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(CORE)))
def test_the_core_knows_no_package_that_stands_on_it(path):
    ours = re.compile(r"(mlpnas|cnnnas|rnncell)\b")
    names = {name for name in imported_modules(ast.parse(path.read_text())) if ours.match(name)}
    assert all(name == "mlpnas.core" or name.startswith("mlpnas.core.") for name in names), (
        names
    )


@pytest.mark.parametrize("sibling", ["cnnnas", "rnncell"])
def test_siblings_stand_on_the_core_and_do_not_know_one_another(sibling):
    ours = re.compile(r"(mlpnas|cnnnas|rnncell)\b")
    for path in (CORE.parents[1] / sibling).rglob("*.py"):
        for name in filter(ours.match, imported_modules(ast.parse(path.read_text()))):
            package = name.split(".")[0]
            assert package == sibling or f"{name}.".startswith("mlpnas.core."), (path, name)


@pytest.mark.parametrize(
    "module",
    [
        "mlpnas",
        "mlpnas.space",
        "mlpnas.core.search_space",
        "mlpnas.core.task",
        "mlpnas.core.trial",
        "mlpnas.core.evaluator",
        "mlpnas.core.executors",
        "mlpnas.core.search",
        "mlpnas.core.strategies.random",
    ],
)
def test_what_trains_nothing_loads_no_tensorflow(module):
    code = f"import sys, {module}; print({{'tensorflow', 'keras'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("set()\n", "")


@pytest.mark.parametrize("name", mlpnas.__all__)
def test_every_public_name_can_be_imported(name):
    assert name in dir(mlpnas)
    assert getattr(mlpnas, name).__name__ == name


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        mlpnas.nonsense  # noqa: B018
