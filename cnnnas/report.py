"""The report of a run as a page: what was found, what stands beside it, how it was found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnnas import darts_report
from cnnnas.cell_space import CellSpace
from cnnnas.drawing import draw_cell, draw_macro
from cnnnas.macro_space import MacroSpace
from cnnnas.settings import ALONE, SHARED, Settings
from mlpnas.core import figures, sections
from mlpnas.core.page import Section, page
from mlpnas.core.policy_record import read_policy
from mlpnas.core.record import settings_of
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.trial import History


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
        parts.append(_network(text, space, "The network found" if results else "Best so far"))
        parts += sections.trained(record, measure.name)
        parts += sections.agreement(record, SHARED, ALONE)
        parts += sections.control(record)
        parts.append(sections.scores(history, measure))
        policy = read_policy(run / "policy.jsonl", space)
        parts.append(sections.choices(history, space, policy))
    if isinstance(space, CellSpace) and record["settings"]["strategy"] == "gradient":
        parts += darts_report.epochs(history, space)
    parts.append(sections.leaderboard(history, {}, measure))
    name = Path(str(record["settings"]["data"])).stem
    return page(f"Architecture search on {name}", parts)


def _network(text: str, space: SearchSpace, title: str) -> Section:
    section = Section(title)
    for svg in _pictures(text, space):
        section.picture(svg, text)
    return section.text(text, note=True)


def _pictures(text: str, space: SearchSpace) -> Iterator[str]:
    architecture = space.parse(text)
    if isinstance(space, MacroSpace):
        yield draw_macro(architecture, space)
    elif isinstance(space, CellSpace):
        for kind, cell in space.cells(architecture).items():
            yield draw_cell(cell, kind)
    else:
        yield figures.chain([(layer, 0.9) for layer in text.split(", ")])
