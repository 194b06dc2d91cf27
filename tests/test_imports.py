"""Who may import whom, and what `import mlpnas` must not load.

The order of rooms, and of modules within a room, stands once: in the docstring of each folder,
which is read from there.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import mlpnas

ROOT = Path(mlpnas.__file__).parents[1]
PACKAGES = ("mlpnas", "cnnnas", "rnncell")
FOLDERS = sorted(p.parent for name in PACKAGES for p in (ROOT / name).rglob("__init__.py"))
# How many rooms a reader has to keep in mind at a time.
MOST = {"mlpnas/core": 20, "mlpnas": 16, "cnnnas": 16, "rnncell": 16}


def name_of(path):
    return str(path.relative_to(ROOT))


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
            # `from mlpnas.core import task` imports a module, not a name.
            found |= {f"{node.module}.{a.name}" for a in node.names} | {str(node.module)}
        found |= imported_modules(node)
    return found


def reading_order(folder: Path) -> list[str]:
    """Modules and rooms as the folder's docstring lists them."""
    doc = ast.get_docstring(ast.parse((folder / "__init__.py").read_text())) or ""
    return re.findall(r"^    (\w+) +\S", doc, re.MULTILINE)


def rooms(folder: Path) -> dict[str, list[Path]]:
    """A folder's modules and subfolders, each with its files; doors (`__init__`) are none."""
    found = {path.stem: [path] for path in folder.glob("*.py") if path.stem[:2] != "__"}
    for inner in folder.iterdir():
        if (inner / "__init__.py").exists():
            files = sorted(inner.rglob("*.py"))
            found[inner.name] = [path for path in files if path.stem[:2] != "__"]
    return found


def imports_of(files: list[Path]) -> set[str]:
    return {name for path in files for name in imported_modules(ast.parse(path.read_text()))}


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_a_folder_lists_all_that_is_in_it_once(folder):
    order = reading_order(folder)
    assert sorted(order) == sorted(rooms(folder))


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_what_is_in_a_folder_imports_only_what_stands_before_it(folder):
    here = name_of(folder).replace("/", ".") + "."
    order = reading_order(folder)
    for name, files in rooms(folder).items():
        inner = {f"{i}.".removeprefix(here).split(".")[0] for i in imports_of(files)
                 if i.startswith(here)}  # fmt: skip
        later = inner & {*order[order.index(name) + 1 :]}
        assert later == set(), f"{here}{name} imports {later}, which stand after it"


@pytest.mark.parametrize("folder", MOST)
def test_a_package_has_few_rooms(folder):
    assert len(rooms(ROOT / folder)) <= MOST[folder]


def ours(files: list[Path]) -> set[str]:
    return {name for name in imports_of(files) if name.split(".")[0] in PACKAGES}


def test_the_core_knows_no_package_that_stands_on_it():
    names = ours(sorted((ROOT / "mlpnas" / "core").rglob("*.py")))
    assert {name for name in names if not f"{name}.".startswith("mlpnas.core.")} == set()


@pytest.mark.parametrize("sibling", ["cnnnas", "rnncell"])
def test_siblings_stand_on_the_core_and_do_not_know_one_another(sibling):
    names = ours(sorted((ROOT / sibling).rglob("*.py")))
    others = {name for name in names if name.split(".")[0] != sibling}
    assert {name for name in others if not f"{name}.".startswith("mlpnas.core.")} == set()


@pytest.mark.parametrize(
    "module",
    [
        "mlpnas",
        "mlpnas.space",
        "mlpnas.core.space.search_space",
        "mlpnas.core.task",
        "mlpnas.core.trial",
        "mlpnas.core.evaluator.evaluator",
        "mlpnas.core.executor.executors",
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


def test_type_checkers_see_the_names_that_are_loaded_when_first_used():
    tree = ast.parse(Path(mlpnas.__file__).read_text())
    seen = {
        alias.asname: node.module
        for block in filter(type_checking_only, tree.body)
        for node in block.body
        for alias in node.names
    }
    assert seen == mlpnas._HOME


@pytest.mark.slow
def test_a_users_script_sees_types(tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import mlpnas\nreveal_type(mlpnas.load)\nreveal_type(mlpnas.search)\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports"]
    done = subprocess.run([*command, str(script)], capture_output=True, text=True, cwd=ROOT)
    assert "-> mlpnas.final.delivered.DeliveredNetwork" in done.stdout
    assert "-> mlpnas.core.trial.History" in done.stdout


def test_a_name_that_does_not_exist_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        mlpnas.nonsense  # noqa: B018
