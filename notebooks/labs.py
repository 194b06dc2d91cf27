"""The labs in their three forms: as they are read, as they run, and as students get them.

A solution is a markdown cell tagged `solution`: <details> folds it wherever notebooks are
shown, which no property of a code cell does. To run a lab, its solutions are unfolded into code
cells; folded again, they keep what they printed and drew.

    python labs.py students FOLDER       the labs without solutions and outputs, and their data
    python labs.py execute NOTEBOOK ...  runs them in place, solutions too
"""

import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode as Node
from nbformat.v4 import new_code_cell, new_markdown_cell

HERE = Path(__file__).parent
PATHS = sorted(HERE.glob("*.ipynb"))
SOLUTION = re.compile(
    r"<details>\n<summary><b>Solution</b></summary>\n\n```python\n(?P<code>.*?)\n```\n\n"
    r"(?:```text\n.*?\n```\n\n|!\[figure\]\(attachment:[^)]*\)\n\n)*(?P<prose>.*)</details>",
    re.DOTALL,
)


def is_solution(cell: Node) -> bool:
    return "solution" in cell.metadata.get("tags", ())


def unfolded(notebook: Node) -> Node:
    """The notebook with its solutions as code cells, ready to run."""
    return changed(notebook, lambda cell: opened(cell) if is_solution(cell) else cell)


def folded(notebook: Node) -> Node:
    """The reverse of `unfolded`, with the outputs of the solutions."""
    return changed(notebook, lambda cell: closed(cell) if is_solution(cell) else cell)


def for_students(notebook: Node) -> Node:
    """The notebook without outputs, and an empty cell where a solution was."""
    return changed(notebook, lambda cell: asked(cell) if is_solution(cell) else cleared(cell))


def changed(notebook: Node, change: Callable[[Node], Node]) -> Node:
    return nbformat.from_dict({**notebook, "cells": [change(cell) for cell in notebook.cells]})


def opened(cell: Node) -> Node:
    parts = SOLUTION.fullmatch(cell.source)
    if parts is None:
        raise ValueError(f"cell {cell.id} is tagged as a solution, but is not laid out as one")
    metadata = {"tags": ["solution"], "prose": parts["prose"]}
    return new_code_cell(parts["code"], id=cell.id, metadata=metadata)


def closed(cell: Node) -> Node:
    figures = {f"{n}.png": figure for n, figure in enumerate(drawn(cell), start=1)}
    shown = [f"```text\n{text}\n```" for text in printed(cell) if text]
    shown += [f"![figure](attachment:{name})" for name in figures]
    parts = ["<details>\n<summary><b>Solution</b></summary>", f"```python\n{cell.source}\n```"]
    source = "\n\n".join([*parts, *shown, cell.metadata.prose + "</details>"])
    attachments = {"attachments": figures} if figures else {}
    return new_markdown_cell(source, id=cell.id, metadata={"tags": ["solution"]}, **attachments)


def printed(cell: Node) -> list[str]:
    """What the cell wrote, all together, and then its tables."""
    streams = [output.text for output in cell.outputs if output.output_type == "stream"]
    tables = [
        output.data["text/plain"]
        for output in cell.outputs
        if output.output_type == "execute_result" and not pictures(output)
    ]
    return [text.strip("\n") for text in ("".join(streams), *tables)]


def drawn(cell: Node) -> list[dict[str, str]]:
    return [
        {"image/png": output.data["image/png"].strip()}
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]


def pictures(output: Node) -> list[str]:
    return [kind for kind in output.data if kind.startswith("image/")]


def asked(cell: Node) -> Node:
    return new_code_cell("# Your solution\n", id=cell.id)


def cleared(cell: Node) -> Node:
    if cell.cell_type != "code":
        return cell
    return new_code_cell(cell.source, id=cell.id, metadata=cell.metadata)


def write_students_edition(target: Path) -> None:
    """A folder that stands alone: `notebooks`, and the tables that they read beside it."""
    shutil.copytree(HERE.parent / "data", target / "data")
    keep = shutil.ignore_patterns("*.py", "__pycache__", ".ipynb_checkpoints")
    shutil.copytree(HERE, target / "notebooks", ignore=keep)
    for path in sorted((target / "notebooks").glob("*.ipynb")):
        nbformat.write(for_students(nbformat.read(path, as_version=4)), path)


def run(notebook: Node) -> Node:
    """The notebook, unfolded and executed from top to bottom.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    # Seconds per cell; whoever hangs is stopped. Neither clock nor machine is recorded.
    resources = {"metadata": {"path": str(HERE)}}
    client = NotebookClient(
        unfolded(notebook), timeout=600, record_timing=False, resources=resources
    )
    return nbformat.from_dict({**client.execute(), "metadata": notebook.metadata})


if __name__ == "__main__":
    if sys.argv[1:2] == ["students"] and len(sys.argv) == 3:
        write_students_edition(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["execute"] and len(sys.argv) > 2:
        for name in sys.argv[2:]:
            nbformat.write(folded(run(nbformat.read(name, as_version=4))), name)
    else:
        sys.exit(__doc__)
