"""The notebooks: stored as a reader should find them, and they run.

The quick tests read what is stored. The slow one executes every notebook in a fresh kernel, as
a student would, with the network turned away.
"""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"
PATHS = sorted(FOLDER.glob("*.ipynb"))


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def of_type(notebook, kind):
    return [cell for cell in notebook.cells if cell.cell_type == kind]


def outputs(notebook):
    return [output for cell in of_type(notebook, "code") for output in cell.outputs]


def prose(notebook):
    return "\n".join(cell.source for cell in of_type(notebook, "markdown"))


def test_there_are_notebooks():
    assert PATHS[0].stem == "01_first_search"


def test_it_is_a_valid_notebook(notebook):
    nbformat.validate(notebook)


def test_its_outputs_are_those_of_one_run_from_top_to_bottom(notebook):
    counts = [cell.execution_count for cell in of_type(notebook, "code")]
    assert counts == list(range(1, len(counts) + 1))


def test_its_outputs_show_no_error_and_no_warning(notebook):
    kinds = {output.output_type for output in outputs(notebook)}
    streams = {output.name for output in outputs(notebook) if output.output_type == "stream"}
    assert "error" not in kinds
    assert streams <= {"stdout"}


def test_it_has_figures(notebook):
    kinds = [kind for output in outputs(notebook) for kind in output.get("data", {})]
    assert sum(kind.startswith("image/") for kind in kinds) >= 3


def test_it_has_three_to_five_exercises_each_with_a_folded_solution(notebook):
    asks = [cell.source for cell in notebook.cells if asks_something(cell)]
    solved = [is_solution(cell) for cell in notebook.cells]
    assert 3 <= len(asks) == sum(solved) <= 5
    for before, after in pairwise(notebook.cells):
        assert asks_something(before) == is_solution(after)


def asks_something(cell):
    return cell.cell_type == "markdown" and bool(re.search(r"^\*\*\d\. ", cell.source, re.M))


def is_solution(cell):
    folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return folded and "solution" in cell.metadata.tags


def test_it_names_no_place_of_the_machine_it_was_written_on(notebook):
    text = nbformat.writes(notebook)
    assert re.findall(r"(?:/home|/root|/tmp|/work|/Users|C:\\\\)[/\\]\S*", text) == []


def test_its_links_lead_somewhere(notebook):
    links = re.findall(r"\]\(([^)#:]+)\)", prose(notebook))
    files = re.findall(
        r"`((?:mlpnas|cnnnas|rnncell|data|benchmarks)/[\w/.]+\.\w+)`", prose(notebook)
    )
    assert [link for link in links if not (FOLDER / link).exists()] == []
    assert [file for file in files if not (ROOT / file).exists()] == []


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_the_folder_s_readme_lists_it(path):
    assert f"]({path.name})" in (FOLDER / "README.md").read_text()


@pytest.mark.slow
def test_it_runs(notebook, monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody answers
    # Seconds per cell; whoever hangs, is stopped.
    NotebookClient(
        notebook, timeout=600, resources={"metadata": {"path": str(FOLDER)}}
    ).execute()
    assert {o.name for o in outputs(notebook) if o.output_type == "stream"} <= {"stdout"}
