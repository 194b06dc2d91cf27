"""What the report tells of a differentiable search: how its cells came about, and collapse."""

from cnnnas.cell_space import CellSpace
from cnnnas.drawing import draw_cell
from mlpnas.core.page import Section
from mlpnas.core.trial import History, Trial


def epochs(history: History, space: CellSpace) -> list[Section]:
    """A table of the epochs, and each kind of cell as it changed."""
    return [_table(history, space), *(_film(history, space, kind) for kind in space.kinds)]


def _table(history: History, space: CellSpace) -> Section:
    section = Section("Epochs of the search", wide=True)
    kinds = [f"skips, {kind}" for kind in space.kinds]
    header = ["epoch", "accuracy of the mixture", "of the genotype alone", *kinds]
    rows = [(t.id, t.predicted, t.score, *skips(t, space)) for t in history.trials]
    section.table(header, rows)
    return section.text(
        "With the weights of the mixture, on the validation rows. What the genotype lacks of "
        "the mixture is lost when one is cut out of the other; cells that fill with skip "
        "connections are how such a search fails.",
        note=True,
    )


def skips(trial: Trial, space: CellSpace) -> list[int]:
    """Skip connections in each kind of cell."""
    return [cell.skips for cell in space.cells(trial.architecture).values()]


def _film(history: History, space: CellSpace, kind: str) -> Section:
    frames = []
    for trial in history.trials:
        cell = space.cells(trial.architecture)[kind]
        frames.append((draw_cell(cell, f"epoch {trial.id}"), f"{kind} cell, epoch {trial.id}"))
    return Section(f"The {kind} cell, epoch by epoch").animation(frames)
