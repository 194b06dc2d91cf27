"""The notebooks: stored as a reader should find them, and they run.

The quick tests read what is stored. The slow one executes every notebook in a fresh kernel, as
a student would, with the network turned away. What they call is checked in `test_code.py`.
"""

import ast
import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from labs import PATHS, SOLUTION, folded, is_solution, run, unfolded

import mlpnas

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "notebooks"


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
    for cell in filter(is_solution, notebook.cells):
        assert SOLUTION.fullmatch(cell.source)


def asks_something(cell):
    return cell.cell_type == "markdown" and bool(re.search(r"^\*\*\d\. ", cell.source, re.M))


def test_its_solutions_survive_unfolding(notebook):
    again = folded(unfolded(notebook))
    assert [cell.source for cell in unfolded(again).cells] == [
        cell.source for cell in unfolded(notebook).cells
    ]


def test_a_solution_shows_what_it_printed_and_drew():
    code = nbformat.v4.new_code_cell("print(1)", metadata={"tags": ["solution"], "prose": ""})
    code.outputs = [
        nbformat.v4.new_output("stream", text="1\n"),
        nbformat.v4.new_output("execute_result", data={"text/plain": "  a table"}),
        nbformat.v4.new_output("display_data", data={"image/png": "cG5n", "text/plain": "<>"}),
    ]
    (cell,) = folded(nbformat.v4.new_notebook(cells=[code])).cells
    assert "```text\n1\n```\n\n```text\n  a table\n```" in cell.source
    assert "](attachment:1.png)" in cell.source
    assert cell.attachments == {"1.png": {"image/png": "cG5n"}}
    assert SOLUTION.fullmatch(cell.source)["code"] == "print(1)"


def test_it_says_what_will_be_learned_and_where_it_comes_from(notebook):
    plan = notebook.cells[1].source
    goals, sources = re.fullmatch(
        r"\*\*After this lab you can\*\*\n\n(.*?)\n\n\|.*\*\*Read on\*\*\n\n(.*)",
        plan,
        re.DOTALL,
    ).groups()
    assert len(goals.splitlines()) >= 3
    for source in sources.splitlines():
        assert re.match(r"\* \[.+ \(\d{4}\), \*.+\*\]\(https://\S+\)", source)


def test_its_minutes_are_those_of_its_sections_and_make_ninety(notebook):
    planned = re.findall(r"^\| (.+) \| (\d+) \|$", notebook.cells[1].source, re.MULTILINE)
    assert [section for section, _ in planned] == re.findall(
        r"^## (.+)$", prose(notebook), re.MULTILINE
    )
    assert sum(int(minutes) for _, minutes in planned) == 90
    assert "A lab of 90 minutes" in notebook.cells[0].source


def test_it_imports_public_names_only(notebook):
    """Those of `mlpnas` itself, and of the modules that the page on the labs lists."""
    page = (ROOT / "docs" / "student" / "labs.md").read_text()
    listed = set(re.findall(r"^\| `([\w.]+)` \|", page, re.MULTILINE))
    code = "\n\n".join(cell.source for cell in of_type(unfolded(notebook), "code"))
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            assert not {alias.name.split(".")[0] for alias in node.names} & OURS
        elif isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in OURS:
            names = {alias.name for alias in node.names}
            whole = {f"{node.module}.{name}" for name in names}  # a module by its name
            public = node.module == "mlpnas" and names <= {*mlpnas.__all__}
            assert public or node.module in listed or whole <= listed, ast.unparse(node)


OURS = {"mlpnas", "cnnnas", "rnncell"}


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
    assert {o.name for o in outputs(run(notebook)) if o.output_type == "stream"} <= {"stdout"}
