"""Reports: what people read of a run in a terminal.

A leaderboard shows search scores: proxies, reached in few epochs and perhaps with inherited
weights. What a retrained model scores belongs in another table, never in the same column.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from rich import box
from rich.console import Console
from rich.table import Table

from mlpnas.core.baselines.comparison import agreement_line, control_lines
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.report.quality.record import QualityRecord, quality_in
from mlpnas.core.report.quality.terminal import print_evaluation, print_explanation
from mlpnas.core.run.files import replacing
from mlpnas.core.run.journal import read_journal
from mlpnas.core.run.record import check_journal, damaged, read_record, settings_of
from mlpnas.core.space.search_space import Architecture, SearchSpace
from mlpnas.core.trial import History, Trial

Record = dict[str, Any]
S = TypeVar("S", bound=SearchSpace)
T = TypeVar("T")


def read_run(
    path: Path,
    kind: type[T],
    make_space: Callable[[T, Record], S],
    program: str,
    *more: type[Any],
) -> tuple[Record, History, S]:
    """A run's run.json, its trials, and the space that it searched.

    Args:
        path: its folder.
        kind: of its settings, of which all are in what is returned, with their defaults where
            run.json does not know them.
        make_space: makes the space from its settings and run.json.
        program: whose folder it should be.
        more: what it writes besides, see `record.read_record`.

    Raises:
        InputError: if it is no folder of a run, or damaged.
    """
    if not (path / "run.json").is_file():
        raise InputError(f"{path} is no folder of a run; expected one made by {program} search")
    record = read_record(path, QualityRecord, *more)
    check_journal(path, record)
    settings = settings_of(path, record, kind)
    record["settings"] = asdict(settings)  # type: ignore[call-overload]
    try:
        space = make_space(settings, record)
    except InputError as error:
        raise damaged(path, str(error)) from None
    trials, _ = read_journal(path / "trials.jsonl", space)
    return record, History(trials=trials), space


def write_page(run: Path, page: str, console: Console) -> None:
    """Write report.html into the run's folder, and say so."""
    path = run / "report.html"
    with replacing(path) as file:
        file.write(page.encode())
    console.print(f"report: {path}", soft_wrap=True, markup=False)


def winner_in(record: Record, history: History) -> Trial | None:
    """What was chosen in the end: one of the trials, or, with the number -1, what was none of
    them (a plain network, or a cell derived from shared weights); None if nothing was yet."""
    results = record.get("results") or [{}]
    told = record.get("winner") or results[0]
    if not (text := told.get("architecture")):
        return None
    numbered = {trial.id: trial for trial in history.trials}
    named = {str(trial.architecture): trial for trial in reversed(history.trials)}
    found = numbered.get(told["trial"]) if "trial" in told else named.get(text)
    if found and str(found.architecture) == text:
        return found
    plain = Architecture("", (), text)
    return Trial(-1, -1, plain, "ok", parameters=told.get("parameters", 0))


def ranked(history: History, n: int, winner: Trial | None) -> list[Trial]:
    """The n best trials by search score, and the winner wherever it stands."""
    best = history.leaderboard(n)
    return best if winner is None or winner in best else [*best, winner]


def leaderboard(
    history: History, measure: Measure, n: int = 5, winner: Trial | None = None
) -> Table:
    """The n best trials by search score, best first, with size and cost.

    Args:
        measure: stands beside the score where that is in another unit.
        winner: has a row in any case, which is marked.
    """
    title = f"Top {n} of {len(history)} trials, by {measure.score_name}"
    table = Table(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
    known = [measure.name] if measure.of_score else []
    for name in ("trial", *known, "search score", "parameters", "seconds"):
        table.add_column(name, justify="right")
    table.add_column("architecture", overflow="fold")
    for trial in ranked(history, n, winner):
        scored, tried = trial.score is not None, trial.id >= 0
        table.add_row(
            str(trial.id) if tried else "-",
            *(measure.written(trial.score or 0.0) if scored else "-" for _ in known),
            f"{trial.score:.4f}" if scored else "-",
            f"{trial.parameters:,}",
            f"{trial.seconds:.2f}" if tried else "-",
            f"winner: {trial.architecture}" if trial is winner else str(trial.architecture),
            style="bold" if trial is winner else None,
        )
    return table


def use_lines(run: Path, program: str) -> list[str]:
    """How to use the model of a run; nothing while there is none."""
    if not (run / "best.keras").exists():
        return []
    return [
        f'use:    {program}.load("{run}").predict(new), or {program} predict {run} NEW',
        f"judge:  {program} evaluate {run}, or with labelled data behind it",
    ]


def failures(history: History) -> str | None:
    """One sentence on the trials that failed, with the reason of the first; None if none."""
    failed = [trial for trial in history.trials if not trial.ok]
    if not failed:
        return None
    first = failed[0]
    return (
        f"{len(failed)} of {len(history)} trials failed; the first, trial {first.id}: "
        f"{first.reason}"
    )


def print_report(record: Record, history: History, console: Console, measure: Measure) -> None:
    """Leaderboard, failures, what was trained at length, and how good the model is.

    Args:
        record: the run's run.json.
        history: its trials.
        console: where to print.
        measure: what scores and results are given in.
    """
    console.print(leaderboard(history, measure, 10, winner_in(record, history)))
    if problem := failures(history):
        console.print(problem, style="yellow", soft_wrap=True, markup=False)
    for result in record.get("results", []):
        console.print(_told(result, measure.name), soft_wrap=True, markup=False)
    if "kendall_tau" in record:
        console.print(agreement_line(record), soft_wrap=True, markup=False)
    for line in control_lines(record):
        console.print(line, soft_wrap=True, markup=False)
    quality = quality_in(record)
    if quality.evaluation:
        print_evaluation(quality.evaluation, console)
    if quality.explanation:
        print_explanation(quality.explanation, console)


def _told(result: Record, measure: str) -> str:
    values = f"validation {measure} {result['valid']:.4f}, test {result['test']:.4f}"
    told = f"{result['name']}: {values}"
    return f"{told}, {result['parameters']:,} parameters" if "parameters" in result else told
