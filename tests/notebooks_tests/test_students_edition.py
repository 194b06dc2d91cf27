"""The labs as students get them: all questions, no answers, and what they need to run."""

import json

import nbformat
import pytest
from labs import PATHS, SOLUTION, is_solution, write_students_edition


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs") / "edition"
    write_students_edition(folder)
    return folder


@pytest.fixture(params=PATHS, ids=lambda path: path.stem)
def pair(request, edition):
    """A lab, and the same lab for students."""
    return [
        nbformat.read(path, as_version=4)
        for path in (request.param, edition / "notebooks" / request.param.name)
    ]


def test_it_has_every_lab_the_data_and_the_style(edition):
    assert sorted(p.name for p in (edition / "notebooks").iterdir()) == sorted(
        ["README.md", "projector.mplstyle", *(path.name for path in PATHS)]
    )
    assert (edition / "data" / "digits.csv").exists()


def test_it_has_no_solution_and_no_output(pair):
    full, students = pair
    nbformat.validate(students)
    text = json.dumps(students)
    for cell in filter(is_solution, full.cells):
        code = SOLUTION.fullmatch(cell.source)["code"]
        assert json.dumps(code)[1:-1] not in text
    assert "<details>" not in text
    assert "solution" not in {tag for c in students.cells for tag in c.metadata.get("tags", ())}
    for cell in students.cells:
        if cell.cell_type == "code":
            assert cell.outputs == []
            assert cell.execution_count is None


def test_everything_else_is_as_it_was_and_an_empty_cell_waits_for_each_answer(pair):
    full, students = pair
    for cell, theirs in zip(full.cells, students.cells, strict=True):
        assert theirs.source == ("# Your solution\n" if is_solution(cell) else cell.source)


def test_an_earlier_edition_is_not_written_over(edition):
    with pytest.raises(FileExistsError):
        write_students_edition(edition)
