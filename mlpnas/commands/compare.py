"""`mlpnas compare`: the run's search against scikit-learn and against luck, over seeds."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as TextTable

from mlpnas.baselines.verdict import (
    SEARCH,
    UNFINISHED,
    Difference,
    Findings,
    Score,
    differences,
    read_lines,
    record,
    verdict,
)
from mlpnas.core.baselines.rank_correlation import FEWEST
from mlpnas.core.baselines.rank_correlation import told as told_tau
from mlpnas.core.commands.command_line import print_notes
from mlpnas.core.commands.display import steps
from mlpnas.core.data.measure import Measure
from mlpnas.core.errors import InputError
from mlpnas.core.run.files import replacing
from mlpnas.core.run.folder import Folder, check_data
from mlpnas.core.run.record import located, read_record, settings_of
from mlpnas.core.run.schema import parse
from mlpnas.core.runtime.capacity import check_jobs
from mlpnas.core.runtime.start import start_tensorflow
from mlpnas.run.settings import Settings
from mlpnas.run.table import table_of
from mlpnas.scoring import measure_name, measure_of

if TYPE_CHECKING:
    from mlpnas.data.table import Table


class Extent(NamedTuple):
    """How much to compare.

    Attributes:
        seeds: how many splits, from the run's seed upwards.
        trials: of each search; None for as many as the run has.
        rows: of the table, at most, drawn anew for every split; None for all.
    """

    seeds: int = 3
    trials: int | None = None
    rows: int | None = None


def compare(
    run: Path, extent: Extent, jobs: int, console: Console, data: str | None = None
) -> None:
    """Print the comparison, and write compare.json into the run's folder.

    Interrupted, it goes on where it was when called again, or with `mlpnas resume`.

    Args:
        run: folder of a run, for its table and settings.
        extent: how much to compare.
        jobs: processes that train.
        console: where to print.
        data: where the run's table is now; None to look where it was, and beside the run.

    Raises:
        InputError: for what the user can mend.
    """
    if extent.seeds < 1:
        raise InputError(f"--seeds is {extent.seeds}; expected 1 or more, 3 to judge by")
    print_notes(check_jobs(jobs), console)
    with Folder.open(run) as folder, folder.guarded():
        written = read_record(run)
        settings = located(run, written, settings_of(run, written, Settings), data)
        if settings.data != written["settings"]["data"]:
            check_data(table_of(settings).task, written["data"], settings.data)
        settings = replace(settings, trials=extent.trials or settings.trials)
        seeds = range(settings.seed, settings.seed + extent.seeds)
        with steps(console, f"reading {settings.data}"):
            tables = [table_of(replace(settings, seed=s), extent.rows) for s in seeds]
        console.print(rows_told(tables[0], extent.rows), soft_wrap=True)
        asked = {"settings": asdict(settings), "extent": extent._asdict()}
        findings = Findings(run / UNFINISHED, asked)
        run_methods(tables, settings, jobs, findings, console)
        conclude(run, tables[0], settings, findings.scores, console)
        (run / UNFINISHED).unlink()


def plan(folder: Folder) -> None:
    """Note in a new run's folder that a comparison is asked for; nothing is compared yet."""
    with replacing(folder.path / UNFINISHED):
        pass


def go_on(run: Path, jobs: int, console: Console) -> None:
    """Finish the run's comparison, if one was asked for and is not finished."""
    if (run / UNFINISHED).exists():
        compare(run, _asked(run / UNFINISHED), jobs, console)


@dataclass(frozen=True)
class _Asked:
    extent: Extent


def _asked(path: Path) -> Extent:
    """What the comparison under way is to be; the default if it has not even begun."""
    lines = read_lines(path)
    try:
        return parse(_Asked, json.dumps(lines[0])).extent if lines else Extent()
    except InputError as error:
        raise InputError(
            f"{path} is damaged ({error}); expected what mlpnas compare wrote: remove it, and "
            "compare again"
        ) from None


