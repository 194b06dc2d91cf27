"""The code's form: lint, layout and types. These fail as they do at the command line."""

import subprocess
import sys
from pathlib import Path

import labs
import nbformat
import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "command",
    ["ruff check .", "ruff format --check .", "mypy"],
)
def test_the_code_passes(command):
    done = subprocess.run(
        [sys.executable, "-m", *command.split()], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"\n{command}\n{done.stdout}{done.stderr}"


# In the file of the test above, so that no two of these write mypy's cache at a time.
def test_what_the_labs_call_exists(tmp_path):
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab" / "__init__.py").touch()
    for path in labs.PATHS:
        notebook = labs.unfolded(nbformat.read(path, as_version=4))
        code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
        (tmp_path / "lab" / f"lab_{path.stem}.py").write_text("\n\n".join(code))
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *sorted((tmp_path / "lab").iterdir())],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("command", ["check", "format --check"])
def test_the_solutions_of_the_labs_pass_too(command, tmp_path):
    for path in labs.PATHS:
        nbformat.write(labs.unfolded(nbformat.read(path, as_version=4)), tmp_path / path.name)
    config = ["--config", ROOT / "pyproject.toml"]
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *command.split(), *config, tmp_path],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
