"""The report of a run as a page: the cell found, what stands beside it, how it was found."""

from pathlib import Path

from mlpnas.core.data.measure import Measure
from mlpnas.core.report import sections
from mlpnas.core.report.page import Section, page
from mlpnas.core.report.terminal import Record
from mlpnas.core.run.policy_record import read_policy
from mlpnas.core.run.record import architecture_in, settings_of
from mlpnas.core.space.search_space import Architecture
from mlpnas.core.trial import History
from rnncell.report.drawing import draw
from rnncell.run.settings import Settings
from rnncell.run.spaces import Space
from rnncell.space.enas_space import Average


def html_report(
    run: Path, record: Record, history: History, space: Space, measure: Measure
) -> str:
    """The report as a page.

    Args:
        run: its folder.
        record: its run.json.
        history, space: its trials, and where it searched.
        measure: what scores are shown in.
    """
    parts = [sections.summary(record, history, measure.name)]
    if best := history.best():
        results = record.get("results", [])
        text = results[0]["cell"] if results else str(best.architecture)
        title = "The cell found" if results else "Best so far"
        average = settings_of(run, record, Settings).sizes.final_network.average
        parts.append(_cell(architecture_in(run, space, text), space, average, title))
        parts += sections.trained(record, measure.name)
        parts += sections.agreement(record, measure, measure)
        parts += sections.control(record)
        parts.append(sections.scores(history, measure))
        if record["settings"]["strategy"] == "gradient":
            parts.append(_film(history, space, average))
        parts.append(sections.choices(history, space, read_policy(run / "policy.jsonl", space)))
    parts.append(sections.leaderboard(history, {}, measure))
    name = Path(str(record["settings"]["data"])).stem
    return page(f"Search for a recurrent cell on {name}", parts)


def _cell(cell: Architecture, space: Space, average: Average, title: str) -> Section:
    drawn = draw(cell, space, average)
    section = Section(title, wide=True).picture(drawn, str(cell))
    return section.text(str(cell), note=True)


def _film(history: History, space: Space, average: Average) -> Section:
    """The cell of a differentiable search as it changed."""
    frames = [
        (draw(t.architecture, space, average), f"cell of epoch {t.id}") for t in history.trials
    ]
    return Section("The cell, epoch by epoch", wide=True).animation(frames)