def rows_told(table: "Table", most: int | None) -> str:
    """How many rows are compared on."""
    folds = (table.task.train, table.task.valid, table.task.test)
    count = sum(map(len, folds))
    drawn = f", drawn from the table anew for each split (--rows {most})" if most else ""
    return f"Compared on {count:,} rows{drawn}."


def run_methods(
    tables: "list[Table]", settings: Settings, jobs: int, findings: Findings, console: Console
) -> None:
    """Run what is missing in the findings."""
    with console.status("starting TensorFlow"):
        start_tensorflow()
    from mlpnas.baselines.compare import methods

    for i, table in enumerate(tables):
        asked = replace(settings, seed=settings.seed + i)
        budget = 0.0
        # One split is enough to tell what the proxy is worth.
        for name, method in methods(table, asked, jobs, with_pairs=i == 0):
            score = findings.find(name, asked.seed)
            if score is None:
                with steps(console, f"split {i + 1} of {len(tables)}: {name}"):
                    score = method(budget)
                findings.add(score)
            budget = budget or score.seconds


def conclude(
    run: Path, table: "Table", settings: Settings, scores: list[Score], console: Console
) -> None:
    """Print the tables and the sentence, and write compare.json."""
    task = table.task
    gaps = differences(scores, len(task.test) / len(task.train))
    metric = measure_name(task, settings.scoring)
    told = verdict(gaps, metric)
    console.print(_scores(scores, gaps, metric))
    own = measure_name(task, None)
    console.print(_proxies(scores, measure_of(own, settings.scoring, settings.reward)))
    if any(0 < len(score.pairs) < FEWEST for score in scores):
        console.print(f"Of fewer than {FEWEST} architectures a rank correlation is chance.")
    console.print(told, soft_wrap=True, markup=False)
    with replacing(run / "compare.json") as file:
        file.write(json.dumps(record(scores, gaps, told), indent=2).encode())


def _scores(scores: list[Score], gaps: list[Difference], metric: str) -> TextTable:
    """Mean and spread of every method, best first, and how far ours lies above it."""
    seeds = len({score.seed for score in scores})
    table = _titled(f"Tested on {seeds} splits (mean ± standard deviation)")
    table.add_column("method")
    for name in (f"test {metric}", "validation", "seconds", "ours minus it (95%)"):
        table.add_column(name, justify="right", no_wrap=True)
    methods = dict.fromkeys(score.method for score in scores)
    of = {m: np.array([s[2:5] for s in scores if s.method == m]) for m in methods}
    gap = {g.method: g for g in gaps}
    for method in sorted(methods, key=lambda m: -of[m][:, 1].mean()):
        valid, test, seconds = of[method].T
        g = gap.get(method)
        table.add_row(
            method, _spread(test), f"{valid.mean():.4f}", f"{seconds.mean():.0f}",
            f"{g.mean:+.3f} ({g.low:+.3f} {g.high:+.3f})" if g else "",
            style="bold" if method == SEARCH else None,
        )  # fmt: skip
    return table


def _spread(values: np.ndarray) -> str:
    if len(values) < 2:
        return f"{values.mean():.4f}"
    return f"{values.mean():.4f} ± {values.std(ddof=1):.4f}"


def _proxies(scores: list[Score], measure: Measure) -> TextTable:
    """How far the search score of an architecture can be believed."""
    table = _titled("Search score against the score after retraining, first seed")
    table.add_column("method")
    best = f"best {measure.score_name}"
    for name in ("retrained", best, f"its retrained {measure.name}", "Kendall tau"):
        table.add_column(name, justify="right")
    for score in scores:
        if score.pairs:
            top = max(score.pairs)
            table.add_row(
                score.method, str(len(score.pairs)), f"{top[0]:.4f}", measure.written(top[1]),
                told_tau(score.tau, len(score.pairs)) or "too few",
            )  # fmt: skip
    return table


def _titled(title: str) -> TextTable:
    return TextTable(title=title, title_style="bold", title_justify="left", box=box.SIMPLE)
