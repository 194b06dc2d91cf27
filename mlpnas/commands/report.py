"""`mlpnas report`: what a run found, as text or as one HTML file."""

from pathlib import Path
from typing import Any

from rich.console import Console

from mlpnas.core.errors import InputError
from mlpnas.core.files import replacing
from mlpnas.core.folder import read_record
from mlpnas.core.journal import read_journal
from mlpnas.core.report import failures, leaderboard
from mlpnas.core.trial import History
from mlpnas.space import DROPOUT, MLPSpace


def report(run: Path, html: bool, console: Console) -> None:
    """Print the leaderboard and the results, or write report.html into the run's folder.

    Args:
        run: folder of a run, finished or not.
        html: whether to write the page.
        console: where to print.

    Raises:
        InputError: if the folder is no run, or damaged.
    """
    if not (run / "run.json").is_file():
        raise InputError(f"{run} is no folder of a run; expected one made by mlpnas search")
    record = read_record(run)
    space = MLPSpace.from_name(str(record.get("space")))
    trials, _ = read_journal(run / "trials.jsonl", space)
    history = History(trials=trials)
    if not html:
        print_report(record, history, console)
        return
    path = run / "report.html"
    with replacing(path) as file:
        file.write(html_report(record, history, space).encode())
    console.print(f"report: {path}", soft_wrap=True, markup=False)


def print_report(record: dict[str, Any], history: History, console: Console) -> None:
    """The report as text."""
    console.print(leaderboard(history, 10))
    if problem := failures(history):
        console.print(problem, style="yellow", soft_wrap=True, markup=False)
    for result in record.get("results", []):
        told = f"{result['name']}: validation {result['valid']:.4f}, test {result['test']:.4f}"
        console.print(told, soft_wrap=True, markup=False)


def html_report(record: dict[str, Any], history: History, space: MLPSpace) -> str:
    """The report as a page."""
    from mlpnas.core import figures
    from mlpnas.core.page import Section, page

    data, settings = record["data"], record["settings"]
    metric = "accuracy" if data["classes"] else "R²"
    best = history.leaderboard()
    sections = [_summary(record, history)]
    trials = history.trials
    if best:
        sections += [
            _winner(record, history, space),
            Section("Score of every trial").picture(
                figures.scores(trials), "search score by trial, with the best so far"
            ),
            Section("Learning curves").picture(
                figures.curves(trials, best, metric), "validation metric by epoch"
            ),
        ]
    if expected := figures.calibration(trials):
        sections.append(
            Section("What the predictor expected").picture(
                expected, "predicted against found search scores"
            )
        )
    sections.append(
        Section("Where the time went").picture(
            figures.time_spent(trials), "seconds of training by round"
        )
    )
    sections.append(_leaderboard(history, record.get("retrained_validation", {})))
    name = Path(str(settings["data"])).stem
    return page(f"Architecture search on {name}", sections)


def _summary(record: dict[str, Any], history: History) -> Any:
    from mlpnas.core.page import Section

    data, s = record["data"], record["settings"]
    section = Section("Summary", wide=True)
    seconds = sum(trial.seconds for trial in history.trials)
    kind = (
        f"classification into {len(data['classes'])} classes"
        if data["classes"]
        else "regression"
    )
    section.text(
        f"{len(history)} of {s['trials']} trials by {s['strategy']}, seed {s['seed']}, "
        f"{s['epochs']} epochs each: {seconds:.0f} seconds of training. {kind.capitalize()}."
    )
    if record.get("results"):
        metric = "accuracy" if data["classes"] else "R²"
        rows = [(r["name"], r["valid"], r["test"]) for r in record["results"]]
        section.table(["trained at length", f"validation {metric}", f"test {metric}"], rows)
    if problem := failures(history):
        section.text(problem)
    for note in data.get("notes", []):
        section.text(note, note=True)
    return section


def _winner(record: dict[str, Any], history: History, space: MLPSpace) -> Any:
    from mlpnas.core import figures
    from mlpnas.core.page import Section

    told = record.get("winner")
    trial = history.trials[told["trial"]] if told else history.leaderboard(1)[0]
    title = "The winner" if told else "The best so far"
    hidden = space.layers(trial.architecture)
    widest = max(units for units, _ in (*(h for h in hidden if h != DROPOUT), space.head))
    layers = [(f"{record['data']['inputs'][0]} inputs", 0.5)]
    for layer in (*hidden, space.head):
        if layer == DROPOUT:
            layers.append((f"dropout {space.dropout}", 0.25))
        else:
            layers.append((f"{layer[0]} {layer[1]}", 0.2 + 0.8 * layer[0] / widest))
    section = Section(title).picture(figures.chain(layers), str(trial.architecture))
    return section.text(f"Trial {trial.id}: {trial.architecture}", note=True)


def _leaderboard(history: History, retrained: dict[str, float]) -> Any:
    from mlpnas.core.page import Section

    section = Section("Leaderboard", wide=True)
    section.text(
        "The search score is a proxy, from few epochs and perhaps inherited weights; the "
        "finalists' score after retraining from fresh weights stands beside it.",
        note=True,
    )
    rows = [
        (
            t.id, t.score or 0.0, retrained.get(str(t.id)), t.parameters,
            round(t.seconds, 2), str(t.architecture),
        )
        for t in history.leaderboard(20)
    ]  # fmt: skip
    header = ["trial", "search score", "retrained", "parameters", "seconds", "architecture"]
    return section.table(header, rows)
