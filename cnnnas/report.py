"""The report of a run as a page: what was found, what stands beside it, how it was found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cnnnas import darts_report
from cnnnas.cell_space import CellSpace
from cnnnas.drawing import draw_cell, draw_macro
from cnnnas.macro_space import MacroSpace
from mlpnas.core import figures, sections
from mlpnas.core.page import Section, page
from mlpnas.core.policy_record import read_policy
from mlpnas.core.report import failures
from mlpnas.core.search_space import SearchSpace
from mlpnas.core.trial import History


def html_report(run: Path, record: dict[str, Any], history: History, space: SearchSpace) -> str:
    """The report as a page.

    Args:
        run: its folder.
        record: its run.json.
        history, space: its trials, and where it searched.
    """
    parts = [_summary(record, history)]
    if best := history.best():
        results = record.get("results", [])
        text = results[0]["architecture"] if results else str(best.architecture)
        parts.append(_network(text, space, "The network found" if results else "Best so far"))
        parts += [*_training(results), *_agreement(record), sections.scores(history)]
        policy = read_policy(run / "policy.jsonl", space)
        parts.append(sections.choices(history, space, policy))
    if isinstance(space, CellSpace) and record["settings"]["strategy"] == "gradient":
        parts += darts_report.epochs(history, space)
    parts.append(sections.leaderboard(history, {}))
    name = Path(str(record["settings"]["data"])).stem
    return page(f"Architecture search on {name}", parts)


def _summary(record: dict[str, Any], history: History) -> Section:
    s, section = record["settings"], Section("Summary", wide=True)
    how = "shared weights" if s["one_shot"] else "children trained one by one"
    section.text(
        f"{len(history)} of {s['trials']} trials by {s['strategy']} in the {s['space']} space, "
        f"with {how}, preset {s['preset']}, {s['epochs']} epochs, seed {s['seed']}."
    )
    if results := record.get("results"):
        header = ["trained at length", "parameters", "seconds", "validation", "test accuracy"]
        rows = [
            (r["name"], r["parameters"], round(r["seconds"], 1), r["valid"], r["test"])
            for r in results
        ]
        section.table(header, rows)
    if problem := failures(history):
        section.text(problem)
    for note in record["data"].get("notes", []):
        section.text(note, note=True)
    return section


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


def _training(results: list[dict[str, Any]]) -> list[Section]:
    if not results:
        return []
    drawn = figures.training({r["name"]: r["curve"] for r in results}, "accuracy")
    section = Section("Trained at length").picture(drawn, "validation accuracy by epoch")
    return [section.text("From fresh weights, by the same recipe.", note=True)]


def _agreement(record: dict[str, Any]) -> list[Section]:
    if "shared_scores" not in record:
        return []
    tau = record["kendall_tau"]
    drawn = figures.agreement(record["shared_scores"], record["alone_scores"])
    section = Section("Can shared weights be believed?")
    section.picture(drawn, "score with shared weights against score when trained alone")
    told = "undefined" if tau is None else f"{tau:+.2f}"
    return [
        section.text(
            "Random architectures, scored with shared weights and after "
            f"{record['alone_epochs']} epochs alone (accuracy, cubed). Kendall's tau: {told}; "
            "1 would be the same order, 0 none.",
            note=True,
        )
    ]
