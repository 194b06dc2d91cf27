"""The report of a run as a page: what was found, what stands beside it, how it was found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnnas.report.drawing import draw_cell, draw_macro
from cnnnas.run.settings import ALONE, SHARED, Settings
from cnnnas.space.cell_space import CellSpace
from cnnnas.space.macro_space import MacroSpace
from mlpnas.core.report import figures, sections
from mlpnas.core.report.page import Section, page
from mlpnas.core.run.policy_record import read_policy
from mlpnas.core.run.record import architecture_in, settings_of
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import History, Trial


def html_report(run: Path, record: dict[str, Any], history: History, space: SearchSpace) -> str:
    """The report as a page.

    Args:
        run: its folder.
        record: its run.json.
        history, space: its trials, and where it searched.
    """
    measure = settings_of(run, record, Settings).measure
    parts = [sections.summary(record, history, measure.name)]
    if best := history.best():
        results = record.get("results", [])
        text = results[0]["architecture"] if results else str(best.architecture)
        title = "The network found" if results else "Best so far"
        parts.append(_network(run, text, space, title))
        parts += sections.trained(record, measure.name)
        parts += sections.agreement(record, SHARED, ALONE)
        parts += sections.control(record)
        parts.append(sections.scores(history, measure))
        policy = read_policy(run / "policy.jsonl", space)
        parts.append(sections.choices(history, space, policy))
    if isinstance(space, CellSpace) and record["settings"]["strategy"] == "gradient":
        parts += epoch_sections(history, space)
    parts.append(sections.leaderboard(history, {}, measure))
    name = Path(str(record["settings"]["data"])).stem
    return page(f"Architecture search on {name}", parts)


def _network(run: Path, text: str, space: SearchSpace, title: str) -> Section:
    section = Section(title)
    for svg in _pictures(architecture_in(run, space, text), space):
        section.picture(svg, text)
    return section.text(text, note=True)


def _pictures(architecture: Architecture, space: SearchSpace) -> Iterator[str]:
    if isinstance(space, MacroSpace):
        yield draw_macro(architecture, space)
    elif isinstance(space, CellSpace):
        for kind, cell in space.cells(architecture).items():
            yield draw_cell(cell, kind)
    else:
        yield figures.chain([(layer, 0.9) for layer in str(architecture).split(", ")])


def epoch_sections(history: History, space: CellSpace) -> list[Section]:
    """A table of the epochs, and each kind of cell as it changed."""
    return [_table(history, space), *(_film(history, space, kind) for kind in space.kinds)]


def _table(history: History, space: CellSpace) -> Section:
    section = Section("Epochs of the search", wide=True)
    kinds = [f"skips, {kind}" for kind in space.kinds]
    header = ["epoch", "accuracy of the mixture", "of the genotype alone", *kinds]
    rows = [(t.id, t.predicted, t.score, *skip_counts(t, space)) for t in history.trials]
    section.table(header, rows)
    return section.text(
        "With the weights of the mixture, on the validation rows. What the genotype lacks of "
        "the mixture is lost when one is cut out of the other; cells that fill with skip "
        "connections are how such a search fails.",
        note=True,
    )


def skip_counts(trial: Trial, space: CellSpace) -> list[int]:
    """Skip connections in each kind of cell."""
    return [cell.skips for cell in space.cells(trial.architecture).values()]


def _film(history: History, space: CellSpace, kind: str) -> Section:
    frames = []
    for trial in history.trials:
        cell = space.cells(trial.architecture)[kind]
        frames.append((draw_cell(cell, f"epoch {trial.id}"), f"{kind} cell, epoch {trial.id}"))
    return Section(f"The {kind} cell, epoch by epoch").animation(frames)
