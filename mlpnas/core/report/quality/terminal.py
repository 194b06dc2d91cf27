"""An evaluation and an explanation as text."""

from collections.abc import Iterator

from rich import box
from rich.console import Console, RenderableType
from rich.markup import escape
from rich.table import Table

from mlpnas.core.report.quality.record import Classes, Evaluation, Explanation

WIDEST = 10  # classes of a matrix of counts
SHOWN = 15  # columns


def print_evaluation(found: Evaluation, console: Console) -> None:
    """Conclusions, measures with their intervals, and tables of classes."""
    for sentence in found.sentences:
        console.print(escape(sentence), soft_wrap=True)
    table = _table("", "value", "95% interval")
    for name, one in found.measures.items():
        table.add_row(escape(name), f"{one.value:.4f}", f"{one.low:.4f} to {one.high:.4f}")
    console.print(table)
    for part in _of_classes(found.classes) if found.classes else ():
        console.print(part)


def _of_classes(classes: Classes) -> Iterator[RenderableType]:
    table = _table("class", "rows", "precision", "recall", "F1")
    for one in classes.per_class:
        scores = (f"{value:.4f}" for value in (one.precision, one.recall, one.f1))
        table.add_row(escape(one.label), str(one.rows), *scores)
    yield table
    labels = [escape(one.label) for one in classes.per_class]
    if len(labels) <= WIDEST:
        matrix = _table("true \\ predicted", *labels)
        for label, row in zip(labels, classes.confusion, strict=True):
            matrix.add_row(label, *map(str, row))
        yield matrix
    if classes.confused and len(labels) > 2:
        pairs = _table("most often confused", "taken for", "rows")
        for pair in classes.confused:
            pairs.add_row(escape(pair.truth), escape(pair.predicted), str(pair.rows))
        yield pairs


def print_explanation(found: Explanation, console: Console) -> None:
    """The columns by importance."""
    title = f"What {found.measure} loses when a column is shuffled, on {found.rows} {found.of}"
    table = _table("column", "loss", "95% interval", "")
    table.title = escape(title)
    for one in found.importances[:SHOWN]:
        fall, shown = one.fall, "" if one.seen else "not shown to matter"
        ends = f"{fall.low:.4f} to {fall.high:.4f}"
        table.add_row(escape(one.column), f"{fall.value:.4f}", ends, shown)
    console.print(table)
    if (more := len(found.importances) - SHOWN) > 0:
        console.print(f"and {more} weaker columns")


def _table(*header: str) -> Table:
    table = Table(box=box.SIMPLE, title_style="bold", title_justify="left")
    for place, name in enumerate(header):
        table.add_column(name, justify="right" if place else "left")
    return table
